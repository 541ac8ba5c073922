/**
 * One thing to learn from, whatever it came from: pictures, what is said about them and by whom. Every source gives
 * samples, and everything that trains takes them. Knows no tokens and no files.
 */
import type { PictureSource } from '../image/index.ts'

/** A piece of a turn: text with its markup, or a picture of the sample by its place in `pictures`. */
export type SamplePart = { readonly text: string } | { readonly picture: number }

export interface SampleTurn {
  readonly role: 'system' | 'user' | 'assistant'
  readonly parts: readonly SamplePart[]
}

export interface Sample {
  /** Names the sample in messages: unique in its source. */
  readonly id: string
  /** `caption`, `vqa`, `grounding`, `ocr`, `chat` …: losses are told apart by it, and rows are packed with one of them. */
  readonly task: string
  /**
   * How the turns become one text. `chatml`: a conversation with roles. `raw`: a text to go on with, where the user's
   * turns are given and the assistant's are learnt, each closed by `<|endoftext|>`.
   */
  readonly format: 'chatml' | 'raw'
  readonly pictures: readonly PictureSource[]
  readonly turns: readonly SampleTurn[]
  /**
   * How the pictures of a conversation are announced: `spaced` writes `Picture 1: ` before and a line break after each,
   * `none` nothing. Default: `spaced`, unless the text before a picture says `Picture 1:` itself.
   */
  readonly numbering?: 'spaced' | 'none'
  /** Other right last answers: what judges an answer, and is not learnt. */
  readonly references?: readonly string[]
  readonly language?: string
  readonly licence?: string
  /** Where it came from: an address, a file and line, a generator with its seed. */
  readonly provenance?: string
  /** What the pictures show, exactly, where the sample was made: for whoever wants to say something else about it. */
  readonly record?: unknown
}
