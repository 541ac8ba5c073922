/**
 * Ctrl-C: the first asks a command to stop, and it stops cleanly if it can do so soon; the second, or too long a wait,
 * ends the process as the system would. Knows no command.
 */
import { InterruptedError } from './failure.ts'

/** An engine in the middle of a step cannot be stopped: so long it is waited for. */
export const PATIENCE_MS = 2000

const signals = ['SIGINT', 'SIGTERM'] as const

/**
 * Watches for Ctrl-C and gives the signal that it aborts, with an InterruptedError as its reason. A command that stops at
 * the end of something long says how long it may take.
 */
export function watchInterrupts(patienceMs = PATIENCE_MS): AbortSignal {
  const controller = new AbortController()
  for (const signal of signals) {
    process.on(signal, () => {
      if (controller.signal.aborted) leaveBy(signal)
      controller.abort(new InterruptedError(signal))
      setTimeout(() => leaveBy(signal), patienceMs).unref()
    })
  }
  return controller.signal
}

/** Ends the process at once, so that the shell sees why. */
export function leaveBy(signal: (typeof signals)[number]): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
