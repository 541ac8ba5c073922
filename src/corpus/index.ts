/**
 * corpus/: where samples come from. Files and archives in, samples out, in any order that is asked for. Knows no tokens
 * and no training.
 *
 * Reading order: `sample.ts` (what a sample is), then `sources/`: `source.ts` (what gives samples), `openSources.ts` (which
 * source reads which files), `records.ts` and `recordSource.ts` (many rows in one file), `conversations.ts`, `boxes.ts`,
 * `pairs.ts` and `plainText.ts` (what a row says), `tar.ts` and `tarSource.ts` (archives). Samples that are made begin at
 * `shards/index.ts`; `mix/` makes one corpus of several, `look/` shows and counts, `recipe/` reads YAML for all of these.
 */

export type { Sample, SamplePart, SampleTurn } from './sample.ts'
export { ArchivedPicture } from './sources/archivedPicture.ts'
export { type BoxRow, boxSamples } from './sources/boxes.ts'
export { conversationSample } from './sources/conversations.ts'
export { findFiles } from './sources/findFiles.ts'
export { type DataEntry, entryFor, type OpenedSource, openSources, sourceKinds } from './sources/openSources.ts'
export { pairSample } from './sources/pairs.ts'
export { pictureSize } from './sources/pictureSize.ts'
export { type SampleSource, type Shard, SourceError } from './sources/source.ts'
export { readTarMembers, type TarMember } from './sources/tar.ts'
