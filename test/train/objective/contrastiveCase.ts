/** The reference case of contrastive training: test/fixtures/train/contrastive, as tests read it. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openCheckpoint } from '../../../src/checkpoint/folder.ts'
import { type ContrastiveConfig, parseConfig, parseContrastive, type QwenVLConfig } from '../../../src/model/index.ts'
import { type TensorValue, tensorValue } from '../../../src/runtime/node.ts'

const folder = fileURLToPath(new URL('../../fixtures/train/contrastive', import.meta.url))

type Floats = TensorValue<'float32'>

export interface ContrastiveCase {
  readonly json: Readonly<Record<string, unknown>>
  readonly config: QwenVLConfig
  readonly contrastive: ContrastiveConfig
  /** Pixels a side. */
  readonly size: number
  /** Token ids of five texts. The last is equal to the first. */
  readonly texts: readonly (readonly number[])[]
  /** With equal texts hidden from each other. */
  readonly loss: number
  readonly parameters: Readonly<Record<string, Floats>>
  /** Of that loss, by `d.NAME`. */
  readonly gradients: ReadonlyMap<string, Floats>
  expected(name: string): Floats
}

export async function contrastiveCase(): Promise<ContrastiveCase> {
  const { config: json, texts, loss } = JSON.parse(readFileSync(`${folder}/case.json`, 'utf8'))
  const config = parseConfig(json)
  const expected = await readTensors('expected')
  return {
    json,
    config,
    contrastive: parseContrastive(json),
    size: config.visual.image_size,
    texts,
    loss,
    parameters: Object.fromEntries(await readTensors('parameters')),
    gradients: await readTensors('gradients'),
    expected: name => expected.get(name) as Floats,
  }
}

async function readTensors(name: string): Promise<Map<string, Floats>> {
  await using checkpoint = await openCheckpoint(`${folder}/${name}.safetensors`)
  const entries = checkpoint.tensors.map(
    async tensor => [tensor.name, tensorValue('float32', tensor.shape, await tensor.readAs('float32'))] as const,
  )
  return new Map(await Promise.all(entries))
}
