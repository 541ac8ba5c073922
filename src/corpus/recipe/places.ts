/**
 * Where the parts of a recipe come from: a line of a file, or an option of the command line. Knows YAML's documents, and
 * not what a recipe says.
 */
import { isAlias, isCollection, isMap, isScalar, type LineCounter, type ParsedNode, type YAMLMap } from 'yaml'
import { type Fault, type KeyPath, keyText } from './faults.ts'

/** The part of yaml's documents that is used here. */
interface ReadDocument {
  readonly contents: unknown
  get(key: unknown, keepScalar: true): unknown
}

export class Places {
  /** As messages name it. */
  readonly file: string
  readonly #document: ReadDocument | undefined
  readonly #lines: LineCounter | undefined
  /** Key → the option that gave it. */
  readonly #options = new Map<string, string>()

  constructor(file: string, document?: ReadDocument, lines?: LineCounter) {
    this.file = file
    this.#document = document
    this.#lines = lines
  }

  /** Remembers that a value was given by an option. */
  setOption(path: KeyPath, option: string): void {
    this.#options.set(keyText(path), option)
  }

  /** The option that gave a value, or something that holds it. */
  optionOf(path: KeyPath): string | undefined {
    for (let length = path.length; length > 0; length--) {
      const option = this.#options.get(keyText(path.slice(0, length)))
      if (option !== undefined) return option
    }
    return undefined
  }

  /** The place of a value; of what should hold it, where it is missing. */
  of(path: KeyPath): string {
    return this.optionOf(path) ?? this.#at(this.#nodes(path).at(-1))
  }

  /** The place of a key of the map at `path`, of any value. */
  ofKey(path: KeyPath, key: string): string {
    const option = this.optionOf([...path, key])
    if (option !== undefined) return option
    const nodes = this.#nodes(path)
    const map = nodes.length === path.length + 1 ? nodes.at(-1) : undefined
    const pair = isMap(map) ? pairOf(map, key) : undefined
    return this.#at(pair?.key ?? nodes.at(-1))
  }

  /** The place of an offset in the file's text. */
  atOffset(offset: number): string {
    const { line, col } = this.#lines?.linePos(offset) ?? { line: 1, col: 1 }
    return `${this.file}:${line || 1}:${col || 1}`
  }

  fault(path: KeyPath, problem: string): Fault {
    return { place: this.of(path), key: keyText(path), problem }
  }

  /** The nodes on the way to a value, from the whole on, as far as they are there. */
  #nodes(path: KeyPath): unknown[] {
    const nodes: unknown[] = [this.#document?.contents]
    for (const part of path) {
      const node = nodes.at(-1)
      // What stands behind an alias is told at the alias.
      const next = isMap(node) ? (pairOf(node, String(part))?.value ?? undefined) : childOf(node, part)
      if (next === undefined || next === null) break
      nodes.push(next)
      if (isAlias(next)) break
    }
    return nodes
  }

  #at(node: unknown): string {
    return this.atOffset((node as ParsedNode | undefined)?.range?.[0] ?? 0)
  }
}

const childOf = (node: unknown, part: string | number) => (isCollection(node) ? node.get(part, true) : undefined)

function pairOf(map: YAMLMap, key: string) {
  return map.items.find(({ key: found }) => String(isScalar(found) ? found.value : found) === key)
}
