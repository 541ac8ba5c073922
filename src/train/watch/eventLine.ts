/**
 * One event as one line of JSON, and back, checked. JSON has no NaN and no infinity: a number that is not finite is
 * written as null, and read as NaN. Knows no file.
 */
import { z } from 'zod'
import type { TrainingEvent } from '../events.ts'

/** Longest line that is read, in bytes. A step with a hundred tasks has about 6,000. */
export const longestLine = 2 ** 20

const number = z
  .number()
  .nullable()
  .transform(value => value ?? Number.NaN)
const count = z.int().nonnegative()
const text = z.string()

const tasks = z.record(text, z.object({ loss: number, tokens: z.number().nonnegative() }))

const start = z.object({
  type: z.literal('start'),
  time: z.number(),
  name: text,
  objective: z.enum(['qwen-vl', 'language', 'contrastive']),
  parameters: count,
  trained: count,
  from: count,
  steps: count,
  processes: count,
})

const sample = z.object({ type: z.literal('sample'), time: z.number(), sample: text, text })

const step = z.object({
  type: z.literal('step'),
  time: z.number(),
  step: count,
  loss: number,
  tasks,
  learningRate: number,
  gradientNorm: number,
  samples: count,
  positions: count,
  tokens: count,
  pictures: count,
  milliseconds: number,
  waiting: number,
  computing: number,
  optimising: number,
  memory: number,
  epoch: number,
})

const evaluation = z.object({
  type: z.literal('evaluation'),
  time: z.number(),
  step: count,
  loss: number,
  tasks,
  best: z.boolean(),
})

const checkpoint = z.object({
  type: z.literal('checkpoint'),
  time: z.number(),
  step: count,
  path: text,
  bytes: number,
  milliseconds: number,
})

const refused = z.object({ type: z.literal('refused'), time: z.number(), sample: text, reason: text, count })

const warning = z.object({ type: z.literal('warning'), time: z.number(), step: count, message: text })

const end = z.object({
  type: z.literal('end'),
  time: z.number(),
  step: count,
  reason: z.enum(['finished', 'cancelled', 'failed']),
  message: text.exactOptional(),
  model: text.exactOptional(),
})

/** One schema for each type, so that a complaint is about the fields of that type only. */
const schemas: { readonly [Type in TrainingEvent['type']]: z.ZodType<Extract<TrainingEvent, { type: Type }>> } = {
  start,
  sample,
  step,
  evaluation,
  checkpoint,
  refused,
  warning,
  end,
}

/** An event as a line, its end included. */
export const writeEvent = (event: TrainingEvent): string => `${JSON.stringify(event)}\n`

/**
 * Reads a line, without its end. `undefined` for a type of event that this version does not know: a newer one wrote it.
 * Throws an Error that says what is wrong with any other line that is no event.
 */
export function parseEvent(line: string): TrainingEvent | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new Error(`it is not JSON (${(cause as Error).message})`, { cause })
  }
  const type = (value as { type?: unknown } | null)?.type
  if (typeof type !== 'string') throw new Error('it is no event: it has no type')
  if (!Object.hasOwn(schemas, type)) return undefined
  const { success, data, error } = schemas[type as TrainingEvent['type']].safeParse(value)
  if (success) return data
  const faults = error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Error(`it is no ${type} event: ${faults.join('; ')}`)
}
