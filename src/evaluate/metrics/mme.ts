/**
 * MME: two questions about each picture, the answer to one being yes and to the other no.
 *
 * Source: C. Fu et al., arXiv 2306.13394, with the benchmark's eval_tool/calculation.py.
 */
import { MetricError } from './errors.ts'
import type { Metric } from './metric.ts'
import type { YesNoItem } from './pope.ts'

/** The subtasks whose figures are added up: 2,000 points at most for perception, 800 for cognition. */
export const mmeTasks = {
  perception: [
    'existence',
    'count',
    'position',
    'color',
    'posters',
    'celebrity',
    'scene',
    'landmark',
    'artwork',
    'OCR',
  ],
  cognition: ['commonsense_reasoning', 'numerical_calculation', 'text_translation', 'code_reasoning'],
} as const

/** One picture with its questions. */
export interface MmeItem {
  readonly questions: readonly YesNoItem[]
}

/**
 * What an answer says by its first four characters in lower case: `yes` or `no` if they hold it (so do `none` and `not
 * really`), else `other`, which is wrong.
 */
export function mmeAnswer(text: string): 'yes' | 'no' | 'other' {
  const start = [...text.toLowerCase()].slice(0, 4).join('')
  return start.includes('yes') ? 'yes' : start.includes('no') ? 'no' : 'other'
}

/**
 * The figure of a subtask, 0 … 200: `100 · right answers / questions + 100 · pictures with all right / pictures`. The
 * score of a picture is the same of it alone. Counts: right answers, questions, pictures with all right.
 */
export const mme: Metric<MmeItem> = {
  id: 'mme',
  best: 200,
  measure: items =>
    items.map(({ questions }, at) => {
      if (questions.length === 0) throw new MetricError(`mme: picture ${at} has no questions: give both of it`)
      const right = questions.filter(({ prediction, label }) => mmeAnswer(prediction) === label).length
      const counts = [right, questions.length, Number(right === questions.length)]
      return { score: points(counts, 1), counts }
    }),
  figure: (sums, pictures) => points(sums, pictures),
}

const points = ([right = 0, questions = 0, all = 0]: readonly number[], pictures: number) =>
  (100 * right) / questions + (100 * all) / pictures
