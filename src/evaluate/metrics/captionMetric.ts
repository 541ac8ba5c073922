/**
 * Metrics of captions: texts become tokens here, and each metric sees tokens alone. Knows no scores.
 */
import { type Captions, captionTokens } from './captionTokens.ts'
import { type Measure, type Metric, referencesOf, type TextItem } from './metric.ts'

/** A caption and the captions of people, in tokens. */
export interface TokenItem {
  readonly prediction: readonly string[]
  /** At least one. */
  readonly references: readonly (readonly string[])[]
}

/** Makes a metric of texts of one of tokens. The id says the language where it is not English: `cider-zh`. */
export function captionMetric(
  id: string,
  captions: Captions,
  measure: (items: readonly TokenItem[]) => readonly Measure[],
  { best = 1, figure }: { readonly best?: number; readonly figure?: NonNullable<Metric<TextItem>['figure']> } = {},
): Metric<TextItem> {
  const tokens = captionTokens(captions)
  const tokenItem = (item: TextItem): TokenItem => ({
    prediction: tokens(item.prediction),
    references: referencesOf(item).map(tokens),
  })
  return {
    id: captions === 'en' ? id : `${id}-${captions}`,
    best,
    measure: items => measure(items.map(tokenItem)),
    ...(figure === undefined ? {} : { figure }),
  }
}
