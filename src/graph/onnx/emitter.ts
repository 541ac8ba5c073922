/**
 * Writes ONNX nodes as operators ask for them. A node that was written before with the same inputs and attributes is
 * not written again (value numbering), so sub-expressions are shared however the graph came by them.
 *
 * Knows ONNX's node and tensor messages; knows nothing of what the operators mean.
 */
import { create } from '@bufbuild/protobuf'
import { type Dimension, dimensionTerms, isStatic, type Shape, sameShape } from '../dimension.ts'
import { bytesPerElement, type ElementType, typedArray } from '../elementType.ts'
import type { ConstantValue } from '../leaf.ts'
import type { TensorSpecification } from '../specification.ts'
import type { Tensor } from '../tensor.ts'
import { type Attributes, attributeProto, dataTypes, MICROSOFT } from './attributes.ts'
import { type NodeProto, NodeProtoSchema, type TensorProto, TensorProtoSchema } from './onnx_pb.ts'

export interface NodeOptions {
  readonly attributes?: Attributes
  /** `com.microsoft` for ONNX Runtime's own operators. */
  readonly domain?: '' | typeof MICROSOFT
  /** How many outputs the node has (default 1). */
  readonly outputs?: number
}

/** What the graph is written for. */
export interface Target {
  /** Whether operators may be written as ONNX Runtime's own, where standard ONNX needs several. */
  readonly fused: boolean
  /**
   * Where it will run best; it runs everywhere. ONNX Runtime has no FusedMatMul for WebGPU: it would carry both operands
   * to the CPU and back.
   */
  readonly device: 'cpu' | 'webgpu' | 'cuda'
}

interface DimensionSource {
  readonly input: string
  readonly axis: number
}

export class Emitter {
  readonly nodes: NodeProto[] = []
  readonly initializers: TensorProto[] = []
  readonly target: Target
  /** Tables made by summing rows into zeros: row positions and rows, so that a sum with one can do without the zeros. */
  readonly scattered = new Map<string, readonly [columns: string, rows: string]>()
  readonly #values = new Map<string, readonly string[]>()
  readonly #dimensions: ReadonlyMap<string, DimensionSource>
  readonly #counters = new Map<string, number>()
  readonly #used: (tensor: Tensor) => boolean
  readonly #reshaped = new Map<string, { readonly value: string; readonly shape: Shape }>()
  readonly #transposed = new Map<string, { readonly value: string; readonly order: readonly number[] }>()

  constructor(target: Target, inputs: readonly TensorSpecification[], used: (tensor: Tensor) => boolean) {
    this.target = target
    this.#dimensions = dimensionSources(inputs)
    this.#used = used
  }

  /** Whether anything reads this output: optional outputs that nobody reads need not be computed. */
  isUsed(tensor: Tensor | undefined): boolean {
    return tensor !== undefined && this.#used(tensor)
  }

