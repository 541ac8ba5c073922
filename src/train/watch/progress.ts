/**
 * A run in the terminal: a bar with what matters of the latest step, and a line above it for everything that happens
 * besides. Where there is no terminal, a line now and then. Reads events and writes text; knows nothing of training.
 */
import type { EndEvent, StartEvent, StepEvent, TrainingEvent } from '../events.ts'
import { writeEvent } from './eventLine.ts'
import { Pace } from './pace.ts'
import { LineWriter, type ProgressWriter, TerminalWriter } from './progressWriter.ts'
import { Remarks } from './remarks.ts'
import { ExponentialMean, usualSpan } from './smoothing.ts'
import { showCount, showDuration, showFigure, showText, showWhole } from './wording.ts'

/** What a run is shown on: a terminal, a file or a pipe. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

export interface ProgressOptions {
  readonly stream: ProgressStream
  /** Writes the events themselves instead, each as a line of JSON. */
  readonly json?: boolean
}

/** Without a terminal, a step gets a line when so much time has passed since the last one, or so much of the run. */
const lineEveryMs = 10_000
const lineEveryPart = 0.1

/** Shows events as they come. Call `close` at the end, whatever happened: it leaves the terminal in order. */
export interface Progress {
  on(event: TrainingEvent): void
  close(): void
}

/** Makes a way to show a run, as the stream allows. */
export function openProgress({ stream, json = false }: ProgressOptions): Progress {
  if (json) return { on: event => void stream.write(writeEvent(event)), close: () => {} }
  return new ProgressText(stream.isTTY ? new TerminalWriter(stream) : new LineWriter(stream))
}

/**
 * Shows a run to its end. Gives its last event, or undefined if the events ended without one. Throws what the events
 * throw, with the terminal in order.
 *
 * @example
 * const end = await showProgress(train(recipe, { signal }), { stream: process.stderr })
 */
export async function showProgress(
  events: AsyncIterable<TrainingEvent>,
  options: ProgressOptions,
): Promise<EndEvent | undefined> {
  const progress = openProgress(options)
  let end: EndEvent | undefined
  try {
    for await (const event of events) {
      progress.on(event)
      end = event.type === 'end' ? event : undefined
    }
  } finally {
    progress.close()
  }
  return end
}

class ProgressText implements Progress {
  readonly #writer: ProgressWriter
  readonly #pace = new Pace()
  readonly #remarks = new Remarks()
  #loss = new ExponentialMean(usualSpan(0))
  #start: StartEvent | undefined
  /** The step and time of the latest line that was written of a step. */
  #shown: { readonly step: number; readonly time: number } | undefined
  #unshown: string | undefined

  constructor(writer: ProgressWriter) {
    this.#writer = writer
  }

  on(event: TrainingEvent): void {
    switch (event.type) {
      case 'start':
        this.#start = event
        this.#loss = new ExponentialMean(usualSpan(event.steps))
        this.#pace.begin(event.from, event.time)
        this.#shown = undefined
        this.#writer.line(startLine(event))
        this.#writer.begin(event.from, event.steps)
        break
      case 'step':
        this.#step(event)
        break
      case 'end':
        this.#writeUnshown()
        this.#writer.finish()
        for (const line of this.#remarks.last()) this.#writer.line(line)
        this.#writer.line(endLine(event, this.#start))
        break
      default:
        for (const line of this.#remarks.of(event)) this.#writer.line(line)
    }
  }

  close(): void {
    this.#writeUnshown()
    this.#writer.finish()
  }

  #step(event: StepEvent): void {
    this.#pace.add(event.step, event.time)
    this.#loss.add(event.loss)
    const { step, time } = event
    const steps = this.#start?.steps ?? step
    const left = this.#pace.timeLeft(steps)
    const figures = [
      `loss ${showFigure(Number.isFinite(event.loss) ? this.#loss.mean : event.loss)}`,
      `rate ${event.learningRate.toExponential(1)}`,
      `norm ${showFigure(event.gradientNorm)}`,
      `${showCount((1000 * event.positions) / event.milliseconds)} tokens/s`,
      ...(left === undefined || step >= steps ? [] : [`${showDuration(left)} left`]),
    ]
    const text = figures.join('  ')
    if (this.#writer.isLive) {
      this.#writer.step(step, text)
      return
    }
    const line = `step ${showWhole(step)}/${showWhole(steps)}  ${text}`
    const isDue =
      !this.#shown ||
      time - this.#shown.time >= lineEveryMs ||
      step - this.#shown.step >= lineEveryPart * steps ||
      step >= steps
    this.#unshown = isDue ? undefined : line
    if (!isDue) return
    this.#shown = { step, time }
    this.#writer.line(line)
  }

  /** The latest step is told before the end, even where it was not due. */
  #writeUnshown(): void {
    if (this.#unshown !== undefined) this.#writer.line(this.#unshown)
    this.#unshown = undefined
  }
}

function startLine({ name, parameters, trained, from, steps, processes }: StartEvent): string {
  const parts = [
    `${showCount(parameters)} parameters, ${trained === parameters ? 'all' : showCount(trained)} trained`,
    `${showWhole(steps)} steps`,
    ...(processes > 1 ? [`${processes} processes`] : []),
    ...(from > 0 ? [`going on after step ${showWhole(from)}`] : []),
  ]
  return `${showText(name)}: ${parts.join(', ')}`
}

function endLine({ step, time, reason, message, model }: EndEvent, start: StartEvent | undefined): string {
  const duration = start ? `, after ${showDuration(time - start.time)}` : ''
  const said = message === undefined ? '' : `: ${showText(message)}`
  const made = model === undefined ? '' : `: ${showText(model)}`
  switch (reason) {
    case 'finished':
      return `finished at step ${showWhole(step)}${duration}${made}`
    case 'cancelled':
      return `cancelled at step ${showWhole(step)}${duration}${said}`
    case 'failed':
      return `failed at step ${showWhole(step)}${duration}${said}`
    default:
      return reason satisfies never
  }
}
