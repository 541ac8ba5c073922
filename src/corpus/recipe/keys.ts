/** The keys that a schema knows: for messages that name them, and pages that list them. */
import { z } from 'zod'
import type { KeyPath } from './faults.ts'

/** The keys that may stand at a place; none where there is no group. */
export function keysAt(schema: z.ZodType, path: KeyPath): string[] {
  let at: unknown = schema
  for (const part of path) {
    const inner = bare(at)
    if (inner instanceof z.ZodObject) at = inner.shape[part]
    else at = inner instanceof z.ZodArray ? inner.element : undefined
  }
  const found = bare(at)
  return found instanceof z.ZodObject ? Object.keys(found.shape) : []
}

/** Every key, as `['optimiser', 'learningRate']`; lists are passed through by their place 0. */
export function allKeys(schema: z.ZodType, path: KeyPath = []): (string | number)[][] {
  return keysAt(schema, path).flatMap(key => {
    const own = [...path, key]
    const inner = keysAt(schema, own).length > 0 ? own : [...own, 0]
    return [own, ...(keysAt(schema, inner).length > 0 ? allKeys(schema, inner) : [])]
  })
}

function bare(schema: unknown): unknown {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault)
    inner = inner.unwrap()
  return inner
}
