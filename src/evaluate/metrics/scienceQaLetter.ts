/**
 * Which option an answer to ScienceQA chooses. Knows no scores.
 *
 * Source: llava/eval/eval_science_qa.py of haotian-liu/LLaVA.
 */

const letters = 'ABCDE'
const statement = /The answer is ([A-Z])\./g

/**
 * The letter, if it is one of the first `options`: the whole answer is it, or it begins with `B. `, or it says `The answer
 * is B.` exactly once. Undefined otherwise, which is wrong.
 */
export function scienceQaLetter(answer: string, options: number): string | undefined {
  const stated = [...answer.matchAll(statement)]
  const letter =
    answer.length === 1
      ? answer
      : (/^([A-Z])\. /.exec(answer)?.[1] ?? (stated.length === 1 ? stated[0]?.[1] : undefined))
  return letter !== undefined && letters.slice(0, options).includes(letter) ? letter : undefined
}
