/**
 * Qwen-VL as two functions: pictures to features, and tokens with features to what the next token may be. They meet
 * where features take their slots among the token embeddings; everything else is in the parts' own files.
 */
import type { Scope, Tensor } from '../graph/index.ts'
import { adapter } from './adapter.ts'
import type { QwenVLConfig } from './config.ts'
import { type Decoded, decode, embed, placePictures, type Surroundings } from './languageModel.ts'
import { type Observe, unobserved } from './observe.ts'
import { visionTransformer } from './visionTransformer.ts'

/** Where the parts are in a published checkpoint. */
export const transformerScope = (root: Scope): Scope => root.at('transformer')

/** pixels [pictures, 3, size, size], normalised → features [pictures, queries, hidden] */
export function see(root: Scope, pixels: Tensor, config: QwenVLConfig, observe: Observe = unobserved): Tensor {
  const at = transformerScope(root).at('visual')
  observe('pixels', pixels)
  return adapter(at, visionTransformer(at, pixels, config.visual, observe), config.visual, observe)
}

export interface Pictures {
  /** [pictures, queries, hidden] */
  readonly features: Tensor
  /** Places for them: positions in the flattened batch, row · sequence + position, [queries·pictures] of int64. */
  readonly slots: Tensor
}

/** tokens [batch, sequence] of int64, with pictures in their places → hidden states and what to keep of them */
export function read(
  root: Scope,
  tokens: Tensor,
  pictures: Pictures | undefined,
  around: Surroundings,
  config: QwenVLConfig,
  observe: Observe = unobserved,
): Decoded {
  const at = transformerScope(root)
  const embedded = embed(at, tokens, config)
  observe('lm.embed', embedded)
  const x = pictures ? placePictures(embedded, pictures.features, pictures.slots) : embedded
  observe('lm.input', x)
  return decode(at, x, around, config, observe)
}
