/** Reads the record of a made sample, as far as the tests of documents need it. */
import type { MadeSample } from '../../../src/corpus/shards/maker.ts'

export interface SeenLine {
  readonly text: string
  readonly language: string
  readonly font: string
  readonly quad: readonly (readonly [number, number])[]
}

export const linesOf = (sample: MadeSample): readonly SeenLine[] =>
  (sample.record as { readonly lines: readonly SeenLine[] }).lines

/** The text of a turn. */
export const textOf = (sample: MadeSample, turn: number): string =>
  sample.turns[turn]!.parts.map(part => ('text' in part ? part.text : '')).join('')
