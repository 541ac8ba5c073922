/** How far long work on samples is: a bar with rate and time left on a terminal, a line now and then elsewhere. */
import type { SingleBar } from 'cli-progress'

/** Without a terminal, a line comes at most so often. */
const LINE_EVERY_MS = 10_000

export interface Bar {
  /** Says something beside it. */
  say(line: string): void
  /** `total` is undefined where nobody knows it yet. */
  start(total: number | undefined, done: number): void
  update(done: number): void
  /** Leaves the terminal in order. Can be called again. */
  stop(): void
}

/** A bar on standard error; `what` is counted. */
export async function openBar(what: string): Promise<Bar> {
  const { stderr } = process
  const say = (line: string) => void stderr.write(`${line}\n`)
  if (!stderr.isTTY) return lines(what, say)
  const { default: progress } = await import('cli-progress')
  let bar: SingleBar | undefined
  let pace = { since: 0, from: 0 }
  return {
    say,
    start(total, done) {
      pace = { since: performance.now(), from: done }
      const format =
        total === undefined
          ? `{value} ${what}, {rate} a second`
          : `{bar} {percentage}% of {total} ${what}, {rate} a second, {eta_formatted} to go`
      const looks = { barsize: 30, hideCursor: true, gracefulExit: false, stream: stderr, etaBuffer: 50 }
      bar = new progress.SingleBar({ format, ...looks })
      bar.start(total ?? 0, done, { rate: '–' })
    },
    update: done => bar?.update(done, { rate: rateOf(done, pace) }),
    stop() {
      bar?.stop()
      bar = undefined
    },
  }
}

interface Pace {
  /** A moment of `performance.now()`. */
  readonly since: number
  /** What was done by then. */
  readonly from: number
}

/** A second. */
const rateOf = (done: number, { since, from }: Pace) =>
  ((1000 * (done - from)) / Math.max(performance.now() - since, 1)).toFixed(0)

function lines(what: string, say: (line: string) => void): Bar {
  let last = performance.now()
  let pace = { since: last, from: 0 }
  let total: number | undefined
  return {
    say,
    start(all, done) {
      total = all
      last = performance.now()
      pace = { since: last, from: done }
    },
    update(done) {
      if (performance.now() - last < LINE_EVERY_MS) return
      last = performance.now()
      const share = total === undefined ? '' : ` of ${total} (${Math.floor((100 * done) / total)}%)`
      say(`${done}${share} ${what}, ${rateOf(done, pace)} a second`)
    },
    stop: () => {},
  }
}
