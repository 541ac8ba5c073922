/**
 * ANLS, the average normalised Levenshtein similarity of DocVQA and InfographicsVQA: part of the score for part of the
 * text, nothing below one half.
 *
 * Source: the organisers' script, as in QwenLM/Qwen-VL, eval_mm/infographicsvqa_eval.py.
 */
import { meanMetric, referencesOf, type TextItem } from './metric.ts'
import { length, words } from './pythonText.ts'

const THRESHOLD = 0.5

/**
 * `1 − min over references of edits / longer length`, or 0 where that is below 0.5. Edits are counted in lower case with
 * every space made one blank, the lengths are those of the texts as they came: the reference does so.
 */
export const anls = meanMetric<TextItem>('anls', item => {
  const answer = item.prediction
  const distances = referencesOf(item).map(reference => {
    const longer = Math.max(length(answer.toUpperCase()), length(reference.toUpperCase()))
    return longer === 0 ? 0 : editDistance([...plain(reference)], [...plain(answer)]) / longer
  })
  const similarity = 1 - Math.min(...distances)
  return similarity < THRESHOLD ? 0 : similarity
})

const plain = (text: string) => words(text.toLowerCase()).join(' ')

/** Characters to insert, delete or replace (Levenshtein), in memory of one row. */
function editDistance(from: readonly string[], to: readonly string[]): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const [above, left, corner] = [row[j] as number, next[j - 1] as number, row[j - 1] as number]
      next.push(from[i - 1] === to[j - 1] ? corner : 1 + Math.min(above, left, corner))
    }
    row = next
  }
  return row[to.length] as number
}
