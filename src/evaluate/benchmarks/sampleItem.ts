/** Items out of samples: what the assistant says last is what is asked for. Knows no files and no metrics. */
import type { Sample, SampleTurn } from '../../corpus/sample.ts'
import { BenchmarkError, type BenchmarkItem } from './benchmark.ts'

/**
 * The item of a sample: all turns but the last are given, and the last one and `references` are right. Throws a
 * BenchmarkError for a sample that does not end with an answer to the user.
 */
export function sampleItem(
  sample: Sample,
  { id, task }: { readonly id: string; readonly task: string },
): BenchmarkItem {
  const { format, numbering, language, pictures, turns } = sample
  const [last, before] = [turns.at(-1), turns.at(-2)]
  const answer = last === undefined ? '' : turnText(last)
  if (last?.role !== 'assistant' || before?.role !== 'user' || answer === '') {
    throw new BenchmarkError(`${id} asks nothing: it must end with the user's question and the assistant's answer`)
  }
  const references = [...new Set([answer, ...(sample.references ?? []).map(text => text.trim())])]
  return {
    ...{ id, task, format, pictures, references },
    ...(numbering === undefined ? {} : { numbering }),
    ...(language === undefined ? {} : { language }),
    turns: turns.slice(0, -1),
  }
}

/** What a turn says, without its pictures. */
export const turnText = ({ parts }: SampleTurn): string =>
  parts
    .map(part => ('text' in part ? part.text : ''))
    .join('')
    .trim()
