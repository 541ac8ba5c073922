/**
 * `adapter_config.json` as PEFT writes it, checked: what a LoRA adapter's matrices are multiplied by, and everything
 * that would make it compute something else than W + scale · B A, which is refused by name. Knows no tensors.
 */
import { z } from 'zod'
import { CheckpointError, FormatError } from './errors.ts'

const off = (what: string) =>
  z
    .union([z.literal(false), z.null(), z.tuple([])], { error: `${what}, which is not known here` })
    .optional()
    .transform(() => undefined)

/** Beginnings that change the base itself: the adapter belongs to what is left of it. */
const changesBase = /^(pissa|olora|corda|loftq)/i

const ranks = z.record(z.string().max(1000), z.int().positive())
const scales = z.record(z.string().max(1000), z.number())

const schema = z.object({
  peft_type: z.literal('LORA', {
    error: ({ input }) => `the adapter is of the type ${JSON.stringify(input)}: only "LORA" is read`,
  }),
  r: z.int().positive(),
  lora_alpha: z.number(),
  lora_dropout: z.number().min(0).lt(1).default(0),
  target_modules: z
    .union([z.array(z.string()), z.string()])
    .nullable()
    .default(null),
  modules_to_save: z.array(z.string()).nullable().default(null),
  use_rslora: z.boolean().default(false),
  rank_pattern: ranks.nullable().default(null),
  alpha_pattern: scales.nullable().default(null),
  base_model_name_or_path: z.string().nullable().default(null),
  task_type: z.string().nullable().default(null),
  bias: z
    .literal('none', {
      error: ({ input }) =>
        `biases were trained, too (${JSON.stringify(input)}): only "none" is read; train again with bias "none", or merge it with the program that made it`,
    })
    .default('none'),
  fan_in_fan_out: z
    .literal(false, { error: 'the layers are said to be stored [in, out], but those of this model are [out, in]' })
    .nullable()
    .default(false),
  init_lora_weights: z
    .union([
      z.boolean(),
      z.string().refine(text => !changesBase.test(text), {
        error: 'the adapter began as a part of the base (PiSSA, OLoRA, LoftQ or CorDA): convert it to plain LoRA first',
      }),
    ])
    .nullable()
    .default(true),
  use_dora: off('the adapter also scales the weights by their magnitudes (DoRA)'),
  use_qalora: off('the adapter pools its inputs (QALoRA)'),
  lora_bias: off('the adapter has a bias beside B'),
  layer_replication: off('the adapter repeats layers of the base'),
  alora_invocation_tokens: off('the adapter waits for certain tokens (aLoRA)'),
  trainable_token_indices: off('rows of the embedding table were trained'),
  target_parameters: off('the adapter changes parameters that are no linear layers'),
})

/** What an adapter's configuration says, as far as it matters. Names are PEFT's. */
export interface AdapterConfig {
  /** The rank where `rank_pattern` says nothing. */
  readonly r: number
  readonly lora_alpha: number
  readonly lora_dropout: number
  /** Names that layers end with, or one regular expression for whole paths; null: unsaid. */
  readonly target_modules: readonly string[] | string | null
  /** Modules that were trained and saved whole. */
  readonly modules_to_save: readonly string[] | null
  /** The scale is alpha / √rank instead of alpha / rank. */
  readonly use_rslora: boolean
  readonly rank_pattern: Readonly<Record<string, number>> | null
  readonly alpha_pattern: Readonly<Record<string, number>> | null
  readonly base_model_name_or_path: string | null
  readonly task_type: string | null
}

/**
 * Checks a parsed `adapter_config.json`. Throws a FormatError that lists every field that is wrong, missing, or asks for
 * another kind of adapter. `file` is what the error calls it.
 */
export function parseAdapterConfig(json: unknown, file = 'adapter_config.json'): AdapterConfig {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`)
  throw new FormatError(file, faults.join('; '))
}

/** The rank of a layer's adapter by the configuration. */
export const rankOf = ({ r, rank_pattern }: AdapterConfig, path: string): number => valueFor(rank_pattern, path) ?? r

/** What the product B A of a layer is multiplied by: alpha / rank, or alpha / √rank. */
export function scaleOf(config: AdapterConfig, path: string): number {
  const alpha = valueFor(config.alpha_pattern, path) ?? config.lora_alpha
  const rank = rankOf(config, path)
  return alpha / (config.use_rslora ? Math.sqrt(rank) : rank)
}

/** PEFT's rule: the first key that, as a regular expression, is the path or what follows a dot in it. */
function valueFor(pattern: Readonly<Record<string, number>> | null, path: string): number | undefined {
  for (const [key, value] of Object.entries(pattern ?? {})) {
    // Most keys are plain names. They are compared as such: it is quicker than an expression, and cannot hang.
    if (/^[\w.-]+$/.test(key) ? path === key || path.endsWith(`.${key}`) : expression(key).test(path)) return value
  }
  return undefined
}

const expressions = new Map<string, RegExp>()

/**
 * The file may come from anywhere, and some expressions take for ever: those with repeated groups, and those with many
 * repetitions, are refused.
 */
function expression(key: string): RegExp {
  const known = expressions.get(key)
  if (known) return known
  if (/\)[*+{?]/.test(key) || (key.match(/[*+{]/g) ?? []).length > 3)
    throw new CheckpointError(
      `the expression "${key.slice(0, 100)}" for layers is too intricate: name the layers in rank_pattern and alpha_pattern`,
    )
  try {
    const made = new RegExp(`^(?:.*\\.)?(?:${key})$`)
    expressions.set(key, made)
    return made
  } catch (cause) {
    throw new CheckpointError(`"${key.slice(0, 100)}" is no expression for layers: ${(cause as Error).message}`, {
      cause,
    })
  }
}