  /** Writes a node, or finds the equal one written before; gives its output names. An input '' is one left out. */
  nodeAll(type: string, inputs: readonly string[], options: NodeOptions = {}): readonly string[] {
    const { attributes = {}, domain = '', outputs = 1 } = options
    const defined = Object.entries(attributes).filter(([, value]) => value !== undefined)
    const key = JSON.stringify([domain, type, outputs, inputs, defined])
    const known = this.#values.get(key)
    if (known) return known
    const names = Array.from({ length: outputs }, () => this.#name(type))
    this.nodes.push(
      create(NodeProtoSchema, {
        opType: type,
        domain,
        name: names[0] as string,
        input: [...inputs],
        output: [...names],
        attribute: defined.map(([name, value]) => attributeProto(name, value)),
      }),
    )
    this.#values.set(key, names)
    return names
  }

  node(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.nodeAll(type, inputs, { attributes })[0] as string
  }

  microsoft(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.nodeAll(type, inputs, { attributes, domain: MICROSOFT })[0] as string
  }

  /** An initializer; equal ones are written once. */
  constant({ type, shape, data }: ConstantValue): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length * bytesPerElement(type))
    const key = `constant ${type} ${shape.join(',')} ${fingerprint(bytes)}`
    const known = this.#values.get(key)
    if (known) return known[0] as string
    const name = this.#name('constant')
    this.initializers.push(
      create(TensorProtoSchema, {
        name,
        dataType: dataTypes[type],
        dims: shape.map(BigInt),
        rawData: bytes.slice(),
      }),
    )
    this.#values.set(key, [name])
    return name
  }

  int64(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.constant({ type: 'int64', shape, data: BigInt64Array.from(values, BigInt) })
  }

  scalar(value: number, type: ElementType = 'float32'): string {
    return this.constant({ type, shape: [], data: typedArray([value], type) })
  }

  /** A dimension as an int64 scalar, computed at run time from the inputs that carry its names. */
  dimension(size: Dimension): string {
    return typeof size === 'number' ? this.int64([size], []) : this.node('Squeeze', [this.#dimensionVector(size)])
  }

  /** A shape as an int64 vector. */
  shape(shape: Shape): string {
    if (isStatic(shape)) return this.int64(shape)
    return this.node(
      'Concat',
      groupRuns(shape).map(run => (isStatic(run) ? this.int64(run) : this.#dimensionVector(run[0] as Dimension))),
      { axis: 0 },
    )
  }

  /**
   * A value under another shape of as many elements. `from` is its present shape; names that stay put cost nothing.
   * What was reshaped before is read where it came from.
   */
  reshape(value: string, from: Shape, to: Shape): string {
    if (sameShape(from, to)) return value
    const origin = this.#reshaped.get(value)
    if (origin) return this.reshape(origin.value, origin.shape, to)
    const name = this.#reshapeNode(value, from, to)
    this.#reshaped.set(name, { value, shape: from })
    return name
  }

  /** A value with its axes in another order; what was transposed before is read where it came from. */
  transpose(value: string, order: readonly number[]): string {
    if (order.every((axis, i) => axis === i)) return value
    const origin = this.#transposed.get(value)
    if (origin)
      return this.transpose(
        origin.value,
        order.map(axis => origin.order[axis] as number),
      )
    const name = this.node('Transpose', [value], { perm: order })
    this.#transposed.set(name, { value, order })
    return name
  }

  #reshapeNode(value: string, from: Shape, to: Shape): string {
    const unknown = to.filter((size, axis) => typeof size === 'string' && from[axis] !== size)
    if (unknown.length > 1 || to.includes(0)) return this.node('Reshape', [value, this.shape(to)], { allowzero: 1 })
    const sizes = to.map((size, axis) => (typeof size === 'number' ? size : from[axis] === size ? 0 : -1))
    return this.node('Reshape', [value, this.int64(sizes)])
  }

  #dimensionVector(size: Dimension): string {
    const terms = dimensionTerms(size).map(({ coefficient, names }) => {
      const factors = names.map(name => this.#namedDimension(name))
      if (coefficient !== 1 || factors.length === 0) factors.push(this.int64([coefficient]))
      return factors.reduce((product, factor) => this.node('Mul', [product, factor]))
    })
    return terms.reduce((sum, term) => this.node('Add', [sum, term]))
  }

  #namedDimension(name: string): string {
    const source = this.#dimensions.get(name)
    if (!source)
      throw new RangeError(`no input has the dimension "${name}", so its size is not known when the graph runs`)
    return this.node('Shape', [source.input], { start: source.axis, end: source.axis + 1 })
  }

  #name(type: string): string {
    const count = this.#counters.get(type) ?? 0
    this.#counters.set(type, count + 1)
    // No user can choose such a name: `compile` refuses the colon.
    return `${type}:${count}`
  }
}

/** For each dimension name, an input and the axis of it that carries exactly that name. */
function dimensionSources(inputs: readonly TensorSpecification[]): Map<string, DimensionSource> {
  const sources = new Map<string, DimensionSource>()
  for (const { name, shape } of inputs) {
    shape.forEach((size, axis) => {
      if (typeof size === 'string' && !sources.has(size)) sources.set(size, { input: name, axis })
    })
  }
  return sources
}

/** `['batch', 4, 256]` → `[['batch'], [4, 256]]`: numbers together, every symbolic dimension by itself. */
function groupRuns(shape: Shape): Shape[] {
  const runs: Dimension[][] = []
  for (const size of shape) {
    const last = runs.at(-1)
    if (typeof size === 'number' && last && typeof last[0] === 'number') last.push(size)
    else runs.push([size])
  }
  return runs
}

/** Equal bytes, equal fingerprint: the bytes themselves when short, else two independent 32-bit hashes and the length. */
function fingerprint(bytes: Uint8Array): string {
  if (bytes.length <= 64) return bytes.join(',')
  let a = 0x811c9dc5
  let b = 0x9747b28c
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(b + byte, 0x85ebca6b) ^ (b >>> 13)
  }
  return `${bytes.length}:${a >>> 0}:${b >>> 0}`
}
