/** Two ways to write progress: a bar that stays below the lines of a terminal, and lines alone. Know text and numbers. */
import progress from 'cli-progress'
import type { ProgressStream } from './progress.ts'
import { showWhole } from './wording.ts'

/** Writes lines, and where it can the latest step below them. */
export interface ProgressWriter {
  /** Whether `step` shows something. */
  readonly isLive: boolean
  begin(step: number, steps: number): void
  /** Shows the latest step in place of the one before. */
  step(step: number, text: string): void
  line(text: string): void
  /** Takes away what is live. */
  finish(): void
}

/** Lines only, and never a carriage return. */
export class LineWriter implements ProgressWriter {
  readonly isLive = false
  readonly #stream: ProgressStream

  constructor(stream: ProgressStream) {
    this.#stream = stream
  }

  begin(): void {}

  step(): void {}

  line(text: string): void {
    this.#stream.write(`${text}\n`)
  }

  finish(): void {}
}

/** A bar at the bottom, for terminals. */
export class TerminalWriter implements ProgressWriter {
  readonly isLive = true
  readonly #stream: ProgressStream
  readonly #bar: progress.SingleBar
  #position: { step: number; steps: number; text: string } | undefined
  #isShown = false

  constructor(stream: ProgressStream) {
    this.#stream = stream
    this.#bar = new progress.SingleBar({
      format: '{bar} {at}  {figures}',
      barsize: Math.max(5, Math.min(24, (stream.columns ?? 80) - 90)),
      barCompleteChar: '█',
      barIncompleteChar: '░',
      // A run that is killed cannot put the terminal in order again: its cursor and its wrapping are left as they are.
      hideCursor: false,
      linewrap: true,
      gracefulExit: false,
      clearOnComplete: true,
      emptyOnZero: true,
      stream,
    })
  }

  begin(step: number, steps: number): void {
    this.#hide()
    this.#position = { step, steps, text: '' }
    this.#show()
  }

  step(step: number, text: string): void {
    this.#position = { step, steps: Math.max(step, this.#position?.steps ?? step), text }
    if (!this.#isShown) this.#show()
    else this.#bar.update(step, this.#words())
  }

  line(text: string): void {
    // The bar is taken away for the time of the line: the place that it goes back to would else be above the line.
    this.#hide()
    this.#stream.write(`${text}\n`)
    this.#show()
  }

  finish(): void {
    this.#hide()
    this.#position = undefined
  }

  #words(): { at: string; figures: string } {
    const { step, steps, text } = this.#position ?? { step: 0, steps: 0, text: '' }
    return { at: `${showWhole(step)}/${showWhole(steps)}`, figures: text }
  }

  #show(): void {
    if (!this.#position) return
    this.#bar.start(this.#position.steps, this.#position.step, this.#words())
    this.#isShown = true
  }

  #hide(): void {
    if (this.#isShown) this.#bar.stop()
    this.#isShown = false
  }
}
