/** What happens in a run besides its steps, in words, and without saying the same thing for ever. Writes nothing itself. */
import { formatBytes } from '../../checkpoint/storedType.ts'
import type {
  EvaluationEvent,
  RefusedEvent,
  SampleEvent,
  StartEvent,
  StepEvent,
  TrainingEvent,
  WarningEvent,
} from '../events.ts'
import { showDuration, showFigure, showText, showWhole } from './wording.ts'

type Remark = Exclude<TrainingEvent, StartEvent | StepEvent | { type: 'end' }>

/** So many refused samples are named; then only their number is told, each time it has doubled. */
const named = 5

/** So often one warning is repeated. */
const repeated = 3

/** Most lines that are shown of a sample. */
const mostLines = 12

/** Most different warnings whose repetitions are counted. */
const mostWarnings = 1000

/** Puts events into words, and remembers what was said. */
export class Remarks {
  readonly #warnings = new Map<string, number>()
  #refused = 0
  #told = 0

  /** The lines to show for an event: none, or one; of a sample several. */
  of(event: Remark): string[] {
    switch (event.type) {
      case 'evaluation':
        return [evaluationLine(event)]
      case 'checkpoint': {
        const { step, path, bytes, milliseconds } = event
        return [
          `step ${showWhole(step)}: saved ${showText(path)} (${formatBytes(bytes)}, ${showDuration(milliseconds)})`,
        ]
      }
      case 'sample':
        return sampleLines(event)
      case 'refused':
        return this.#refusal(event)
      case 'warning':
        return this.#warning(event)
      default:
        return event satisfies never
    }
  }

  /** What is left to say when the run has ended. */
  last(): string[] {
    return this.#refused > this.#told ? [`${showWhole(this.#refused)} samples were left out in all`] : []
  }

  #refusal({ sample, reason, count }: RefusedEvent): string[] {
    this.#refused = count
    if (count > named && count < 2 * this.#told) return []
    this.#told = count
    if (count <= named) return [`left out ${showText(sample)}: ${showText(reason)}`]
    return [`${showWhole(count)} samples left out so far, the latest ${showText(sample)}: ${showText(reason)}`]
  }

  #warning({ step, message }: WarningEvent): string[] {
    const times = (this.#warnings.get(message) ?? 0) + 1
    if (this.#warnings.size < mostWarnings || this.#warnings.has(message)) this.#warnings.set(message, times)
    if (times > repeated) return []
    const note = times === repeated ? ' (not repeated from here on)' : ''
    return [`step ${showWhole(step)}: warning: ${showText(message)}${note}`]
  }
}

/** A look at what is taught, moved in by two spaces. */
function sampleLines({ sample, text }: SampleEvent): string[] {
  const lines = text.trimEnd().split(/\r?\n/)
  const shown = lines.slice(0, mostLines).map(line => `  ${showText(line)}`)
  const rest = lines.length > mostLines ? [`  … and ${lines.length - mostLines} more lines`] : []
  return [`the first sample, ${showText(sample)}, with what is learnt in [[…]]:`, ...shown, ...rest]
}

function evaluationLine({ step, loss, tasks, best }: EvaluationEvent): string {
  const each = Object.entries(tasks).map(([name, task]) => `${showText(name)} ${showFigure(task.loss)}`)
  const list = each.length > 1 ? ` (${each.slice(0, 8).join(', ')}${each.length > 8 ? ', …' : ''})` : ''
  return `step ${showWhole(step)}: evaluation loss ${showFigure(loss)}${list}${best ? ', the best so far' : ''}`
}
