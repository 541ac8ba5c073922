/**
 * What a recipe trains of a model: which tensors with which first values, and how linear layers are made for it. A model
 * itself in part or whole, or an adapter beside it. Knows no data.
 */
import { type LinearLayer, plainLinear, type Tensor } from '../../graph/index.ts'
import {
  initialLora,
  type LinearSize,
  LORA_A,
  LORA_B,
  linearLayers,
  loraLinear,
  matchTargets,
} from '../../model/lora.ts'
import type { LoraRecipe, Recipe } from '../recipe/recipe.ts'
import { partOfParameter, type Stage, trainedNames } from '../stages.ts'
import type { Origin } from './origin.ts'

/** What is trained, without values. */
export interface TrainedShapes {
  /** Everything that is trained, with its shape. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /** How linear layers are made; `seed` is there in training, for dropout. Undefined: plainly. */
  readonly linear: ((seed: Tensor | undefined) => LinearLayer) | undefined
}

export interface Trained extends TrainedShapes {
  /** First values. */
  values(name: string): Promise<Float32Array>
}

type Described = Pick<Origin, 'config' | 'shapes'>

/**
 * What a recipe trains. `base` makes the frozen layers beside which an adapter is put. Throws a RangeError where nothing
 * is trained, or a pattern or target matches nothing.
 */
export function trainedShapes(recipe: Recipe, model: Described, base: LinearLayer = plainLinear): TrainedShapes {
  const { lora } = recipe
  if (lora) return adapterShapes(lora, model, base)
  const names = [...model.shapes.keys()]
  const isLanguage = recipe.objective === 'language'
  const own = isLanguage ? names.filter(name => partOfParameter(name) === 'language') : names
  const trained = trainedNames(own, { ...recipe.train, stage: isLanguage ? 2 : (recipe.stage as Stage) })
  return {
    shapes: new Map(trained.map(name => [name, model.shapes.get(name) as readonly number[]])),
    linear: undefined,
  }
}

/** An adapter of low rank beside the layers that `targets` names, and what is trained whole. */
function adapterShapes(lora: LoraRecipe, { config, shapes: all }: Described, base: LinearLayer): TrainedShapes {
  const layers = linearLayers(config)
  const paths = new Set(matchTargets(lora.targets, layers.keys()))
  const shapes = new Map<string, readonly number[]>()
  for (const path of paths) {
    const size = layers.get(path) as LinearSize
    shapes.set(`${path}.${LORA_A}`, [lora.rank, size.in])
    shapes.set(`${path}.${LORA_B}`, [size.out, lora.rank])
  }
  for (const name of savedWhole(lora.save, [...all.keys()])) shapes.set(name, all.get(name) as readonly number[])
  const scale = lora.alpha / lora.rank
  return {
    shapes,
    linear: seed =>
      loraLinear(base, {
        rankOf: path => (paths.has(path) ? lora.rank : undefined),
        scaleOf: () => scale,
        ...(seed && lora.dropout > 0 && { dropout: { probability: lora.dropout, seed } }),
      }),
  }
}

/** The same with first values: of the model, and for an adapter such that it adds nothing yet. */
export function openTrained(recipe: Recipe, origin: Origin, base: LinearLayer): Trained {
  const { lora, seed } = recipe
  const layers = lora && linearLayers(origin.config)
  return {
    ...trainedShapes(recipe, origin, base),
    async values(name) {
      const path = name.replace(/\.lora_[AB]\.weight$/, '')
      if (!lora || path === name) return (await origin.tensor(name)).readAs('float32')
      const { a, b } = initialLora(path, lora.rank, layers?.get(path) as LinearSize, seed)
      return name.endsWith(LORA_A) ? a : b
    },
  }
}

/** The parameters of modules by name: all those of `wte`, or of `transformer.wte`. Throws a RangeError for no match. */
export function savedWhole(modules: readonly string[], names: readonly string[]): string[] {
  return modules.flatMap(module => {
    const found = names.filter(name => {
      const path = name.replace(/\.[^.]+$/, '')
      return path === module || path.endsWith(`.${module}`)
    })
    if (found.length > 0) return found
    throw new RangeError(`lora.save: the model has no module ${module}; wte and lm_head are usual`)
  })
}
