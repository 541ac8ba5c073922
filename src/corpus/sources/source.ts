/**
 * What gives samples: a source, cut into shards that are opened one by one, so that work begins before everything was
 * looked at. Knows no file format.
 */
import type { Sample } from '../sample.ts'

/** A part of a source whose entries are known. Open ones hold a list of places, never the content. */
export interface Shard {
  /** Entries: rows of a file, groups of an archive. */
  readonly length: number
  /**
   * The samples of entry `index`, 0 to `length` - 1, in any order and as often as wanted, always the same ones. It is
   * one sample, but for a row of boxes, which gives one for each label. Throws a SourceError for an entry that cannot
   * be used; the others can.
   */
  read(index: number): Promise<readonly Sample[]>
  /** What messages call an entry: `rows.jsonl:17`. */
  nameOf(index: number): string
  /** Closes files. */
  close(): Promise<void>
}

/** Samples of one kind from one or more files. */
export interface SampleSource {
  /** As a person named it: a file, a folder, a pattern. */
  readonly name: string
  /** Pieces that are opened by themselves: known without reading them, at least 1. */
  readonly shards: number
  /** Opens shard 0 … `shards` - 1: reads what it takes to find its entries. Throws a SourceError. */
  open(shard: number): Promise<Shard>
}

/** Data that cannot be read. The message says which file, where in it, what is wrong and what to do. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}

/** `1,234,567`: numbers as messages write them. */
export const grouped = (value: number): string => value.toLocaleString('en-US')
