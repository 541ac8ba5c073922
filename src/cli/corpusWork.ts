/** What the commands that write a corpus have in common: events are shown, and who ends one is told how to go on. */
import { InterruptedError } from './failure.ts'

/** How the events of long work are shown. */
export interface Show<Event> {
  readonly event: (event: Event) => void
  /** Leaves the terminal in order. */
  readonly end: () => void
}

export const print = (line: string) => void process.stdout.write(`${line}\n`)

/** Each event as a line of JSON. */
export const showJson: Show<unknown> = { event: event => print(JSON.stringify(event)), end: () => {} }

/** Work that writes into the folder `out`. */
export async function shownWork(out: string, show: Show<never>, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof InterruptedError) error.message = `cancelled: the same command goes on with what is in ${out}`
    throw error
  } finally {
    show.end()
  }
}
