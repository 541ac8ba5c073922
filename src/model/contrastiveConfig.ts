/**
 * What a `config.json` says of contrastive training, checked: the sizes of the text tower and of the vectors. It stands
 * beside the published fields, under `contrastive`.
 */
import { z } from 'zod'
import { ConfigError } from './config.ts'

const size = z.int().positive()

const contrastiveSchema = z.object({
  /** Of the text tower; its MLP is four times as wide. */
  width: size,
  layers: size,
  heads: size,
  /** Tokens of the longest text, its end included. */
  context: z.int().min(2),
  /** Of the vectors that pictures and texts become. */
  dimension: size,
})

export type ContrastiveConfig = Readonly<z.infer<typeof contrastiveSchema>>

/**
 * Checks the field `contrastive` of a parsed `config.json`. Throws a ConfigError that lists every fault, or says that
 * the field is missing. `source` is what the error calls the file.
 */
export function parseContrastive(json: unknown, source = 'config.json'): ContrastiveConfig {
  const field = (json as { contrastive?: unknown } | null)?.contrastive
  if (field === undefined)
    throw new ConfigError(
      `${source} has no field "contrastive": this model was not trained to compare pictures with texts`,
    )
  const result = contrastiveSchema.safeParse(field)
  if (!result.success) {
    const faults = result.error.issues.map(({ path, message }) => `${['contrastive', ...path].join('.')}: ${message}`)
    throw new ConfigError(`${source}: ${faults.join('; ')}`)
  }
  const { width, heads } = result.data
  if (width % heads === 0) return result.data
  throw new ConfigError(`${source}: contrastive.width ${width} must be a multiple of contrastive.heads ${heads}`)
}
