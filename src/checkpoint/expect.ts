/**
 * Holds a checkpoint against the tensors that a model wants, and tells all differences at once, in few lines: tensors
 * whose names differ by a number only (layers) share a line. Knows no model.
 */
import { type NamedShape, TensorMismatchError } from './errors.ts'
import { describeTensor } from './storedType.ts'

/** A tensor that a model wants. Without `dtype`, or with several, any or any of those will do. */
export interface ExpectedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype?: string | readonly string[]
}

/** All differences between what is wanted and what is there. */
export type Differences = Pick<TensorMismatchError, 'missing' | 'extra' | 'wrong'>

/** Lines for one kind of difference, at most. */
const LINES = 12

const accepts = (wanted: ExpectedTensor['dtype'], dtype: string | undefined) =>
  wanted === undefined || dtype === undefined || [wanted].flat().includes(dtype)

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, i) => size === b[i])

/** Finds the differences; empty lists if there are none. */
export function compareTensors(found: Iterable<NamedShape>, expected: Iterable<ExpectedTensor>): Differences {
  const left = new Map([...found].map(tensor => [tensor.name, tensor]))
  const missing: NamedShape[] = []
  const wrong: { expected: NamedShape; found: NamedShape }[] = []
  for (const wanted of expected) {
    const tensor = left.get(wanted.name)
    left.delete(wanted.name)
    const plain = { name: wanted.name, shape: wanted.shape, ...withType(wanted.dtype) }
    if (tensor === undefined) missing.push(plain)
    else if (!sameShape(tensor.shape, wanted.shape) || !accepts(wanted.dtype, tensor.dtype))
      wrong.push({ expected: plain, found: tensor })
  }
  return { missing, extra: [...left.values()], wrong }
}

const withType = (dtype: ExpectedTensor['dtype']) => (dtype === undefined ? {} : { dtype: [dtype].flat().join('/') })

/** What is checked, and how strictly. */
export interface ExpectOptions {
  /** Names that may be there without being wanted. */
  readonly allowExtra?: (name: string) => boolean
}

/**
 * Throws a TensorMismatchError that lists every missing, extra and wrongly shaped tensor, unless there are none.
 *
 *     expectTensors(checkpoint, [{ name: 'lm_head.weight', shape: [151936, 4096] }, …])
 */
export function expectTensors(
  checkpoint: { readonly origin: string; readonly tensors: Iterable<NamedShape> },
  expected: Iterable<ExpectedTensor>,
  { allowExtra = () => false }: ExpectOptions = {},
): void {
  const wanted = [...expected]
  const all = compareTensors(checkpoint.tensors, wanted)
  const differences = { ...all, extra: all.extra.filter(({ name }) => !allowExtra(name)) }
  const { missing, extra, wrong } = differences
  if (missing.length + extra.length + wrong.length === 0) return
  const lines = [
    ...section(
      `missing (${missing.length})`,
      missing.map(tensor => ({ tensor, text: describeTensor(tensor) })),
    ),
    ...section(
      `not part of the model (${extra.length})`,
      extra.map(tensor => ({ tensor, text: describeTensor(tensor) })),
    ),
    ...section(
      `of the wrong shape or type (${wrong.length})`,
      wrong.map(({ expected: tensor, found }) => ({
        tensor,
        text: `${describeTensor(found)} instead of ${describeTensor(tensor)}`,
      })),
    ),
  ]
  const cause = likelyCause(differences, wanted.length)
  throw new TensorMismatchError(
    [`${checkpoint.origin} is no checkpoint of this model:`, ...lines, ...(cause === undefined ? [] : [cause])].join(
      '\n',
    ),
    differences,
  )
}

interface Line {
  readonly tensor: NamedShape
  readonly text: string
}

/** A heading, and one line for each group of tensors that differ only by a number in the name. */
function section(heading: string, entries: readonly Line[]): string[] {
  if (entries.length === 0) return []
  const groups = new Map<string, { pattern: string; text: string; numbers: number[]; first: string }>()
  for (const { tensor, text } of entries) {
    const { pattern, number } = splitName(tensor.name)
    const key = `${pattern}\n${text}`
    const group = groups.get(key) ?? { pattern, text, numbers: [], first: tensor.name }
    groups.set(key, group)
    if (number !== undefined) group.numbers.push(number)
  }
  const lines = [...groups.values()].map(({ pattern, text, numbers, first }) => {
    const name = numbers.length > 1 ? pattern.replace('*', `{${formatRanges(numbers)}}`) : first
    return `    ${name} ${text}${numbers.length > 1 ? ` (${numbers.length} tensors)` : ''}`
  })
  const more = lines.length - LINES
  return [`  ${heading}:`, ...lines.slice(0, LINES), ...(more > 0 ? [`    and ${more} more of the kind`] : [])]
}

/** `transformer.h.12.ln_1.weight` → `transformer.h.*.ln_1.weight` and 12: the first part that is a number. */
function splitName(name: string): { pattern: string; number: number | undefined } {
  const parts = name.split('.')
  const at = parts.findIndex(part => /^\d+$/.test(part))
  if (at < 0) return { pattern: name, number: undefined }
  return { pattern: parts.with(at, '*').join('.'), number: Number(parts[at]) }
}

/** `0-3, 7` */
function formatRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && number <= last[1] + 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}

/** The usual reasons, when the differences look like one of them. */
function likelyCause({ missing, extra, wrong }: Differences, wanted: number): string | undefined {
  const quantised = extra.filter(({ name }) => name.endsWith('.qweight'))
  if (quantised.length > 0) return `  It is quantised with GPTQ (${quantised.length} layers): load it as int4.`
  const prefix = commonPrefix(missing, extra)
  if (prefix !== undefined) return `  All names begin with "${prefix}": it was saved from inside another module.`
  if (extra.some(({ name }) => /\.lora_[AB]\./.test(name)))
    return '  It is a LoRA adapter: load it beside its base model.'
  const tables = wrong.filter(({ expected: { name } }) => /wte\.weight$|lm_head\.weight$/.test(name))
  const table = tables[0]
  if (table !== undefined && tables.length === wrong.length && missing.length === 0) {
    return `  Only the vocabulary differs (${table.found.shape[0]} entries instead of ${table.expected.shape[0]}): config.json or the tokenizer belongs to another checkpoint.`
  }
  if (missing.length === wanted) return '  Not one tensor fits: it belongs to a model of another family.'
  return undefined
}

/** What stands before the names of all missing tensors that are there under a longer name. */
function commonPrefix(missing: readonly NamedShape[], extra: readonly NamedShape[]): string | undefined {
  const [first] = missing
  if (first === undefined || missing.length > extra.length) return undefined
  const longer = extra.find(({ name }) => name.endsWith(`.${first.name}`))
  if (longer === undefined) return undefined
  const prefix = longer.name.slice(0, -first.name.length)
  const names = new Set(extra.map(({ name }) => name))
  return missing.every(({ name }) => names.has(prefix + name)) ? prefix : undefined
}
