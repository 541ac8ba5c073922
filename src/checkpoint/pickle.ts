/**
 * Reads the pickles that `torch.save` writes for tensors by name, and nothing else. A pickle is a program: this reader
 * knows the instructions that build texts, numbers, lists and tables, calls only what its caller allows by name, and
 * refuses everything else by its name before anything happens. It runs in constant stack space.
 */
import { FormatError, UnsafePickleError } from './errors.ts'

/** A function or class that the pickle names, such as `collections.OrderedDict`. */
export class Global {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Python's list and tuple. */
export class Sequence {
  readonly items: unknown[]

  constructor(items: unknown[]) {
    this.items = items
  }
}

/** What a pickle may call. */
export interface PickleHost {
  /** As errors name it. */
  readonly file: string
  /** The names that may be loaded. */
  readonly allows: (name: string) => boolean
  readonly call: (name: string, given: readonly unknown[]) => unknown
  /** What a persistent id stands for: PyTorch's storages. */
  readonly persistent: (id: unknown) => unknown
}

/** More remembered values than any list of tensors has. */
const MOST_REMEMBERED = 4_000_000

/** Lists in lists: a table of tensors has three levels. */
const DEEPEST = 100

const MARK = Symbol('mark')

/** The names of instructions that are refused, for the message. */
const refusedInstructions: Record<number, string> = {
  105: 'INST', // i
  111: 'OBJ', // o
  129: 'NEWOBJ',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  146: 'NEWOBJ_EX',
  147: 'STACK_GLOBAL',
}

/** Runs the pickle and gives its value: texts, numbers, booleans, null, Sequence, Map, and what the host made. */
export function unpickle(bytes: Uint8Array, host: PickleHost): unknown {
  return new Unpickler(bytes, host).run()
}

class Unpickler {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #host: PickleHost
  readonly #stack: unknown[] = []
  readonly #memo = new Map<number, unknown>()
  readonly #depths = new WeakMap<object, number>()
  #marks = 0
  #at = 0

  constructor(bytes: Uint8Array, host: PickleHost) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#host = host
  }

  run(): unknown {
    for (;;) {
      const opcode = this.#take(1)[0]!
      if (opcode === 0x2e) return this.#pop() // STOP
      this.#execute(opcode)
    }
  }

  #execute(opcode: number): void {
    const { getInt32, getUint16, getUint32 } = DataView.prototype
    switch (opcode) {
      case 0x80: // PROTO
        this.#checkProtocol(this.#take(1)[0]!)
        break
      case 0x28: // MARK
        if (++this.#marks > DEEPEST)
          this.#fail(`more than ${DEEPEST} lists lie in one another: this is no list of tensors`)
        this.#push(MARK)
        break
      case 0x4e: // NONE
        this.#push(null)
        break
      case 0x88: // NEWTRUE
        this.#push(true)
        break
      case 0x89: // NEWFALSE
        this.#push(false)
        break
      case 0x4b: // BININT1
        this.#push(this.#take(1)[0])
        break
      case 0x4d: // BININT2
        this.#push(this.#number(getUint16, 2))
        break
      case 0x4a: // BININT
        this.#push(this.#number(getInt32, 4))
        break
      case 0x8a: // LONG1
        this.#push(this.#long(this.#take(this.#take(1)[0]!)))
        break
      case 0x58: // BINUNICODE
        this.#push(new TextDecoder().decode(this.#take(this.#number(getUint32, 4))))
        break
      case 0x7d: // EMPTY_DICT
        this.#push(new Map())
        break
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        this.#push(new Sequence([]))
        break
      case 0x74: // TUPLE
        this.#push(this.#contain(new Sequence([]), this.#popToMark()))
        break
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87:
        this.#push(this.#contain(new Sequence([]), this.#popMany(opcode - 0x84)))
        break
      case 0x61: // APPEND
        this.#extend([this.#pop()])
        break
      case 0x65: // APPENDS
        this.#extend(this.#popToMark())
        break
      case 0x73: // SETITEM
        this.#set(this.#popMany(2))
        break
      case 0x75: // SETITEMS
        this.#set(this.#popToMark())
        break
      case 0x71: // BINPUT
        this.#remember(this.#take(1)[0]!)
        break
      case 0x72: // LONG_BINPUT
        this.#remember(this.#number(getUint32, 4))
        break
      case 0x68: // BINGET
        this.#recall(this.#take(1)[0]!)
        break
      case 0x6a: // LONG_BINGET
        this.#recall(this.#number(getUint32, 4))
        break
      case 0x63: // GLOBAL
        this.#global(this.#line(), this.#line())
        break
      case 0x51: // BINPERSID
        this.#push(this.#host.persistent(this.#pop()))
        break
      case 0x52: // REDUCE
        this.#reduce()
        break
      case 0x62: // BUILD
        this.#build()
        break
      default:
        this.#refuseInstruction(opcode)
    }
  }

