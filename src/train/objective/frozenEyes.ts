/**
 * What the frozen part of the visual side makes of pictures: computed once for each picture and kept on the disk, since
 * it never changes while it is frozen. Knows no tokens.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { WeightLoader } from '../../generate/network.ts'
import type { LinearLayer } from '../../graph/index.ts'
import type { QwenVLConfig } from '../../model/index.ts'
import type { Runtime, Session, TensorValue } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'
import type { BatchPicture } from '../data/batch.ts'
import { featurePath } from '../data/featureFiles.ts'
import { type Cut, frozenGraph, SEEN_AT_ONCE } from './stepGraph.ts'

export interface FrozenEyesOptions {
  readonly runtime: Runtime
  readonly config: QwenVLConfig
  readonly load: WeightLoader
  /** Pixels a side. */
  readonly size: number
  readonly cut: Exclude<Cut, 'pixels'>
  readonly linear?: LinearLayer
  /** Folder of what was seen before; without it nothing is kept. */
  readonly cache?: string
}

export class FrozenEyes {
  readonly #options: FrozenEyesOptions
  #session: Promise<Session> | undefined

  constructor(options: FrozenEyesOptions) {
    this.#options = options
  }

  /** What enters the trained part, for each picture. */
  async see(pictures: readonly BatchPicture[]): Promise<Float32Array[]> {
    const seen = new Map<string, Float32Array>()
    for (const { key, features } of pictures) if (features) seen.set(key, features)
    const fresh = new Map<string, Float32Array>()
    for (const { key, pixels } of pictures) if (!seen.has(key) && pixels) fresh.set(key, pixels)
    const waiting = [...fresh]
    for (let start = 0; start < waiting.length; start += SEEN_AT_ONCE) {
      const part = waiting.slice(start, start + SEEN_AT_ONCE)
      const features = await this.#compute(part.map(([, pixels]) => pixels))
      for (const [i, [key]] of part.entries()) {
        const made = features[i] as Float32Array
        seen.set(key, made)
        await this.#keep(key, made)
      }
    }
    return pictures.map(({ key }) => seen.get(key) as Float32Array)
  }

  async #compute(pixels: readonly Float32Array[]): Promise<Float32Array[]> {
    const { runtime, load, size } = this.#options
    this.#session ??= openFrozen(runtime, this.#options, load)
    const each = 3 * size * size
    const data = new Float32Array(pixels.length * each)
    pixels.forEach((picture, i) => {
      data.set(picture, i * each)
    })
    const session = await this.#session
    const { entries } = await session.run({ pixels: tensorValue('float32', [pixels.length, 3, size, size], data) })
    const all = (entries as TensorValue<'float32'>).data
    const width = all.length / pixels.length
    return pixels.map((_, i) => all.slice(i * width, (i + 1) * width))
  }

  /** Under a temporary name first: another process may be writing the same picture. */
  async #keep(key: string, features: Float32Array): Promise<void> {
    const { cache } = this.#options
    if (cache === undefined) return
    const path = featurePath(cache, key)
    const temporary = `${path}.${process.pid}`
    await mkdir(dirname(path), { recursive: true })
    await writeFile(temporary, features)
    await rename(temporary, path)
  }

  async dispose(): Promise<void> {
    await (await this.#session)?.dispose()
  }
}

async function openFrozen(runtime: Runtime, options: FrozenEyesOptions, load: WeightLoader): Promise<Session> {
  const graph = frozenGraph(options.cut, { ...options, device: runtime.device })
  const wanted = graph.weights.map(({ name, shape, type }) => ({ name, type, shape: shape as readonly number[] }))
  return runtime.openSession(graph, { weights: await load(wanted) })
}
