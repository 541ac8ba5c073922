/**
 * What a case of the operator suite is, and the data that cases are fed: pseudo-random, from a seed, the same in Node and
 * in a browser page. Imports nothing but the graph.
 */
import type { ElementType, Tensor } from '../../../src/graph/index.ts'

/** Uniform numbers in [0, 1), from a seed (mulberry32). */
export type Random = () => number

export function randomFrom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One input of a case: what it looks like and what it is filled with. */
export interface CaseInput {
  readonly type: ElementType
  readonly shape: readonly number[]
  /** Values in row-major order. */
  readonly values: (random: Random) => readonly number[]
  /** Whether gradients with respect to it are checked. */
  readonly differentiable: boolean
  /** Given when the session is opened, as the weights of a model are, and not at every run. */
  readonly isWeight: boolean
}

export interface CaseOptions {
  /** How far the fused form may be from the decomposition, relative to the largest value (default: `fused.test.ts`). */
  readonly fusedTolerance?: number
  /** Why gradients of this case cannot be held against differences. */
  readonly withoutGradient?: string
}

export interface OperatorCase extends CaseOptions {
  readonly name: string
  /** How many sizes are free. */
  readonly sizes: number
  make(sizes: readonly number[]): {
    readonly inputs: Readonly<Record<string, CaseInput>>
    build(tensors: Readonly<Record<string, Tensor>>): Tensor | readonly Tensor[]
  }
}

/** A case whose inputs follow from as many free sizes as `inputs` has parameters. Every size is at least 1. */
export function operatorCase<Name extends string>(
  name: string,
  inputs: (...sizes: number[]) => Readonly<Record<Name, CaseInput>>,
  build: (tensors: Readonly<Record<Name, Tensor>>, ...sizes: number[]) => Tensor | readonly Tensor[],
  options: CaseOptions = {},
): OperatorCase {
  return {
    name,
    ...options,
    sizes: inputs.length,
    make: sizes => ({
      inputs: inputs(...sizes),
      build: tensors => build(tensors as Readonly<Record<Name, Tensor>>, ...sizes),
    }),
  }
}

const elements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)

/** Rounded to a multiple of 2^-12, so that adding or taking away a step of the differences is exact in float32. */
const onGrid = (value: number) => Math.round(value * 4096) / 4096

const floats = (shape: readonly number[], values: CaseInput['values']): CaseInput => ({
  type: 'float32',
  shape,
  values: random => values(random).map(onGrid),
  differentiable: true,
  isWeight: false,
})

const each = (shape: readonly number[], value: (random: Random) => number) => (random: Random) =>
  Array.from({ length: elements(shape) }, () => value(random))

/** Standard normal, cut off at ±2. */
export const normal = (shape: readonly number[]): CaseInput =>
  floats(
    shape,
    each(shape, random => {
      const value = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
      return Math.max(-2, Math.min(2, value))
    }),
  )

/** Between 0.5 and 2. */
export const positive = (shape: readonly number[]): CaseInput =>
  floats(
    shape,
    each(shape, random => 0.5 + 1.5 * random()),
  )

/** 0.5 to 2 on either side of 0. */
export const nonzero = (shape: readonly number[]): CaseInput =>
  floats(
    shape,
    each(shape, random => (0.5 + 1.5 * random()) * (random() < 0.5 ? -1 : 1)),
  )

/**
 * Values at least 0.4 from each other and from every multiple of ½ + `shift` by at least 0.2, in random order: no two of
 * them tie, and none lies at a kink, however the differences move them. A shift of ¼ keeps two such tensors apart.
 */
export const apart = (shape: readonly number[], shift = 0): CaseInput =>
  floats(shape, random => {
    const count = elements(shape)
    return shuffled(count, random).map(k => (k - Math.floor(count / 2)) * 0.5 + 0.25 + shift + (random() - 0.5) * 0.1)
  })

function shuffled(count: number, random: Random): number[] {
  const order = [...Array(count).keys()]
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const kept = order[i]!
    order[i] = order[j]!
    order[j] = kept
  }
  return order
}

const integers = (type: ElementType, shape: readonly number[], values: CaseInput['values']): CaseInput => ({
  type,
  shape,
  values,
  differentiable: false,
  isWeight: false,
})

/** Whole numbers in [from, to). */
export const whole = (
  shape: readonly number[],
  from: number,
  to: number,
  type: 'int64' | 'int32' | 'uint8' = 'int64',
): CaseInput =>
  integers(
    type,
    shape,
    each(shape, random => from + Math.floor(random() * (to - from))),
  )

/** Positions in a table of `rows`, with repetitions as soon as there are more of them than one. */
export const positions = (shape: readonly number[], rows: number, type: 'int64' | 'int32' = 'int64'): CaseInput =>
  integers(type, shape, random => {
    const all = each(shape, r => Math.floor(r() * rows))(random)
    return all.map((value, i) => (i === all.length - 1 ? all[0]! : value))
  })

/** `count` positions in a table of `rows`, all different. */
export const distinctPositions = (count: number, rows: number): CaseInput =>
  integers('int64', [count], random => shuffled(rows, random).slice(0, count))

/** Labels below `vocabulary`, about a third of them the ignored one; the first is not. */
export const labels = (shape: readonly number[], vocabulary: number, ignored = -100): CaseInput =>
  integers('int64', shape, random =>
    each(shape, r => Math.floor(r() * vocabulary))(random).map((label, i) =>
      i > 0 && random() < 0.35 ? ignored : label,
    ),
  )

export const bytes = (shape: readonly number[]): CaseInput => whole(shape, 0, 256, 'uint8')

export const booleans = (shape: readonly number[]): CaseInput =>
  integers(
    'bool',
    shape,
    each(shape, random => (random() < 0.5 ? 1 : 0)),
  )

/** Exactly these values. */
export const given = (type: ElementType, shape: readonly number[], values: readonly number[]): CaseInput =>
  integers(type, shape, () => values)

/** Zeros, and a number that hides a key where a causal order would hide it: [queries, keys], the last rows of a square. */
export const causal = (queries: number, keys: number): CaseInput =>
  given(
    'float32',
    [queries, keys],
    Array.from({ length: queries * keys }, (_, i) => ((i % keys) - Math.floor(i / keys) > keys - queries ? -1e9 : 0)),
  )

/** The same input, of which no gradient is asked. */
export const frozen = (input: CaseInput): CaseInput => ({ ...input, differentiable: false })

/** The same input, smaller or larger by a power of two. */
export const scaled = (input: CaseInput, factor: number): CaseInput => ({
  ...input,
  values: random => input.values(random).map(value => value * factor),
})

/** A frozen weight: given once, and known to the engine when it opens the graph. */
export const weight = (input: CaseInput): CaseInput => ({ ...input, differentiable: false, isWeight: true })
