/** The checkpoint's `generation_config.json`: what it wants decoding to be, unless a call says otherwise. */
import { z } from 'zod'
import type { SamplingOptions } from './sampling.ts'

const schema = z.object({
  /** How conversations are written: `chatml` for chat models, `raw` for base models. */
  chat_format: z.enum(['chatml', 'raw']).default('chatml'),
  do_sample: z.boolean().default(false),
  temperature: z.number().nonnegative().default(1),
  top_k: z.int().nonnegative().default(0),
  top_p: z.number().positive().max(1).default(1),
  repetition_penalty: z.number().positive().default(1),
  max_new_tokens: z.int().positive().default(512),
  /** Tokens of history that a conversation keeps. */
  max_window_size: z.int().positive().default(6144),
  eos_token_id: z.union([z.int(), z.array(z.int())]).optional(),
})

export interface GenerationDefaults {
  readonly chatFormat: 'chatml' | 'raw'
  readonly sampling: SamplingOptions
  readonly maxNewTokens: number
  readonly historyWindow: number
  /** Tokens that end a text; undefined where the file does not say. */
  readonly endTokens: readonly number[] | undefined
}

/**
 * Checks a parsed `generation_config.json`; `{}` for a checkpoint without one. Throws a TypeError that lists its faults.
 * Fields that decoding does not use are passed over.
 */
export function parseGenerationConfig(json: unknown, source = 'generation_config.json'): GenerationDefaults {
  const result = schema.safeParse(json)
  if (!result.success) {
    const faults = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new TypeError(`${source}: ${faults.join('; ')}`)
  }
  const { data } = result
  return {
    chatFormat: data.chat_format,
    sampling: {
      sample: data.do_sample,
      temperature: data.temperature,
      topK: data.top_k,
      topP: data.top_p,
      repetitionPenalty: data.repetition_penalty,
    },
    maxNewTokens: data.max_new_tokens,
    historyWindow: data.max_window_size,
    endTokens: data.eos_token_id === undefined ? undefined : [data.eos_token_id].flat(),
  }
}
