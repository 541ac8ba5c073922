/**
 * Training on the next token, put together from a recipe: the three stages, fine-tuning in whole or with LoRA, and a
 * language model from nothing. Ties data, model, optimiser and files together, and runs no loop.
 */
import { join } from 'node:path'
import { type OpenedSource, openSources } from '../../corpus/sources/openSources.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { StepData } from '../data/batch.ts'
import { checkData } from '../data/checkData.ts'
import { encodePieces } from '../data/encode.ts'
import type { FeatureFolder } from '../data/featureFiles.ts'
import { DataLoader, type DataLoaderOptions } from '../data/loader.ts'
import { StepPlanner } from '../data/plan.ts'
import { QwenVLObjective } from '../objective/qwenVL.ts'
import { cutFor, entryShape } from '../objective/stepGraph.ts'
import type { Optimiser } from '../optimiser/optimiser.ts'
import type { Processes } from '../parallel/processes.ts'
import { batchShape, sizesFor } from '../recipe/forModel.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { chatFormatOf, withChatFormat } from './chatFormat.ts'
import { countSteps } from './countSteps.ts'
import { eyesFingerprint, type FrozenBase, openFrozenBase } from './frozenBase.ts'
import { openOptimiser } from './openOptimiser.ts'
import { type Companions, type Origin, openOrigin } from './origin.ts'
import { type Product, productOf } from './product.ts'
import { countNumbers, firstSamples, type Loader, type LoaderOptions, type StepSize, type Subject } from './subject.ts'
import { openTrained, type Trained } from './trained.ts'

interface Parts {
  readonly recipe: Recipe
  readonly processes: Processes
  readonly origin: Origin
  readonly base: FrozenBase
  readonly trained: Trained
  readonly optimiser: Optimiser
  readonly objective: QwenVLObjective
  readonly sources: readonly OpenedSource[]
  readonly features: FeatureFolder | undefined
}

export class TokenSubject implements Subject<StepData> {
  readonly #parts: Parts
  readonly #product: Product
  readonly objective: QwenVLObjective
  readonly optimiser: Optimiser
  readonly parameters: number
  readonly companions: Companions

  private constructor(parts: Parts) {
    this.#parts = parts
    const { recipe, origin } = parts
    this.objective = parts.objective
    this.optimiser = parts.optimiser
    this.parameters = countNumbers(origin.shapes.values())
    this.companions = recipe.lora ? {} : withChatFormat(origin.companions, chatFormatOf(recipe), origin.tokenizer)
    this.#product = productOf(parts, this.companions)
  }

  /** Opens everything that a recipe names. Rejects with what is wrong with it, and leaves nothing open then. */
  static async open(recipe: Recipe, runtime: Runtime, processes: Processes): Promise<TokenSubject> {
    const origin = await openOrigin(recipe.model, recipe.seed)
    try {
      const sources = await openSources(recipe.data)
      const base = await openFrozenBase(origin, recipe)
      const trained = openTrained(recipe, origin, base.linear)
      const names = [...trained.shapes.keys()]
      const { resolution, sequence } = sizesFor(recipe, origin.config)
      const features = await featureFolder(recipe, origin, names)
      const optimiser = await openOptimiser(recipe, trained, origin.config, processes)
      const { rowsAtOnce } = batchShape(recipe, processes.size)
      const objective = await QwenVLObjective.open({
        runtime,
        config: origin.config,
        memory: optimiser,
        trained: names,
        load: base.load,
        size: resolution,
        positions: rowsAtOnce * sequence,
        recompute: recipe.recompute,
        pictures: recipe.objective === 'qwen-vl',
        ...(trained.linear && { linear: trained.linear }),
        ...(features && { cache: features.folder }),
      })
      return new TokenSubject({ recipe, processes, origin, base, trained, optimiser, objective, sources, features })
    } catch (error) {
      await origin.dispose()
      throw error
    }
  }

