/**
 * model/: Qwen-VL as functions over graph/. It describes, and neither loads nor runs anything.
 *
 * Reading order: `qwenVL.ts` (the whole), `visionTransformer.ts`, `adapter.ts`, `languageModel.ts`, `positions.ts`,
 * `config.ts`. Beside it: `contrastive.ts` (the vision transformer and a text transformer, compared).
 */
export { adapter } from './adapter.ts'
export * from './config.ts'
export * from './contrastive.ts'
export * from './contrastiveConfig.ts'
export { type Decoded, type KeysAndValues, logits, outputEmbedding, type Surroundings } from './languageModel.ts'
export * from './lora.ts'
export type { Observe } from './observe.ts'
export * from './parameters.ts'
export * from './positions.ts'
export * from './quantised.ts'
export { type Pictures, read, see } from './qwenVL.ts'
export { visionTransformer } from './visionTransformer.ts'
