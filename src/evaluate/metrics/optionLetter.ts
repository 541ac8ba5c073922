/**
 * Which of the options A, B, C … a free answer chooses, without a model that judges. Knows no scores.
 *
 * Source: can_infer of open-compass/VLMEvalKit, vlmeval/utils/matching_util.py.
 */
import { length, words } from './pythonText.ts'

/** What the answers of services say that did not answer. */
const failure = 'Failed to obtain answer via API'
const refusals = [
  "Sorry, I can't help with images of people yet.",
  "I can't process this file.",
  "I'm sorry, but without the image provided",
  'Cannot determine the answer',
]

/**
 * The letter of the option, `Z` for a refusal, undefined where the answer does not say it. In this order: the only letter
 * of the options that is a word of its own, if it is among the last four words; the letter after `answer is`; the only
 * option whose text the answer holds.
 *
 *     optionLetter('The answer is (B).', { A: 'a dog', B: 'a cat' }) // 'B'
 *     optionLetter('a cat', { A: 'a dog', B: 'a cat' })              // 'B'
 */
export function optionLetter(answer: string, options: Readonly<Record<string, string>>): string | undefined {
  return letterIn(answer, Object.keys(options)) ?? textIn(answer.toLowerCase(), options)
}

/** How many words from the end a letter counts: before, `A` may be an article. */
const lastWords = 4
const explicit = /answer\s+is\s+\**([A-Z])(?![\p{L}\p{N}])/u

function letterIn(answer: string, letters: readonly string[]): string | undefined {
  if (answer.includes(failure)) return undefined
  if (refusals.some(refusal => answer.includes(refusal))) return 'Z'
  const said = words(answer.replace(/[.()[\],:;!*#{}]/g, ' '))
  const found = letters.filter(letter => said.includes(letter))
  const [only] = found
  if (only === undefined && said.includes('Z')) return 'Z'
  if (found.length === 1 && only !== undefined && said.indexOf(only) >= said.length - lastWords) return only
  const stated = explicit.exec(answer)?.[1]
  return stated !== undefined && letters.includes(stated) ? stated : undefined
}

/** The only option whose text the answer holds, unless the answer is more than twice as long as all options. */
function textIn(answer: string, options: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(options)
  if (length(answer) > 2 * entries.reduce((sum, [, text]) => sum + length(text), 0)) return undefined
  const found = entries.filter(([, text]) => answer.includes(text.toLowerCase()))
  return found.length === 1 ? found[0]?.[0] : undefined
}
