/**
 * The short answer in a sentence, as the official evaluation of GQA cuts it out. Knows no scores: exact match is taken
 * of what comes out.
 *
 * Source: the post-processing of QwenLM/Qwen-VL, eval_mm/evaluate_vqa.py.
 */

/** Cut out in this order. They are pieces of text, not words: `is ` is found in `this ` too, as it is there. */
const beforeAnswer = ['is ', 'are ', 'a ', 'an ', 'the ']

/**
 * The text before the first `.`, `,` or `!`, in lower case; of it what stands between the first two `is `, then the same
 * for `are `, `a `, `an `, `the `; and of that the part before ` of`.
 *
 *     gqaAnswer('The animal is a dog of some kind, I think.') // 'dog'
 */
export function gqaAnswer(text: string): string {
  let answer = (text.split(/[.,!]/)[0] as string).toLowerCase()
  for (const mark of beforeAnswer) answer = answer.split(mark)[1] ?? answer
  return answer.split(' of')[0] as string
}
