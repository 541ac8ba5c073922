/** Small models and adapters for them, as the tests of merging need them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import {
  openCheckpoint,
  quantiseToGptq,
  type ReadableTensor,
  tensorFromMemory,
  writeAdapter,
  writeCheckpoint,
} from '../../../src/checkpoint/index.ts'
import { seededRandom } from '../../../src/generate/sampling.ts'
import { initialLora, languageLayers, linearLayers, matchTargets, parseConfig } from '../../../src/model/index.ts'
import { tinyConfigOf, tinyTensors, writeTinyCompanions } from '../../tinyModel.ts'

/** A folder that is gone after the tests of a file. */
export function madeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'merging '))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Layers of each tower. */
export const LAYERS = 2

export const tinyLayers = linearLayers(parseConfig(tinyConfigOf({ layers: LAYERS })))

export interface MadeAdapter {
  readonly targets?: readonly string[] | string
  readonly rank?: number
  readonly alpha?: number
  /** How large B is; 0 for an adapter that was not trained. */
  readonly size?: number
  readonly saved?: readonly ReadableTensor[]
  readonly fingerprint?: string
  readonly seed?: number
}

/** Writes an adapter of random numbers for the tiny model. */
export async function makeAdapter(folder: string, made: MadeAdapter = {}): Promise<string> {
  const {
    targets = ['c_attn', 'attn.c_proj', 'w1', 'w2'],
    rank = 4,
    alpha = 8,
    size = 0.05,
    saved = [],
    seed = 1,
  } = made
  const random = seededRandom(seed)
  const matrices = matchTargets(targets, tinyLayers.keys()).flatMap(path => {
    const layer = tinyLayers.get(path)!
    const { a, b } = initialLora(path, rank, layer, seed)
    for (let i = 0; i < b.length; i++) b[i] = size * (2 * random() - 1)
    return [
      tensorFromMemory(`${path}.lora_A.weight`, 'float32', [rank, layer.in], a),
      tensorFromMemory(`${path}.lora_B.weight`, 'float32', [layer.out, rank], b),
    ]
  })
  const base = { name: 'tiny', ...(made.fingerprint === undefined ? {} : { fingerprint: made.fingerprint }) }
  await writeAdapter(folder, { rank, alpha, targets, tensors: [...matrices, ...saved], base })
  return folder
}

/** Inputs that share a scale in the int4 model. */
export const GROUP = 32

/** Writes the tiny model in the layout of the published int4 model: the language model's linear layers in GPTQ. */
export async function writeInt4Model(folder: string): Promise<string> {
  await writeTinyCompanions(folder, { layers: LAYERS })
  const config = tinyConfigOf({ layers: LAYERS })
  const quantised = languageLayers(parseConfig(config))
  const quantization = { quant_method: 'gptq', bits: 4, group_size: GROUP, desc_act: false, sym: true }
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, quantization_config: quantization }))
  const all = tinyTensors({ layers: LAYERS })
  const valuesOf = (wanted: string) => all.find(({ name }) => name === wanted)?.values
  const tensors = all.flatMap(({ name, shape, values }): readonly ReadableTensor[] => {
    const path = name.replace(/\.(weight|bias)$/, '')
    const layer = quantised.get(path)
    if (layer === undefined) return [tensorFromMemory(name, 'float32', shape, values)]
    if (name.endsWith('.bias')) return []
    return quantiseToGptq(path, values, { ...layer, groupSize: GROUP }, valuesOf(`${path}.bias`)).tensors
  })
  await writeCheckpoint(folder, tensors)
  return folder
}

/** All tensors of a folder as floats, by name; integers as they are. */
export async function valuesIn(folder: string): Promise<Map<string, Float32Array | Uint8Array>> {
  await using checkpoint = await openCheckpoint(folder)
  const values = new Map<string, Float32Array | Uint8Array>()
  for (const tensor of checkpoint.tensors)
    values.set(tensor.name, /float/.test(tensor.dtype) ? await tensor.readAs('float32') : await tensor.read())
  return values
}
