/**
 * POPE: questions whether a thing is in the picture, half of them about things that are not there.
 *
 * Source: Y. Li et al., arXiv 2305.10355, with evaluate.py of RUCAIBox/POPE.
 */
import type { Metric } from './metric.ts'

export interface YesNoItem {
  readonly prediction: string
  readonly label: 'yes' | 'no'
}

export type PopeFigure = 'accuracy' | 'precision' | 'recall' | 'f1' | 'yes-ratio'

/**
 * What an answer says, as the reference takes it: `no` if the text before the first point, without commas, has one of
 * the words `No`, `no`, `not`, written exactly so between blanks; `yes` otherwise, whatever it says.
 */
export function popeAnswer(text: string): 'yes' | 'no' {
  const said = (text.split('.')[0] as string).replaceAll(',', '').split(' ')
  return said.some(word => word === 'No' || word === 'no' || word === 'not') ? 'no' : 'yes'
}

/**
 * A figure over all questions, `yes` being the positive answer; 0 where there is nothing to divide by. The score of a
 * sample is whether it is right. Counts: right and wrong `yes`, right and wrong `no`.
 */
export const pope = (figure: PopeFigure = 'f1'): Metric<YesNoItem> => ({
  id: `pope-${figure}`,
  best: 1,
  measure: items =>
    items.map(({ prediction, label }) => {
      const answer = popeAnswer(prediction)
      const right = answer === label
      const said = (what: string, whether: boolean) => Number(answer === what && right === whether)
      const counts = [said('yes', true), said('yes', false), said('no', true), said('no', false)]
      return { score: Number(right), counts }
    }),
  figure: ([rightYes = 0, wrongYes = 0, rightNo = 0, wrongNo = 0], samples) => {
    const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
    switch (figure) {
      case 'accuracy':
        return share(rightYes + rightNo, samples)
      case 'precision':
        return share(rightYes, rightYes + wrongYes)
      case 'recall':
        return share(rightYes, rightYes + wrongNo)
      case 'f1':
        return share(2 * rightYes, 2 * rightYes + wrongYes + wrongNo)
      case 'yes-ratio':
        return share(rightYes + wrongYes, samples)
    }
  },
})
