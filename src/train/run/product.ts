/**
 * What a run makes: a model in the published layout, or an adapter in PEFT's. Here is how each is written while the run
 * goes on (exactly), and at its end (in the element type wanted), and how a run takes its weights up again.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fingerprint } from '../../checkpoint/fingerprint.ts'
import { openCheckpoint } from '../../checkpoint/folder.ts'
import { writeAdapter } from '../../checkpoint/peftWrite.ts'
import type { FloatType } from '../../checkpoint/storedType.ts'
import { tensorFromMemory } from '../../checkpoint/tensor.ts'
import type { Optimiser } from '../optimiser/optimiser.ts'
import type { LoraRecipe, Recipe } from '../recipe/recipe.ts'
import { partOfParameter } from '../stages.ts'
import type { Companions, Origin } from './origin.ts'
import { replaceFolder, SnapshotError, writeDown } from './snapshots.ts'
import { type RunWeights, writeModelWeights, writeSnapshotWeights } from './weights.ts'

export interface Product {
  /** Writes the weights of a snapshot. */
  writeSnapshot(folder: string): Promise<void>
  /** Takes the trained weights of a snapshot. Throws a SnapshotError where they do not fit. */
  restore(folder: string): Promise<void>
  /** Writes the finished thing into the run's folder, in place of an earlier one, and gives its path. */
  writeFinished(signal?: AbortSignal): Promise<string>
}

export interface ProductOptions {
  readonly recipe: Recipe
  readonly origin: Origin
  readonly optimiser: Optimiser
}

export function productOf(options: ProductOptions, companions: Companions): Product {
  const { lora } = options.recipe
  return lora ? adapterProduct(options, lora) : modelProduct(options, companions)
}

function modelProduct({ recipe, origin, optimiser }: ProductOptions, companions: Companions): Product {
  const all = [...origin.shapes.keys()]
  const weights: RunWeights = {
    names: recipe.objective === 'language' ? all.filter(name => partOfParameter(name) === 'language') : all,
    trained: optimiser.parameters,
    tensor: name => origin.tensor(name),
  }
  return {
    writeSnapshot: folder => writeSnapshotWeights(folder, join(recipe.out, 'frozen.safetensors'), weights),
    restore: folder => takeUp(folder, optimiser, name => name),
    writeFinished: signal =>
      finish(join(recipe.out, 'model'), async folder => {
        await writeModelWeights(folder, weights, recipe.precision.saved, signal)
        for (const [name, content] of Object.entries(companions)) await writeDown(join(folder, name), content)
      }),
  }
}

function adapterProduct({ recipe, origin, optimiser }: ProductOptions, lora: LoraRecipe): Product {
  const write = async (folder: string, dtype: FloatType) => {
    const { rank, alpha, dropout, targets } = lora
    const tensors = Object.entries(optimiser.parameters).map(([name, { shape, data }]) =>
      tensorFromMemory(name, 'float32', shape, data),
    )
    const known = origin.checkpoint && (await fingerprint(origin.checkpoint))
    const base = { name: origin.name, ...(known !== undefined && { fingerprint: known }) }
    await writeAdapter(folder, { rank, alpha, dropout, targets, tensors, base }, { dtype })
  }
  return {
    writeSnapshot: folder => write(folder, 'float32'),
    restore: folder => takeUp(folder, optimiser, name => `base_model.model.${name}`),
    writeFinished: () => finish(join(recipe.out, 'adapter'), folder => write(folder, recipe.precision.saved)),
  }
}

/** Reads the trained values of a snapshot into the optimiser. Throws a SnapshotError where they do not fit. */
export async function takeUp(
  folder: string,
  { parameters }: Optimiser,
  storedName: (name: string) => string,
): Promise<void> {
  await using checkpoint = await openCheckpoint(folder)
  for (const [name, { data, shape }] of Object.entries(parameters)) {
    const stored = storedName(name)
    const found = checkpoint.has(stored) ? checkpoint.get(stored) : undefined
    if (!found || found.shape.join() !== shape.join()) {
      const has = found ? `[${found.shape.join(', ')}]` : 'nothing'
      throw new SnapshotError(`${folder} has ${has} for ${name}, but the recipe trains [${shape.join(', ')}]`)
    }
    data.set(await found.readAs('float32'))
  }
}

/** Writes a folder under another name first, in place of what is there, and gives its path. */
export async function finish(path: string, write: (folder: string) => Promise<void>): Promise<string> {
  const partial = `${path}.partial`
  try {
    await rm(partial, { recursive: true, force: true })
    await mkdir(partial, { recursive: true })
    await write(partial)
    await replaceFolder(partial, path)
    return path
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => {})
    throw error
  }
}
