/** What can go wrong when answers are scored. Knows nothing of models: a wrong answer is a score, never an error. */

/** The samples cannot be scored: there are none, or one lacks what the metric compares with. The message says which. */
export class MetricError extends Error {
  override readonly name = 'MetricError'
}
