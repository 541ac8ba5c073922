/**
 * English text as Penn Treebank tokens, in the form that the COCO caption evaluation expects: what Stanford's
 * PTBTokenizer of 2014 (CoreNLP 3.4.1, `-preserveLines -lowerCase`) makes of a line. Knows no scores; `captionTokens.ts`
 * leaves the punctuation out.
 *
 * At each place all forms of `ptbForms.ts` are tried, and the longest match counts; of equally long ones, the first.
 * They are written from the Treebank's conventions and from what that program is documented to do and answers; none of
 * its code is here. Captions and the awkward texts of the tests agree exactly; telephone numbers, rare abbreviations and
 * the like may differ. British spelling is left as it is, as the captions with `grey` and `licence` show.
 */
import { ptbForms } from './ptbForms.ts'

/**
 * The tokens of one line in lower case. Characters that the program drops, such as emoji, are dropped.
 *
 *     ptbTokens("A man's dog isn't (really) asleep.")
 *     // ['a', 'man', "'s", 'dog', 'is', "n't", '-lrb-', 'really', '-rrb-', 'asleep', '.']
 */
export function ptbTokens(line: string): string[] {
  const tokens: string[] = []
  let at = 0
  while (at < line.length) {
    let longest = 0
    let next = at + 1
    let token: string | undefined
    for (const { pattern, write, pointAgain } of ptbForms) {
      pattern.lastIndex = at
      const match = pattern.exec(line)
      if (match === null) continue
      const length = match[0].length + (match.groups?.['then']?.length ?? 0)
      if (length <= longest) continue
      longest = length
      token = write?.(match[0]) ?? match[0]
      next = at + match[0].length - (pointAgain ? 1 : 0)
    }
    if (token !== undefined) tokens.push(token.toLowerCase())
    at = next
  }
  return tokens
}
