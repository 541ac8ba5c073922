/**
 * What a model would best say that looks at nothing and knows only which answers are frequent. A figure that is no
 * better than this shows no sight.
 */
import { boxUnits, parseMarkup, type UnitBox, writeBoxes } from '../../text/index.ts'
import type { Answered, BenchmarkItem, BenchmarkTask } from './benchmark.ts'
import { plainAnswer } from './plainAnswer.ts'

/**
 * The same answer to all items, which are of one task and one language: the most frequent of the best references (the
 * first of equals), or the mean of their boxes. Undefined for a task without such an answer.
 */
export function majorityAnswers(
  { majority }: Pick<BenchmarkTask, 'majority'>,
  items: readonly BenchmarkItem[],
): readonly Answered[] | undefined {
  if (majority === undefined || items.length === 0) return undefined
  const right = items.map(({ references }) => references[0] as string)
  const prediction = majority === 'box' ? meanBox(right) : mostFrequent(right)
  return prediction === undefined ? undefined : items.map(item => ({ item, prediction }))
}

function mostFrequent(answers: readonly string[]): string {
  const counts = new Map<string, { answer: string; count: number }>()
  for (const answer of answers) {
    const plain = plainAnswer(answer)
    counts.set(plain, { answer, count: (counts.get(plain)?.count ?? 0) + 1 })
  }
  return [...counts.values()].reduce((most, each) => (each.count > most.count ? each : most)).answer
}

function meanBox(answers: readonly string[]): string | undefined {
  const boxes = answers.flatMap(answer => parseMarkup(answer).boxes.map(({ box }) => box))
  if (boxes.length === 0) return undefined
  const mean = (side: keyof UnitBox) =>
    Math.min(boxUnits, boxes.reduce((sum, box) => sum + box[side], 0) / boxes.length)
  return writeBoxes([{ x1: mean('x1'), y1: mean('y1'), x2: mean('x2'), y2: mean('y2') }])
}
