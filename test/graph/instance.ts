/**
 * A case of the operator suite made concrete: the graph of its sizes, compiled with or without gradients, and the values
 * to feed it. Runs in Node and in browser pages.
 *
 * For gradients the outputs are projected on fixed random tensors to a scalar, Σ p·y. The graph takes that sum in float32
 * and differentiates it; `projected` takes it in double precision from the outputs, for differences of such sums.
 */
import { typedArray } from '../../src/graph/elementType.ts'
import {
  add,
  type CompiledGraph,
  type CompileOptions,
  compile,
  type ElementType,
  float16Value,
  gradient,
  input,
  mul,
  scope,
  sum,
  type Tensor,
  type TypedArray,
} from '../../src/graph/index.ts'
import { type CaseInput, type OperatorCase, randomFrom } from './cases/define.ts'

/** A tensor with values, as sessions take and give them. */
export interface Value {
  readonly type: ElementType
  readonly shape: readonly number[]
  readonly data: TypedArray
}

export type Values = Readonly<Record<string, Value>>

export interface Instance {
  /** What every run is fed: inputs and the projections. */
  readonly feeds: Values
  readonly weights: Values
  readonly tensors: Readonly<Record<string, Tensor>>
  readonly outputs: readonly Tensor[]
  /** Names of the inputs whose gradients can be checked; none if no output is a float32. */
  readonly differentiable: readonly string[]
  /** Outputs only. */
  forward(options?: CompileOptions): CompiledGraph
  /** Outputs and, for each differentiable input, `gradient.NAME`. */
  withGradients(options?: CompileOptions): CompiledGraph
}

export const outputName = (index: number): string => `output.${index}`
export const gradientName = (inputName: string): string => `gradient.${inputName}`
const projectionName = (index: number): string => `projection.${index}`

export function instantiate({ make }: OperatorCase, sizes: readonly number[], seed: number): Instance {
  const random = randomFrom(seed)
  const { inputs, build } = make(sizes)
  return assemble(inputs, build, random)
}

/** As `instantiate`, for inputs and a build function that belong to no case. */
export function assemble(
  inputs: Readonly<Record<string, CaseInput>>,
  build: (tensors: Readonly<Record<string, Tensor>>) => Tensor | readonly Tensor[],
  random: () => number,
): Instance {
  const parameters = scope()
  const tensors: Record<string, Tensor> = {}
  const feeds: Record<string, Value> = {}
  const weights: Record<string, Value> = {}
  for (const [name, given] of Object.entries(inputs)) {
    const { type, shape, isWeight } = given
    tensors[name] = isWeight ? parameters.parameter(name, shape, type) : input(name, type, shape)
    ;(isWeight ? weights : feeds)[name] = { type, shape, data: typedArray(given.values(random), type) }
  }
  const built = build(tensors)
  const outputs = Array.isArray(built) ? (built as readonly Tensor[]) : [built as Tensor]
  const floats = outputs.flatMap((output, i) => (output.type === 'float32' ? [{ output, i }] : []))
  const differentiable = floats.length === 0 ? [] : Object.keys(inputs).filter(name => inputs[name]!.differentiable)
  const projections = differentiable.length === 0 ? [] : floats
  for (const { output, i } of projections) {
    const shape = output.shape as readonly number[]
    const count = shape.reduce((product, size) => product * size, 1)
    const values = Array.from({ length: count }, () => 2 * random() - 1)
    feeds[projectionName(i)] = { type: 'float32', shape, data: Float32Array.from(values) }
  }
  const named = Object.fromEntries(outputs.map((output, i) => [outputName(i), output]))
  return {
    feeds,
    weights,
    tensors,
    outputs,
    differentiable,
    forward: options => compile(named, options),
    withGradients(options) {
      const parts = projections.map(({ output, i }) =>
        sum(mul(output, input(projectionName(i), 'float32', output.shape))),
      )
      const found =
        parts.length === 0
          ? []
          : gradient(
              parts.reduce((total, part) => add(total, part)),
              differentiable.map(name => tensors[name]!),
            )
      const gradients = differentiable.map((name, i) => [gradientName(name), found[i]!])
      return compile({ ...named, ...Object.fromEntries(gradients) }, options)
    },
  }
}

/** The feeds that a graph takes: gradients read the projections, outputs alone do not. */
export const feedsOf = (graph: CompiledGraph, feeds: Values): Record<string, Value> =>
  Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name]!]))

export const weightsOf = (graph: CompiledGraph, weights: Values): Record<string, Value> =>
  Object.fromEntries(graph.weights.map(({ name }) => [name, weights[name]!]))

/** Elements as JavaScript numbers; of int64 too, and of float16. */
export function numbers({ type, data }: Value): number[] {
  return type === 'float16' ? Array.from(data as Uint16Array, float16Value) : Array.from(data as Float32Array, Number)
}

/**
 * Σ p·y over all float outputs in double precision, and √Σ (p·max(1, |y|))², which tells how large its rounding may be:
 * small outputs are differences of larger numbers inside.
 */
export function projected(feeds: Values, outputs: Values): { total: number; size: number } {
  let total = 0
  let squares = 0
  for (let i = 0; outputs[outputName(i)]; i++) {
    const projection = feeds[projectionName(i)]
    if (!projection) continue
    const p = projection.data as Float32Array
    const y = outputs[outputName(i)]!.data as Float32Array
    for (let j = 0; j < p.length; j++) {
      total += p[j]! * y[j]!
      squares += (p[j]! * Math.max(1, Math.abs(y[j]!))) ** 2
    }
  }
  return { total, size: Math.sqrt(squares) }
}

/** The largest distance between two tensors, as a share of the largest number in them (of 1, where all are below). */
export function distance(a: Value, b: Value): number {
  const [left, right] = [numbers(a), numbers(b)]
  if (a.type !== b.type || left.length !== right.length) return Number.POSITIVE_INFINITY
  let worst = 0
  let scale = 1
  left.forEach((x, i) => {
    const y = right[i]!
    if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x))
    // Infinities of one sign are equal; NaN is equal to nothing.
    const apart = x === y ? 0 : Math.abs(x - y)
    worst = Math.max(worst, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart)
  })
  return worst / scale
}
