/**
 * Contrastive training put together from a recipe: the vision tower with a text tower beside it, on pairs. Ties data,
 * model, optimiser and files together, and runs no loop.
 */
import { join } from 'node:path'
import { tensorFromMemory } from '../../checkpoint/tensor.ts'
import { writeSafetensors } from '../../checkpoint/write.ts'
import { type OpenedSource, openSources } from '../../corpus/sources/openSources.ts'
import { type ContrastiveConfig, contrastiveShapes } from '../../model/index.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { PairLoader, type PairLoaderOptions, type PairStep } from '../data/pairLoader.ts'
import { ContrastiveObjective, holdLogitScale } from '../objective/contrastive.ts'
import { contrastiveJson, initialContrastive, saveContrastive } from '../objective/contrastiveModel.ts'
import type { Objective } from '../objective/objective.ts'
import type { Optimiser } from '../optimiser/optimiser.ts'
import type { Processes } from '../parallel/processes.ts'
import { type Recipe, sizesFor } from '../recipe/index.ts'
import { trainedNames } from '../stages.ts'
import { countEntries } from './countSteps.ts'
import { openOptimiser } from './openOptimiser.ts'
import { type Companions, type Origin, openOrigin } from './origin.ts'
import { finish, takeUp } from './product.ts'
import {
  countNumbers,
  firstSamples,
  type Loader,
  type LoaderOptions,
  type StepFacts,
  type StepSize,
  type Subject,
} from './subject.ts'

/** The facts of a step of pairs: each of them counts once. */
type PairFacts = PairStep & StepFacts

interface Parts {
  readonly recipe: Recipe
  readonly contrastive: ContrastiveConfig
  readonly processes: Processes
  readonly origin: Origin
  readonly optimiser: Optimiser
  readonly objective: ContrastiveObjective
  readonly sources: readonly OpenedSource[]
}

export class PairSubject implements Subject<PairFacts> {
  readonly #parts: Parts
  readonly objective: Objective<PairFacts>
  readonly optimiser: Optimiser
  readonly parameters: number
  readonly companions: Companions
  /** Pairs of this evaluation on this process, and how many found each other: picture to text, text to picture. */
  readonly #found = new Float64Array(3)

  private constructor(parts: Parts) {
    this.#parts = parts
    const { origin, contrastive } = parts
    this.objective = this.#watched(parts.objective)
    this.optimiser = parts.optimiser
    this.parameters = countNumbers(contrastiveShapes(origin.config, contrastive).values())
    this.companions = { ...origin.companions, 'config.json': contrastiveJson({ json: origin.json, contrastive }) }
  }

  /** Opens everything that a recipe names. Rejects with what is wrong with it, and leaves nothing open then. */
  static async open(recipe: Recipe, runtime: Runtime, processes: Processes): Promise<PairSubject> {
    const contrastive = recipe.contrastive as ContrastiveConfig
    const origin = await openOrigin(recipe.model, recipe.seed)
    try {
      const { config, load } = origin
      const sources = await openSources(recipe.data)
      const shapes = contrastiveShapes(config, contrastive)
      const values = async (name: string) => {
        if (!name.startsWith('contrastive.')) return (await origin.tensor(name)).readAs('float32')
        return initialContrastive(name, shapes.get(name) as readonly number[], config, contrastive, recipe.seed)
      }
      const trained = contrastiveNames(recipe, shapes)
      const chosen = new Map(trained.map(name => [name, shapes.get(name) as readonly number[]]))
      const optimiser = await openOptimiser(recipe, { shapes: chosen, values }, config, processes)
      const objective = await ContrastiveObjective.open({
        ...{ runtime, config, contrastive, memory: optimiser, trained, load, processes },
        size: sizesFor(recipe, config).resolution,
        recompute: recipe.recompute,
      })
      return new PairSubject({ recipe, contrastive, processes, origin, optimiser, objective, sources })
    } catch (error) {
      await origin.dispose()
      throw error
    }
  }

