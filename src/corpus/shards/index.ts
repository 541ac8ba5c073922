/**
 * shards/: corpora that are made, as archives on the disk. A recipe in, the same bytes out every time.
 *
 * Reading order: `maker.ts` (what makes a sample), `makeCorpus.ts` (a recipe), `makeShards.ts` with `spanThreads.ts` and
 * `spanThread.ts` (many threads), `shardFolder.ts` with `shardFile.ts` and `manifest.ts` (the disk).
 */
export { CorpusFolderError, MakingError } from './errors.ts'
export type { MakeEvent, MakeReport } from './events.ts'
export { type MakeCorpusOptions, makeCorpus } from './makeCorpus.ts'
export type { MadePicture, MadeSample, Maker } from './maker.ts'
export { type CorpusKind, corpusKinds } from './makers.ts'
