/**
 * train/: the three stages, the two initialisations that they start from, fine-tuning in whole and with LoRA, on one
 * machine and on many. Everything long is a stream of events.
 *
 * Reading order: `train.ts` (a run from its recipe to its model), `events.ts` (what it tells), `recipe/`, `stages.ts`,
 * `run/loop.ts`; then by interest `objective/` (what is minimised), `optimiser/`, `data/`, `parallel/`, `merge/`,
 * `quantise/`, `watch/`.
 */
export { checkRecipeData } from './checkRecipeData.ts'
export type * from './events.ts'
export type { MergeReport } from './merge/events.ts'
export { type MergeOptions, merge } from './merge/merge.ts'
export { openProcesses } from './parallel/open.ts'
export { type Processes, singleProcess } from './parallel/processes.ts'
export { formatPlan, PlanError, planRun, type RunPlan } from './plan.ts'
export type { QuantiseEvent, QuantiseReport } from './quantise/events.ts'
export { type QuantiseModelOptions, quantiseModel } from './quantise/quantise.ts'
export { parseRecipe, type Recipe, RecipeError, readRecipe, writeRecipe } from './recipe/index.ts'
export { type SelfTest, selfTest } from './selfTest.ts'
export { TrainingError, type TrainOptions, train } from './train.ts'
export { readLog } from './watch/log.ts'
