/**
 * corpus/: where samples come from. Files and archives in, samples out, in any order that is asked for. Knows no tokens
 * and no training.
 *
 * Reading order: `sample.ts` (what a sample is), `source.ts` (what gives samples), `openSources.ts` (which source reads
 * which files). Then the sources: `records.ts` and `recordSource.ts` (many rows in one file), `conversations.ts`,
 * `boxes.ts`, `pairs.ts` and `plainText.ts` (what a row says), `tar.ts` and `tarSource.ts` (archives).
 */

export { ArchivedPicture } from './archivedPicture.ts'
export { type BoxRow, boxSamples } from './boxes.ts'
export { conversationSample } from './conversations.ts'
export { findFiles } from './findFiles.ts'
export { type DataEntry, entryFor, type OpenedSource, openSources, sourceKinds } from './openSources.ts'
export { pairSample } from './pairs.ts'
export { pictureSize } from './pictureSize.ts'
export type { Sample, SamplePart, SampleTurn } from './sample.ts'
export { type SampleSource, type Shard, SourceError } from './source.ts'
export { readTarMembers, type TarMember } from './tar.ts'
