/**
 * checkpoint/: names → tensors, from every published format; downloads, quantisation. Knows no model and runs nothing:
 * which tensors a model wants is told to it, and what it reads is handed on.
 *
 * Reading order: `checkpoint.ts` (what a checkpoint is), `open.ts` (how its files are found), `safetensors.ts` and
 * `pytorch.ts` (what a file holds; the latter stands on `zip.ts` and `pickle.ts`), `tensor.ts`, then by interest:
 * `expect.ts` and `inspect.ts`; `blocks.ts`, `quantise.ts` and `gptq.ts`; `safetensorsLayout.ts` and `write.ts`;
 * `hub/pull.ts` and `hub/cache.ts`; `peft.ts` (adapters) and `fingerprint.ts`.
 *
 * This is the entry for Node; `browser.ts` is the part of it that needs no file system.
 */
export * from './browser.ts'
export { fingerprint } from './fingerprint.ts'
export { openCheckpoint } from './folder.ts'
export { cacheFolder, type ResolvedModel, type ResolveOptions, resolveModel } from './hub/cache.ts'
export type { HubName } from './hub/hubs.ts'
export { type PullEvent, type PullOptions, pull } from './hub/pull.ts'
export { type Adapter, type AdapterBase, type AdapterModule, checkAdapter, openAdapter } from './peft.ts'
export type { AdapterConfig } from './peftConfig.ts'
export { type AdapterContent, type WriteAdapterOptions, writeAdapter } from './peftWrite.ts'
export { type WriteFolderOptions, type WriteOptions, writeCheckpoint, writeSafetensors } from './write.ts'