  /** Trained values and their two moments; what is frozen is written once. */
  get snapshotBytes(): number {
    return 3 * 4 * countNumbers(this.#parts.trained.shapes.values())
  }

  /** Steps that the recipe asks for; passes over the data are counted. */
  async steps(): Promise<number> {
    const { recipe, sources } = this.#parts
    if (recipe.steps !== undefined) return recipe.steps
    const epochs = recipe.epochs ?? 1
    const { tokenizer, sequence, packing, batch, seed } = this.#loading()
    const encode = (sample: Parameters<typeof encodePieces>[1]) => encodePieces(tokenizer, sample, { length: sequence })
    const planner = new StepPlanner({ sources, encode, sequence, packing, batch, epochs, seed })
    try {
      return (await countSteps(planner, sources, epochs)).steps
    } finally {
      await planner.close()
    }
  }

  #loading(): DataLoaderOptions {
    const { recipe, origin, sources, processes, features } = this.#parts
    const { resolution, sequence } = sizesFor(recipe, origin.config)
    return {
      sources,
      tokenizer: origin.tokenizer,
      sequence,
      packing: recipe.packing,
      batch: recipe.batch,
      accumulation: recipe.accumulation,
      epochs: recipe.epochs,
      seed: recipe.seed,
      rank: processes.rank,
      processes: processes.size,
      strict: recipe.strict,
      ...(recipe.objective === 'qwen-vl' && { resolution }),
      ...(features && { features }),
    }
  }

  async openData({ position, onRefused }: LoaderOptions): Promise<Loader<StepData>> {
    return new DataLoader({
      ...this.#loading(),
      position,
      onRefused: ({ sample, reason }) => onRefused(sample, reason),
    })
  }

  async openEvaluation({ onRefused }: LoaderOptions): Promise<Loader<StepData>> {
    const { recipe, processes } = this.#parts
    const { data = [], samples = 0 } = recipe.evaluation ?? {}
    const { rowsAtOnce } = batchShape(recipe, processes.size)
    const loader = new DataLoader({
      ...this.#loading(),
      sources: await openSources(data),
      batch: rowsAtOnce * processes.size,
      accumulation: 1,
      epochs: 1,
      onRefused: ({ sample, reason }) => onRefused(sample, reason),
    })
    return firstSamples(loader, samples)
  }

  sizeOf({ batches }: StepData): StepSize {
    const sum = (count: (batch: StepData['batches'][number]) => number) => batches.reduce((s, b) => s + count(b), 0)
    return { positions: sum(({ tokens }) => tokens.length), pictures: sum(({ pictures }) => pictures.length) }
  }

  async firstSample(): Promise<{ id: string; text: string } | undefined> {
    const { sources, tokenizer, sequence, seed } = this.#loading()
    for await (const shown of checkData({ sources, tokenizer, sequence, seed, samples: 1 })) {
      if (shown.kind === 'sample') return { id: shown.id, text: shown.text }
    }
    return undefined
  }

  writeSnapshot(folder: string): Promise<void> {
    return this.#product.writeSnapshot(folder)
  }

  restore(folder: string): Promise<void> {
    return this.#product.restore(folder)
  }

  writeFinished(signal?: AbortSignal): Promise<string> {
    return this.#product.writeFinished(signal)
  }

  async dispose(): Promise<void> {
    await this.objective.dispose()
    await this.#parts.origin.dispose()
  }
}

/** Where what the frozen part of the visual side makes of pictures is kept, if it has one. */
async function featureFolder(
  recipe: Recipe,
  origin: Origin,
  trained: readonly string[],
): Promise<FeatureFolder | undefined> {
  const cut = cutFor(trained)
  if (recipe.objective !== 'qwen-vl' || cut === 'pixels') return undefined
  const { resolution } = sizesFor(recipe, origin.config)
  const length = entryShape(cut, resolution, origin.config).reduce((product, extent) => product * extent, 1)
  return { folder: join(recipe.out, 'features', `${cut}-${await eyesFingerprint(origin)}`), length }
}
