/**
 * benchmarks/: asks models what is known, and says how well they answer. Knows no command line.
 *
 * Reading order: `benchmark.ts` (what a benchmark is) and `nano/nanoBench.ts` (one); `answerer.ts` with
 * `modelAnswerer.ts` and `prompt.ts` (who answers); `evaluate.ts` with `chooseItems.ts`, `batches.ts` and `answerFile.ts`
 * (asking); `answerMetrics.ts`, `majority.ts` and `table.ts` (scoring); `tableText.ts`, `report.ts` and `worstPage.ts`
 * (what people look at).
 */
export { type Answerer, type AnswerOptions, withoutSight } from './answerer.ts'
export * from './benchmark.ts'
export { benchmarks } from './benchmarks.ts'
export { blindColumn, type Contestant, type EvaluateOptions, type EvaluationEvent, evaluate } from './evaluate.ts'
export { openModelAnswerer } from './modelAnswerer.ts'
export { majorityColumn, parseTable, type Table, type TableRow } from './table.ts'
export { aimsLine, tableLines, tableMarkdown } from './tableText.ts'
export { writeReport } from './writeReport.ts'
