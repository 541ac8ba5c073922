/** What is wrong with a recipe: every fault with its place. Knows no recipe. */

/** One thing that is wrong. */
export interface Fault {
  /** `recipes/lora.yaml:12:3`, or the option of the command line that says it, such as `--steps`. */
  readonly place: string
  /** The key, as `optimiser.learningRate` or `data[0].weight`; empty for the whole. */
  readonly key: string
  /** What was found, what is allowed. */
  readonly problem: string
}

/** Faults that a message names; all are in `faults`. */
const MOST_TOLD = 50

/** A recipe that cannot be followed. Its message has one line for each fault, in the order of the file. */
export class RecipeError extends Error {
  override readonly name = 'RecipeError'
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[], options?: ErrorOptions) {
    const more = faults.length - MOST_TOLD
    const lines = faults.slice(0, MOST_TOLD).map(written)
    super([...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'), options)
    this.faults = faults
  }
}

const written = ({ place, key, problem }: Fault) => `${place}: ${key === '' ? '' : `${key} `}${problem}`

/** Where a value stands in a recipe: keys, and places in lists. */
export type KeyPath = readonly (string | number)[]

/** `data[0].weight` */
export function keyText(path: KeyPath): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')
}

/** A value as a message shows it: short, and on one line. */
export function shown(value: unknown): string {
  if (value === null || value === '') return 'empty'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a group of keys'
  if (typeof value === 'number') return numberText(value)
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** `1e-5` and not `0.00001`, as people write learning rates. */
export const numberText = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value)
