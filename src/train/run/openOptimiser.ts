/** The optimiser of a recipe, holding what is trained with its first values. */
import type { QwenVLConfig } from '../../model/index.ts'
import { parameterGroups } from '../optimiser/groups.ts'
import { Optimiser } from '../optimiser/optimiser.ts'
import type { Processes } from '../parallel/processes.ts'
import type { Recipe } from '../recipe/recipe.ts'
import type { Trained } from './trained.ts'

/** Throws what the optimiser throws for a model that does not fit into memory. */
export async function openOptimiser(
  { optimiser: settings, train }: Recipe,
  { shapes, values }: Pick<Trained, 'shapes' | 'values'>,
  { visual }: QwenVLConfig,
  processes: Processes,
): Promise<Optimiser> {
  const { beta1, beta2, epsilon, decay, clip, exclude } = settings
  const { rates, visionDecay } = train
  const groups = parameterGroups(shapes, [...shapes.keys()], { exclude, rates, visionDecay }, visual.layers)
  const optimiser = new Optimiser(groups, { beta1, beta2, epsilon, decay, clip }, processes)
  for (const name of shapes.keys()) optimiser.parameters[name]?.data.set(await values(name))
  return optimiser
}
