/** An evaluation as it goes: lines for people, with the table at the end, or events for programs. Asks nobody. */
import type { EvaluationEvent } from '../evaluate/benchmarks/index.ts'

/** Shows events as they come. Close it at the end, whatever happened: it leaves the terminal in order. */
export interface Show {
  readonly event: (event: EvaluationEvent) => void
  readonly close: () => void
}

/** A line of JSON for each event. Programs get the table alone at the end: answers lie in `results.jsonl`. */
export const showEventsAsJson: Show = {
  event: event => {
    const shown = event.type === 'end' ? { type: event.type, table: event.table } : event
    process.stdout.write(`${JSON.stringify(shown)}\n`)
  },
  close: () => {},
}

/** Without a terminal, so much of the items between two lines of progress. */
const linePart = 0.1

/** Progress on standard error, the table on standard output. */
export async function showEventsAsLines(): Promise<Show> {
  const [{ aimsLine, tableLines }, { Pace }, { LineWriter, TerminalWriter }, { showDuration, showText, showWhole }] =
    await Promise.all([
      import('../evaluate/benchmarks/index.ts'),
      import('../train/watch/pace.ts'),
      import('../train/watch/progressWriter.ts'),
      import('../train/watch/wording.ts'),
    ])
  const { stderr } = process
  const writer = stderr.isTTY ? new TerminalWriter(stderr) : new LineWriter(stderr)
  const pace = new Pace()
  let told = 0
  return {
    event(event) {
      switch (event.type) {
        case 'start': {
          const before = event.answered === 0 ? '' : `, ${showWhole(event.answered)} answered before`
          writer.line(`${showText(event.name)}: ${showWhole(event.items)} items${before}`)
          writer.begin(event.answered, event.items)
          pace.begin(event.answered, Date.now())
          told = event.answered
          return
        }
        case 'progress': {
          pace.add(event.answered, Date.now())
          const left = pace.timeLeft(event.items)
          const text = left === undefined || event.answered === event.items ? '' : `${showDuration(left)} left`
          if (writer.isLive) return writer.step(event.answered, text)
          if (event.answered - told < linePart * event.items && event.answered < event.items) return
          told = event.answered
          return writer.line(`${showWhole(event.answered)}/${showWhole(event.items)}${text === '' ? '' : `  ${text}`}`)
        }
        case 'note':
          return writer.line(showText(event.message))
        case 'end': {
          writer.finish()
          const aims = aimsLine(event.table)
          for (const line of tableLines(event.table)) process.stdout.write(`${showText(line)}\n`)
          if (aims !== undefined) process.stdout.write(`\n${aims}\n`)
          return
        }
        default:
          return event satisfies never
      }
    },
    close: () => writer.finish(),
  }
}
