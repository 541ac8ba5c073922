/** The reference cases of the model, as tests read them. `test/fixtures/golden/README.md` says what they are. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openCheckpoint } from '../src/checkpoint/folder.ts'
import { tensorSource } from '../src/checkpoint/tensor.ts'
import type { WeightLoader } from '../src/generate/network.ts'
import { parseConfig, type QwenVLConfig } from '../src/model/index.ts'

export const goldenNames = ['A', 'B', 'C', 'D', 'A_leftpad'] as const
export type GoldenName = (typeof goldenNames)[number]

export interface GoldenTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
  /** Largest difference between the reference in float32 and in float64. */
  readonly noise: number | undefined
}

interface Greedy {
  readonly tokens: readonly number[] | readonly (readonly number[])[]
  readonly prompt_len?: number
}

interface Manifest {
  readonly tensors: readonly { name: string; file: string; shape: number[]; fp32_vs_fp64_maxdiff?: number }[]
  readonly eval_ntk_alpha?: number
  readonly eval_loss?: number
  readonly greedy: Greedy
  readonly greedy_short?: Greedy
}

export interface Golden {
  readonly config: QwenVLConfig
  readonly manifest: Manifest
  readonly tokens: readonly (readonly number[])[]
  readonly attentionMask: readonly (readonly number[])[]
  /** What each token is trained to be, -100 for nothing; undefined where the case has none. */
  readonly labels: readonly (readonly number[])[] | undefined
  readonly folder: string
  readonly load: WeightLoader
  tensor(name: string): GoldenTensor
  /** The pictures of the case as the reference preprocessed them: [pictures, 3, size, size]. */
  pixels(): { data: Float32Array; size: number; count: number } | undefined
}

export function openGolden(name: GoldenName): Golden {
  const folder = path(name)
  const model = path(name === 'A_leftpad' ? 'A' : name)
  const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
  const manifest = json(`${folder}/manifest.json`) as Manifest
  const inputs = json(`${folder}/inputs.json`) as {
    input_ids: number[][]
    attention_mask: number[][]
    labels?: number[][]
  }
  const tensor = (wanted: string): GoldenTensor => {
    const entry = manifest.tensors.find(({ name }) => name === wanted)
    if (!entry) throw new Error(`case ${name} has no tensor ${wanted}`)
    const bytes = readFileSync(`${folder}/${entry.file}`)
    const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
    return { name: wanted, shape: entry.shape, data, noise: entry.fp32_vs_fp64_maxdiff }
  }
  return {
    config: parseConfig(json(`${model}/config.json`)),
    manifest,
    tokens: inputs.input_ids,
    attentionMask: inputs.attention_mask,
    labels: inputs.labels,
    folder,
    tensor,
    load: async wanted => {
      const checkpoint = await openCheckpoint(`${model}/model.safetensors`)
      try {
        const sources = wanted.map(
          async ({ name }) => [name, await tensorSource(checkpoint.get(name), 'float32')] as const,
        )
        return Object.fromEntries(await Promise.all(sources))
      } finally {
        await checkpoint.dispose()
      }
    },
    pixels() {
      if (!manifest.tensors.some(({ name }) => name === 'pixels')) return undefined
      const { data, shape } = tensor('pixels')
      return { data, count: shape[0] as number, size: shape[2] as number }
    },
  }
}

const path = (name: string): string => fileURLToPath(new URL(`fixtures/golden/${name}`, import.meta.url))

/** The largest difference between two tensors, over the elements that `counts` lets count. */
export function largestDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  counts: (at: number) => boolean = () => true,
): number {
  let largest = a.length === b.length ? 0 : Number.POSITIVE_INFINITY
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number))
    if (counts(i) && !(difference <= largest)) largest = difference
  }
  return largest
}