  /** The objective, whose evaluations are counted. */
  #watched(objective: ContrastiveObjective): Objective<PairFacts> {
    const dispose = () => objective.dispose()
    return {
      gradients: (step, seed) => objective.gradients(step, seed),
      losses: async step => {
        const { losses, retrieval } = await objective.examine(step)
        const { pairs, imageToText, textToImage } = retrieval
        for (const [i, count] of [pairs, imageToText, textToImage].entries()) this.#found[i]! += count
        return losses
      },
      dispose,
      [Symbol.asyncDispose]: dispose,
    }
  }

  get snapshotBytes(): number {
    return 3 * 4 * this.parameters
  }

  async steps(): Promise<number> {
    const { recipe, sources } = this.#parts
    if (recipe.steps !== undefined) return recipe.steps
    return Math.max(1, Math.round(((recipe.epochs ?? 1) * (await countEntries(sources))) / recipe.batch))
  }

  #loading(): PairLoaderOptions {
    const { recipe, contrastive, origin, sources, processes } = this.#parts
    return {
      sources,
      tokenizer: origin.tokenizer,
      resolution: sizesFor(recipe, origin.config).resolution,
      context: contrastive.context,
      batch: recipe.batch,
      accumulation: recipe.accumulation,
      epochs: recipe.epochs,
      seed: recipe.seed,
      rank: processes.rank,
      processes: processes.size,
      strict: recipe.strict,
    }
  }

  async openData({ position, onRefused }: LoaderOptions): Promise<Loader<PairFacts>> {
    const refused: PairLoaderOptions['onRefused'] = ({ sample, reason }) => onRefused(sample, reason)
    return withFacts(new PairLoader({ ...this.#loading(), position, onRefused: refused }))
  }

  async openEvaluation({ onRefused }: LoaderOptions): Promise<Loader<PairFacts>> {
    this.#found.fill(0)
    const { recipe } = this.#parts
    const { data = [], samples = 0 } = recipe.evaluation ?? {}
    const loader = withFacts(
      new PairLoader({
        ...this.#loading(),
        sources: await openSources(data),
        epochs: 1,
        onRefused: ({ sample, reason }) => onRefused(sample, reason),
      }),
    )
    return firstSamples(loader, samples)
  }

  /** The shares of pictures that are nearest to their own text, and of texts nearest to their own picture. */
  async measures(): Promise<Record<string, number>> {
    await this.#parts.processes.allReduce(this.#found)
    const [pairs = 0, imageToText = 0, textToImage = 0] = this.#found
    return { imageToText: imageToText / pairs, textToImage: textToImage / pairs }
  }

  afterStep(): void {
    holdLogitScale(this.optimiser.parameters)
  }

  sizeOf({ batches }: PairFacts): StepSize {
    const pairs = batches.flat()
    return { positions: pairs.length * this.#parts.contrastive.context, pictures: pairs.length }
  }

  async firstSample(): Promise<undefined> {}

  async writeSnapshot(folder: string): Promise<void> {
    const { origin, contrastive } = this.#parts
    const tensors = []
    for (const [name, shape] of contrastiveShapes(origin.config, contrastive))
      tensors.push(tensorFromMemory(name, 'float32', shape, await this.#value(name)))
    await writeSafetensors(join(folder, 'model.safetensors'), tensors)
  }

  /** What is trained, as it is now; what is frozen, as it was. */
  async #value(name: string): Promise<Float32Array> {
    const trained = this.optimiser.parameters[name]
    if (trained) return trained.data
    const { recipe, contrastive, origin } = this.#parts
    const shape = contrastiveShapes(origin.config, contrastive).get(name) as readonly number[]
    if (name.startsWith('contrastive.')) return initialContrastive(name, shape, origin.config, contrastive, recipe.seed)
    return (await origin.tensor(name)).readAs('float32')
  }

  restore(folder: string): Promise<void> {
    return takeUp(folder, this.optimiser, name => name)
  }

  async writeFinished(signal?: AbortSignal): Promise<string> {
    const { recipe, origin, contrastive } = this.#parts
    const values = new Map<string, Float32Array>()
    for (const name of contrastiveShapes(origin.config, contrastive).keys()) values.set(name, await this.#value(name))
    const vocabulary = Buffer.from(origin.companions['qwen.tiktoken'] as Uint8Array)
    const model = { json: origin.json, contrastive, vocabulary, values: (name: string) => values.get(name)! }
    return finish(join(recipe.out, 'model'), folder =>
      saveContrastive(folder, model, { saved: recipe.precision.saved, ...(signal && { signal }) }),
    )
  }

  async dispose(): Promise<void> {
    await this.objective.dispose()
    await this.#parts.origin.dispose()
  }
}

/** Everything there is, but for what the recipe freezes: there are no stages here. */
export const contrastiveNames = ({ train }: Recipe, shapes: ReadonlyMap<string, readonly number[]>): string[] =>
  trainedNames([...shapes.keys()], { ...train, fixVit: false, stage: 2 })

function withFacts(loader: PairLoader): Loader<PairFacts> {
  return {
    async next(signal) {
      const step = await loader.next(signal)
      return step && { ...step, tokens: step.samples }
    },
    dispose: () => loader.dispose(),
  }
}
