/** Answers as people read them on a terminal, and as programs read them. Knows no command. */
import type { Answer, AnswerBox, AnswerQuad } from '../generate/answer.ts'

/**
 * Text that came from a model, made safe to print: control characters, with which a terminal can be told to do things,
 * become U+FFFD.
 */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd')

/** `the red bus: 12,40 – 310,200`: left, top, right, bottom in pixels of the picture. */
export function boxLine({ label, box: { left, top, right, bottom } }: AnswerBox): string {
  return `${labelled(label)}${left},${top} – ${right},${bottom}`
}

/** `EXIT: 12,40 310,40 310,80 12,80`: four corners in pixels. */
export function quadLine({ label, quad }: AnswerQuad): string {
  return `${labelled(label)}${quad.map(([x, y]) => `${x},${y}`).join(' ')}`
}

const labelled = (label: string | undefined) => (label ? `${printable(label)}: ` : '')

/** The lines below an answer's text: its boxes and quadrilaterals. */
export const placeLines = ({ boxes, quads }: Answer): string[] => [...boxes.map(boxLine), ...quads.map(quadLine)]

/** What a person should know about how the answer ended; undefined if it ended by itself. */
export function endingNote({ finishReason, usage }: Answer): string | undefined {
  if (finishReason === 'length')
    return `(the answer was cut off after ${usage.completionTokens} tokens: --max-new-tokens allows more)`
  if (finishReason === 'repetition') return '(the answer was ended: it began to repeat itself)'
  return undefined
}

/** Text as it comes, without what stands before its first word; at the end of a line when it ends. */
export class TextWriter {
  readonly #write: (text: string) => void
  #begun = false

  constructor(write: (text: string) => void = text => void process.stdout.write(text)) {
    this.#write = write
  }

  add(text: string): void {
    const shown = this.#begun ? text : text.trimStart()
    if (shown === '') return
    this.#begun = true
    this.#write(printable(shown))
  }

  end(): void {
    if (this.#begun) this.#write('\n')
    this.#begun = false
  }
}

/** Seconds since a moment of `performance.now()`, to the millisecond. */
export const secondsSince = (start: number): number => Math.round(performance.now() - start) / 1000
