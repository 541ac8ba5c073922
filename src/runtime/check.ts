/**
 * Holds what a caller gives against what a graph asks for, before anything runs: names, element types, shapes, and named
 * dimensions that must be the same size in every input. All mismatches are found and told in one MismatchError.
 * Knows no engine and reads no values.
 */
import { type Dimension, evaluateDimension, formatShape, type Shape } from '../graph/dimension.ts'
import { arrayConstructors, bytesPerElement } from '../graph/elementType.ts'
import type { CompiledGraph, TensorSpecification } from '../graph/specification.ts'
import { MismatchError } from './errors.ts'
import type { RunOptions, WeightSource } from './runtime.ts'
import { countElements, type TensorValue } from './tensor.ts'

/** The sizes of named dimensions. */
export type Sizes = ReadonlyMap<string, number>

const NAME = /^[A-Za-z_]\w*$/

const describe = ({ type, shape }: TensorSpecification): string => `${type} ${formatShape(shape)}`

const list = (specifications: readonly TensorSpecification[]): string =>
  specifications.map(({ name }) => `"${name}"`).join(', ') || 'none'

/** `kind` is the word for the tensor: input, weight, output. */
function compareNames(
  kind: string,
  wanted: readonly TensorSpecification[],
  given: Readonly<Record<string, unknown>>,
): string[] {
  const known = new Set(wanted.map(({ name }) => name))
  return [
    ...wanted
      .filter(({ name }) => given[name] === undefined)
      .map(specification => `${kind} "${specification.name}" is missing: ${describe(specification)}`),
    ...Object.keys(given)
      .filter(name => !known.has(name))
      .map(name => `there is no ${kind} "${name}": the graph's are ${list(wanted)}`),
  ]
}

/** What is wrong with a value by itself: its type, its rank, and whether its data fill its shape. */
function compareValue(kind: string, wanted: TensorSpecification, given: TensorValue): string[] {
  const name = `${kind} "${wanted.name}"`
  if (given.type !== wanted.type) return [`${name} is ${given.type}, but the graph takes ${describe(wanted)}`]
  if (given.shape.length !== wanted.shape.length) {
    return [`${name} has shape ${formatShape(given.shape)}, but the graph takes ${formatShape(wanted.shape)}`]
  }
  const Constructor = arrayConstructors[given.type]
  if (!(given.data instanceof Constructor)) {
    return [`${name} lies in a ${Object(given.data).constructor.name}, but ${given.type} lies in a ${Constructor.name}`]
  }
  if (given.data.length !== countElements(given.shape)) {
    return [
      `${name} has ${given.data.length} values, but its shape ${formatShape(given.shape)} has ${countElements(given.shape)}`,
    ]
  }
  return []
}

/** Names that stand alone as a dimension get the size found there, the first time. */
function bindNames(specifications: readonly TensorSpecification[], values: Readonly<Record<string, TensorValue>>) {
  const sizes = new Map<string, number>()
  const origins = new Map<string, string>()
  for (const { name, shape } of specifications) {
    const given = values[name]
    if (given?.shape.length !== shape.length) continue
    shape.forEach((dimension, axis) => {
      if (typeof dimension === 'number' || sizes.has(dimension) || !NAME.test(dimension)) return
      sizes.set(dimension, given.shape[axis]!)
      origins.set(dimension, name)
    })
  }
  return { sizes, origins }
}

/** The size of a dimension, or undefined while one of its names has none. */
function sizeOf(dimension: Dimension, sizes: Sizes): number | undefined {
  if (typeof dimension === 'number') return dimension
  const size = sizes.get(dimension)
  if (size !== undefined) return size
  try {
    return evaluateDimension(dimension, sizes)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** A shape in numbers, or undefined where the inputs do not settle it. */
export function evaluateShape(shape: Shape, sizes: Sizes): readonly number[] | undefined {
  const numbers = shape.map(dimension => sizeOf(dimension, sizes))
  return numbers.every(size => size !== undefined) ? numbers : undefined
}

function compareSizes(
  kind: string,
  wanted: TensorSpecification,
  given: TensorValue,
  sizes: Sizes,
  origins: ReadonlyMap<string, string>,
): string[] {
  if (given.shape.length !== wanted.shape.length) return []
  const wrong = wanted.shape.flatMap((dimension, axis) => {
    const size = sizeOf(dimension, sizes)
    if (size === undefined || size === given.shape[axis]) return []
    if (typeof dimension === 'number') return ['']
    const origin = origins.get(dimension)
    return [origin === undefined ? ` (${dimension} is ${size})` : ` (${dimension} is ${size} in "${origin}")`]
  })
  if (wrong.length === 0) return []
  const shapes = `has shape ${formatShape(given.shape)}, but the graph takes ${formatShape(wanted.shape)}`
  return [`${kind} "${wanted.name}" ${shapes}${wrong.join('')}`]
}

/**
 * Checks feeds, and what is asked for, against a graph. Gives the sizes of the named dimensions.
 * Throws a MismatchError.
 */
export function checkRun(
  graph: Pick<CompiledGraph, 'inputs' | 'outputs'>,
  feeds: Readonly<Record<string, TensorValue>>,
  { outputs: wanted = [], into = {} }: RunOptions,
): Sizes {
  const mismatches = compareNames('input', graph.inputs, feeds)
  const present = graph.inputs.filter(({ name }) => feeds[name] !== undefined)
  for (const specification of present)
    mismatches.push(...compareValue('input', specification, feeds[specification.name]!))
  const { sizes, origins } = bindNames(graph.inputs, feeds)
  for (const specification of present) {
    mismatches.push(...compareSizes('input', specification, feeds[specification.name]!, sizes, origins))
  }
  // Counted once: a training step fills hundreds of tensors.
  const uses = new Map<TensorValue, number>()
  for (const value of [...Object.values(feeds), ...Object.values(into)]) uses.set(value, (uses.get(value) ?? 0) + 1)
  const outputs = new Map(graph.outputs.map(specification => [specification.name, specification]))
  for (const name of [...wanted, ...Object.keys(into)]) {
    const specification = outputs.get(name)
    const target = into[name]
    if (specification === undefined) {
      mismatches.push(`there is no output "${name}": the graph's are ${list(graph.outputs)}`)
    } else if (target !== undefined) {
      if ((uses.get(target) ?? 0) > 1)
        mismatches.push(`output "${name}" cannot be filled: its tensor is used twice in this run`)
      mismatches.push(...compareValue('output', specification, target))
      mismatches.push(...compareSizes('output', specification, target, sizes, origins))
    }
  }
  if (mismatches.length > 0) throw new MismatchError('the tensors of this run do not fit the graph', mismatches)
  return sizes
}

/** Checks the sources of weights against a graph, as far as can be told without opening files. Throws a MismatchError. */
export function checkWeights(
  specifications: readonly TensorSpecification[],
  sources: Readonly<Record<string, WeightSource>>,
): void {
  const mismatches = compareNames('weight', specifications, sources)
  for (const specification of specifications) {
    const source = sources[specification.name]
    if (source === undefined) continue
    if ('path' in source) {
      const bytes = countElements(specification.shape.map(Number)) * bytesPerElement(specification.type)
      if (source.length !== bytes) {
        mismatches.push(
          `weight "${specification.name}" has ${source.length} bytes in ${source.path}, but ${describe(specification)} has ${bytes}`,
        )
      }
    } else {
      mismatches.push(...compareValue('weight', specification, source))
      mismatches.push(...compareSizes('weight', specification, source, new Map(), new Map()))
    }
  }
  if (mismatches.length > 0) throw new MismatchError('the weights do not fit the graph', mismatches)
}
