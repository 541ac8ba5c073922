/**
 * A small model of contrastive training that knows the names of six colours: trained here, in a second, and written as a
 * run writes it.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AdamW } from '../examples/adamw.ts'
import { seededRandom } from '../src/generate/sampling.ts'
import { contrastiveTokens } from '../src/generate/scorerText.ts'
import { normalise } from '../src/image/index.ts'
import { contrastiveShapes, parseConfig } from '../src/model/index.ts'
import { openRuntime, type TensorValue, tensorValue } from '../src/runtime/node.ts'
import { openTokenizer, type Tokenizer } from '../src/text/node.ts'
import type { Pair } from '../src/train/data/pairLoader.ts'
import { ContrastiveObjective } from '../src/train/objective/contrastive.ts'
import { initialContrastive, saveContrastive } from '../src/train/objective/contrastiveModel.ts'
import { tinyConfigOf, writeTinyCompanions } from './tinyModel.ts'

export const colours: Readonly<Record<string, readonly [number, number, number]>> = {
  red: [220, 30, 30],
  green: [30, 200, 40],
  blue: [30, 40, 220],
  yellow: [230, 220, 40],
  white: [240, 240, 240],
  black: [15, 15, 15],
}

const contrastive = { width: 32, layers: 1, heads: 4, context: 12, dimension: 16 }
const STEPS = 60

/** Writes the scorer into a folder, and gives it. */
export async function writeTinyScorer(folder: string): Promise<string> {
  await writeTinyCompanions(folder, { layers: 1 })
  const json = tinyConfigOf({ layers: 1 })
  const config = parseConfig(json)
  const vocabulary = await readFile(join(folder, 'qwen.tiktoken'))
  using tokenizer = await openTokenizer(vocabulary, { imageTokens: config.visual.n_queries })
  const shapes = contrastiveShapes(config, contrastive)
  const made = (fill: (name: string, shape: readonly number[]) => Float32Array<ArrayBuffer>, prefix = '') =>
    Object.fromEntries(
      [...shapes].map(([name, shape]) => [`${prefix}${name}`, tensorValue('float32', shape, fill(name, shape))]),
    )
  const parameters = made((name, shape) => initialContrastive(name, shape, config, contrastive, 1))
  const gradients = made((_, shape) => new Float32Array(shape.reduce((product, size) => product * size, 1)), 'd.')
  await using runtime = await openRuntime({ thread: 'caller' })
  await using objective = await ContrastiveObjective.open({
    runtime,
    config,
    contrastive,
    memory: { parameters, gradients, accumulate() {} },
    trained: [...shapes.keys()],
    load: async () => ({}),
    size: config.visual.image_size,
  })
  const random = seededRandom(1)
  const optimiser = new AdamW()
  for (let step = 0; step < STEPS; step++) {
    const batch = colourPairs(tokenizer, config.visual.image_size, random)
    await objective.gradients({ batches: [batch], samples: 6, tokens: 12, epoch: 0, position: null }, step)
    optimiser.step(arrays(parameters), arrays(gradients, 'd.'), 3e-3)
  }
  const values = (name: string) => parameters[name]!.data
  await saveContrastive(folder, { json, contrastive, vocabulary, values })
  return folder
}

/** A picture of each colour, with some noise, and its name. */
function colourPairs(tokenizer: Tokenizer, size: number, random: () => number): Pair[] {
  return Object.entries(colours).map(([name, colour]) => {
    const rgb = Uint8Array.from({ length: size * size * 3 }, (_, i) =>
      Math.min(255, Math.max(0, (colour[i % 3] as number) + 30 * (random() - 0.5))),
    )
    const text = contrastiveTokens(tokenizer, name, contrastive.context)
    return { id: name, task: 'caption', key: `${random()}`, pixels: normalise(rgb, size), text, counts: true }
  })
}

const arrays = (values: Readonly<Record<string, TensorValue<'float32'>>>, prefix = '') =>
  new Map(Object.entries(values).map(([name, { data }]) => [name.slice(prefix.length), data]))
