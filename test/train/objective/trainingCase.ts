/** A reference case of training, opened: the model of the case, its one sample as a batch, and an optimiser. */
import { readFileSync } from 'node:fs'
import { openCheckpoint } from '../../../src/checkpoint/folder.ts'
import { parameterShapes } from '../../../src/model/index.ts'
import { openRuntime } from '../../../src/runtime/node.ts'
import type { Batch, StepData } from '../../../src/train/data/batch.ts'
import { QwenVLObjective } from '../../../src/train/objective/qwenVL.ts'
import { Optimiser } from '../../../src/train/optimiser/optimiser.ts'
import { trainedNames } from '../../../src/train/stages.ts'
import { type Golden, openGolden } from '../../golden.ts'

export const trainingCases = ['A', 'B', 'C', 'D'] as const
export type TrainingStage = 1 | 2 | 3

interface Stage {
  readonly trainable: readonly string[]
  readonly steps: readonly { readonly loss: number; readonly grad_norm: number }[]
  readonly loss_after: number
  readonly after3_l2: Readonly<Record<string, number>>
}

interface Reference {
  readonly loss: number
  readonly lr: number
  readonly betas: readonly [number, number]
  readonly eps: number
  readonly weight_decay: number
  readonly clip: number
  readonly grads_max_fp32_vs_fp64: number
  readonly stages: Readonly<Record<string, Stage>>
}

export async function openTrainingCase(
  name: (typeof trainingCases)[number],
  stage: TrainingStage,
  { recompute = false } = {},
) {
  const golden = openGolden(name)
  const reference = JSON.parse(readFileSync(`${golden.folder}/train.json`, 'utf8')) as Reference
  const shapes = parameterShapes(golden.config)
  const names = trainedNames([...shapes.keys()], { stage })
  const { betas, eps, weight_decay: decay, clip } = reference
  const optimiser = new Optimiser(
    names.map(parameter => ({ name: parameter, shape: shapes.get(parameter)!, rate: 1, decays: true })),
    { beta1: betas[0], beta2: betas[1], epsilon: eps, decay, clip },
  )
  await using model = await openCheckpoint(`${golden.folder}/model.safetensors`)
  for (const parameter of names) {
    optimiser.parameters[parameter]!.data.set(await model.get(parameter).readAs('float32'))
  }
  const runtime = await openRuntime({ thread: 'caller' })
  const { config, load } = golden
  const size = golden.pixels()?.size ?? config.visual.image_size
  const step = stepOf(golden)
  const positions = step.batches[0]!.length
  const memory = optimiser
  const objective = await QwenVLObjective.open({
    ...{ runtime, config, memory, trained: names, load, size, positions, recompute },
  })
  const read = async (file: string, wanted: readonly string[]) => {
    await using checkpoint = await openCheckpoint(`${golden.folder}/${file}`)
    const values = wanted.filter(parameter => checkpoint.has(parameter))
    return new Map(
      await Promise.all(
        values.map(async parameter => [parameter, await checkpoint.get(parameter).readAs('float32')] as const),
      ),
    )
  }
  const gradients = await read('grads.safetensors', names)
  return {
    reference,
    expected: reference.stages[stage] as Stage,
    names,
    optimiser,
    expectedGradient: async (parameter: string) => gradients.get(parameter)!,
    parametersAfter3: () => read(`params_after3_stage${stage}.safetensors`, names),
    /** Leaves gradients with the optimiser and gives the mean loss. */
    async gradients(): Promise<number> {
      const [loss] = await objective.gradients(step, 1)
      return loss!.sum / loss!.tokens
    },
    async [Symbol.asyncDispose]() {
      await objective.dispose()
      await runtime.dispose()
    },
  }
}

function stepOf(golden: Golden): StepData {
  const tokens = Int32Array.from(golden.tokens[0]!)
  const labels = Int32Array.from(golden.labels![0]!)
  const length = tokens.length
  const pixels = golden.pixels()
  const each = 3 * (pixels?.size ?? 0) ** 2
  const starts = [...tokens.keys()].filter(at => tokens[at] === golden.config.visual.image_start_id)
  const batch: Batch = {
    rows: 1,
    length,
    tokens,
    labels,
    positions: Int32Array.from(tokens.keys()),
    segments: new Int32Array(length),
    samples: [{ id: 'the sample', task: 'reference', row: 0, start: 0, end: length }],
    pictures: starts.map((at, i) => ({
      slot: at + 1,
      key: `${i}`,
      pixels: pixels!.data.slice(i * each, (i + 1) * each),
    })),
  }
  const supervised = labels.filter((label, at) => label !== -100 && at > 0).length
  return { batches: [batch], tokens: supervised, samples: 1, epoch: 0, position: undefined }
}
