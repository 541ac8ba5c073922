/**
 * Holds a recipe against its schema, and tells every mistake at once, each with its place. Knows no key by name.
 */
import type { z } from 'zod'
import { nearest } from '../../checkpoint/nearest.ts'
import { type Fault, type KeyPath, keyText, RecipeError } from './faults.ts'
import { allKeys, keysAt } from './keys.ts'
import type { Places } from './places.ts'

/** `contents` as its schema has it. Throws a RecipeError with one fault for each value that it does not allow. */
export function checkRecipe<Schema extends z.ZodType>(
  schema: Schema,
  contents: unknown,
  places: Places,
): z.output<Schema> {
  const checked = schema.safeParse(contents)
  if (checked.success) return checked.data
  throw new RecipeError(inOrder(schemaFaults(schema, checked.error.issues, places)))
}

function schemaFaults(schema: z.ZodType, issues: readonly z.core.$ZodIssue[], places: Places): Fault[] {
  const faults: Fault[] = []
  const told = new Set<string>()
  for (const issue of issues) {
    const path = issue.path as (string | number)[]
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const problem = `is no key of a recipe${suggestion(schema, path, key)}`
        faults.push({ place: places.ofKey(path, key), key: keyText([...path, key]), problem })
      }
    } else if (!told.has(keyText(path))) {
      // A number with a fraction below its least is wrong twice, and told once.
      told.add(keyText(path))
      const problem = path.length === 0 && issue.message.startsWith('is empty') ? 'the recipe is empty' : issue.message
      faults.push(places.fault(path, problem))
    }
  }
  return faults
}

/** `; did you mean optimiser.learningRate?` */
function suggestion(schema: z.ZodType, path: KeyPath, key: string): string {
  const known = keysAt(schema, path)
  const [near] = nearest(key, known, 1)
  if (near !== undefined) return `; did you mean ${keyText([...path, near])}?`
  const elsewhere = allKeys(schema).find(own => own.at(-1) === key)
  if (elsewhere !== undefined) return `; did you mean ${keyText(elsewhere)}?`
  return path.length === 0 ? `; there are ${known.join(', ')}` : `; ${keyText(path)} has ${known.join(', ')}`
}

/** By line and column; options last. */
export function inOrder(faults: readonly Fault[]): Fault[] {
  const at = ({ place }: Fault) => (/:(\d+):(\d+)$/.exec(place) ?? [0, 1e9, 0]).slice(1).map(Number) as [number, number]
  return [...faults].sort((a, b) => at(a)[0] - at(b)[0] || at(a)[1] - at(b)[1])
}
