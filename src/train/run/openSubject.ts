/** From a recipe to what it trains: one line for each objective. */
import type { Runtime } from '../../runtime/runtime.ts'
import type { Processes } from '../parallel/processes.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { PairSubject } from './pairSubject.ts'
import type { Subject } from './subject.ts'
import { TokenSubject } from './tokenSubject.ts'

/** Opens everything that the recipe names. */
export async function openSubject(recipe: Recipe, runtime: Runtime, processes: Processes): Promise<Subject> {
  return recipe.objective === 'contrastive'
    ? PairSubject.open(recipe, runtime, processes)
    : TokenSubject.open(recipe, runtime, processes)
}