  #checkProtocol(protocol: number): void {
    if (protocol === 2) return
    this.#fail(`pickle protocol ${protocol} is not read: save it again with torch.save's own default, protocol 2`)
  }

  #refuseInstruction(opcode: number): never {
    const code = `0x${opcode.toString(16).padStart(2, '0')}`
    const name = refusedInstructions[opcode]
    if (name === undefined)
      return this.#fail(`the instruction ${code} at byte ${this.#at - 1} is not one of torch.save's`)
    throw new UnsafePickleError(this.#host.file, name, `It wants to make objects with the pickle instruction ${name}.`)
  }

  #global(module: string, qualified: string): void {
    const name = `${module}.${qualified}`
    if (!this.#host.allows(name)) {
      throw new UnsafePickleError(
        this.#host.file,
        name,
        `It wants to load ${JSON.stringify(name)}, which no list of tensors needs.`,
      )
    }
    this.#push(new Global(name))
  }

  #reduce(): void {
    const [callee, given] = this.#popMany(2)
    if (!(callee instanceof Global) || !(given instanceof Sequence)) this.#fail('it calls what is no function')
    this.#push(this.#host.call(callee.name, given.items))
  }

  /** PyTorch hangs a table of version numbers on its OrderedDict. Nothing else has a state here. */
  #build(): void {
    const [object, state] = this.#popMany(2)
    if (!(object instanceof Map && state instanceof Map)) this.#fail('it sets the state of an object that has none')
    this.#push(object)
  }

  #extend(items: unknown[]): void {
    const list = this.#stack.at(-1)
    if (!(list instanceof Sequence)) this.#fail('it appends to what is no list')
    this.#contain(list, items)
  }

  #set(items: unknown[]): void {
    const table = this.#stack.at(-1)
    if (!(table instanceof Map) || items.length % 2 !== 0) this.#fail('it fills what is no table')
    for (let i = 0; i < items.length; i += 2) table.set(items[i], items[i + 1])
    this.#deepen(table, items)
  }

  #contain(list: Sequence, items: readonly unknown[]): Sequence {
    for (const item of items) list.items.push(item)
    this.#deepen(list, items)
    return list
  }

  #deepen(container: object, items: readonly unknown[]): void {
    let depth = this.#depths.get(container) ?? 1
    for (const item of items) {
      if (typeof item === 'object' && item !== null) depth = Math.max(depth, 1 + (this.#depths.get(item) ?? 0))
    }
    if (depth > DEEPEST) this.#fail(`more than ${DEEPEST} lists lie in one another: this is no list of tensors`)
    this.#depths.set(container, depth)
  }

  #remember(index: number): void {
    if (index >= MOST_REMEMBERED) this.#fail(`it remembers value number ${index}, more than any list of tensors has`)
    const value = this.#stack.at(-1)
    if (value === undefined || value === MARK) this.#fail('it remembers a value that is not there')
    this.#memo.set(index, value)
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) this.#fail(`it recalls value number ${index}, which it never remembered`)
    this.#push(this.#memo.get(index))
  }

  #push(value: unknown): void {
    this.#stack.push(value)
  }

  #pop(): unknown {
    const value = this.#stack.pop()
    if (value === undefined || value === MARK) this.#fail('it takes a value that is not there')
    return value
  }

  #popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.#pop()).reverse()
  }

  #popToMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK)
    if (mark < 0) this.#fail('it ends a list that never began')
    this.#marks--
    return this.#stack.splice(mark).slice(1)
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.byteLength) this.#fail('its list of tensors ends too early')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #number(read: (this: DataView, offset: number, little: boolean) => number, length: number): number {
    this.#take(length)
    return read.call(this.#view, this.#at - length, true)
  }

  #long(bytes: Uint8Array): number {
    let value = 0n
    for (let i = bytes.byteLength - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
    const number = Number(BigInt.asIntN(8 * bytes.byteLength, value))
    return Number.isSafeInteger(number) ? number : this.#fail(`it holds the number ${number}, too large for a tensor`)
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at)
    if (end < 0 || end - this.#at > 256) this.#fail('its list of tensors is damaged')
    const text = new TextDecoder().decode(this.#take(end - this.#at))
    this.#take(1)
    return text
  }

  #fail(problem: string): never {
    throw new FormatError(this.#host.file, problem)
  }
}
