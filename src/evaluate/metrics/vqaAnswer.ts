/**
 * Answers of VQA made comparable: without punctuation and articles, numbers as digits, contractions with their
 * apostrophes. Knows no scores (`vqaAccuracy.ts`).
 *
 * Source: vqaEval.py of GT-Vision-Lab/VQA, and its copy in QwenLM/Qwen-VL, eval_mm/vqa_eval.py.
 */
import { strip, words } from './pythonText.ts'
import { vqaContractions } from './vqaContractions.ts'

const punctuation = [...';/[]"{}()=+\\_-><@`,?!']
const commaInNumber = /\p{Nd},\p{Nd}/u
const point = /\.(?!\p{Nd})/gu
/** The original passes the number of a flag where the number of replacements belongs: only so many points go. */
const mostPoints = 32

const digits = new Map(
  ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].map((word, at) => [
    word,
    String(at),
  ]),
).set('none', '0')
const articles = new Set(['a', 'an', 'the'])

/** Line breaks and tabs become blanks, and the ends are stripped. */
export const vqaLine = (text: string): string => strip(text.replace(/[\n\t]/g, ' '))

/**
 * A mark that has a blank beside it anywhere is deleted, others become blanks; a comma between two digits anywhere has all
 * marks deleted. Points go unless a digit follows.
 */
export function withoutPunctuation(text: string): string {
  const deleteAll = commaInNumber.test(text)
  let result = text
  for (const mark of punctuation) {
    const free = deleteAll || text.includes(`${mark} `) || text.includes(` ${mark}`)
    result = result.replaceAll(mark, free ? '' : ' ')
  }
  let left = mostPoints
  return result.replace(point, found => (left-- > 0 ? '' : found))
}

/** Lower case, `two` → `2`, no articles, `isnt` → `isn't`; single blanks. */
export const withoutArticles = (text: string): string =>
  words(text.toLowerCase())
    .map(word => digits.get(word) ?? word)
    .filter(word => !articles.has(word))
    .map(word => vqaContractions.get(word) ?? word)
    .join(' ')

/** All of it: `vqaAnswer('Two dogs, on the sofa.')` is `'2 dogs on sofa'`. */
export const vqaAnswer = (text: string): string => withoutArticles(withoutPunctuation(vqaLine(text)))

/**
 * The same as the evaluation server of TextVQA and VizWiz has it: commas and question marks go first, and `'s` becomes a
 * word of its own. Source: EvalAIAnswerProcessor of facebookresearch/mmf.
 */
export const evalAiAnswer = (text: string): string =>
  vqaAnswer(strip(text.toLowerCase().replace(/[,?]/g, '').replaceAll("'s", " 's")))
