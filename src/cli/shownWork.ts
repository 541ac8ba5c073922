/** What the commands of long work have in common: events are shown, and who ends one is told what is left of it. */
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

/** A line on standard error that the next one takes the place of, on terminals only. */
export function wait(text: string): void {
  const { stderr } = process
  if (stderr.isTTY) stderr.write(`\r\u001b[K${text}`)
}

/** Does the work; `cancelled` is what who ends it is told. */
export async function shownWork(cancelled: string, show: Show<never>, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof InterruptedError) error.message = cancelled
    throw error
  } finally {
    show.end()
  }
}
