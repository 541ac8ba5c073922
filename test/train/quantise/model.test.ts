/** A model of floats becomes one of int4: calibrated with pictures, in the published layout, with what it is worth. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../../src/checkpoint/index.ts'
import { entryFor, openSources } from '../../../src/corpus/index.ts'
import { openModel, openModelTokenizer } from '../../../src/generate/load.ts'
import { QwenVL } from '../../../src/generate/qwenVL.ts'
import { openRuntime } from '../../../src/runtime/node.ts'
import { DataLoader } from '../../../src/train/data/loader.ts'
import { QwenVLObjective } from '../../../src/train/objective/qwenVL.ts'
import type { QuantiseEvent, QuantiseReport } from '../../../src/train/quantise/events.ts'
import { type QuantiseModelOptions, quantiseModel } from '../../../src/train/quantise/quantise.ts'
import { root } from '../../checkout.ts'
import { writeTinyModel } from '../../tinyModel.ts'
import { LAYERS, madeFolder, writeInt4Model } from '../lora/made.ts'

const folder = madeFolder()
const at = (...names: string[]) => join(folder, ...names)
const training = join(root, 'examples/training')
const captions = join(training, 'captions.jsonl')
const conversations = join(training, 'conversations.json')
const texts = join(training, 'texts.txt')
let calibrated: QuantiseReport

/** One thread: these matrices are so small that more only wait for each other. */
const quantiseTo = (out: string, options: QuantiseModelOptions = {}) =>
  quantiseModel(at('floats'), at(out), { threads: 1, ...options })
const rejection = async (attempt: Promise<unknown>): Promise<Error> => {
  const error = await attempt.then(
    () => undefined,
    reason => reason,
  )
  expect(error).toBeInstanceOf(Error)
  return error as Error
}

beforeAll(async () => {
  await writeTinyModel(at('floats'), { layers: LAYERS, dtype: 'bfloat16' })
  writeFileSync(at('floats', 'LICENSE'), 'as it was')
  writeFileSync(at('floats', 'README.md'), 'of the source')
  calibrated = await quantiseTo('int4', { calibration: [captions], evaluation: [conversations], samples: 24 })
})

/** The loss of a model in training's own graph, over all that is learnt in some data. */
async function trainingLoss(model: string, data: string): Promise<{ loss: number; tokens: number }> {
  await using runtime = await openRuntime({ thread: 'caller', threads: 1 })
  await using opened = await openModel(model)
  const { config, path, checkpoint, weights, load } = opened
  using tokenizer = await openModelTokenizer(path, config, checkpoint.config)
  const [sequence, size] = [config.seq_length, config.visual.image_size]
  await using objective = await QwenVLObjective.open({
    ...{ runtime, config, load, size },
    memory: { parameters: {}, gradients: {}, accumulate: () => {} },
    trained: [],
    positions: 4 * sequence,
    linear: () => weights.linear,
    pictures: false,
  })
  const sources = await openSources([await entryFor(data)])
  const loading = { sources, tokenizer, sequence, resolution: size, packing: 'none', batch: 4, epochs: 1 } as const
  await using loader = new DataLoader(loading)
  let [sum, tokens] = [0, 0]
  for (let step = await loader.next(); step; step = await loader.next()) {
    for (const sample of await objective.losses(step)) {
      sum += sample.sum
      tokens += sample.tokens
    }
  }
  return { loss: sum / tokens, tokens }
}

describe('calibrated with captions and their pictures', () => {
  test('outputs of every layer change less than with rounding to the nearest', () => {
    expect(calibrated.layers).toHaveLength(5 * LAYERS)
    for (const { path, outputs, nearest } of calibrated.layers)
      expect([path, outputs! <= nearest!]).toEqual([path, true])
    expect(calibrated.mean.outputs).toBeLessThan(0.75 * calibrated.mean.nearest!)
    expect(calibrated.calibration).toMatchObject({ data: [captions], samples: 24, pictures: 24 })
  })

  test('the score before is the loss of the source in training', async () => {
    const { evaluation } = calibrated
    const { loss, tokens } = await trainingLoss(at('floats'), conversations)
    expect(evaluation).toMatchObject({ heldBack: false, predicted: tokens })
    expect(evaluation!.scores[0]).toMatchObject({ model: 'float', agreement: 1 })
    expect(evaluation!.scores[0]!.loss).toBeCloseTo(loss, 4)
    expect(evaluation!.scores[0]!.perplexity).toBeCloseTo(Math.exp(loss), 0)
  })

  test('the score after is the loss of the model that was written', async () => {
    const score = calibrated.evaluation!.scores.find(({ model }) => model === 'gptq')!
    const { loss } = await trainingLoss(at('int4'), conversations)
    // What is not quantised was rounded from bfloat16 to float16 in the file, which is exact but for the smallest values.
    expect(score.loss).toBeCloseTo(loss, 3)
  })

  test('it predicts more as the source does than a rounded model', () => {
    const agreement = Object.fromEntries(calibrated.evaluation!.scores.map(score => [score.model, score.agreement]))
    expect(agreement['gptq']).toBeGreaterThan(agreement['nearest']!)
  })

  test('the folder has the tensors and the configuration of the published int4 model', async () => {
    await using checkpoint = await openCheckpoint(at('int4'))
    await using source = await openCheckpoint(at('floats'))
    const layer = 'transformer.h.1.mlp.c_proj'
    expect(checkpoint.names).toHaveLength(source.names.length - 12 + 50)
    const types = checkpoint.tensors.map(({ name, dtype }) => [/\.(qweight|qzeros|g_idx)$/.test(name), dtype].join())
    expect(new Set(types)).toEqual(new Set(['true,int32', 'false,float16']))
    const parts = checkpoint.tensors.filter(({ name }) => name.startsWith(`${layer}.`))
    expect(Object.fromEntries(parts.map(({ name, shape }) => [name.slice(layer.length + 1), shape]))).toEqual({
      qweight: [4, 128],
      qzeros: [1, 16],
      scales: [1, 128],
      g_idx: [32],
      bias: [128],
    })
    const zeros = new Int32Array((await checkpoint.get(`${layer}.qzeros`).read()).buffer)
    expect([...zeros].every(word => word === 0x77777777)).toBe(true)
    expect(checkpoint.config).toMatchObject({
      torch_dtype: 'float16',
      quantization_config: { quant_method: 'gptq', bits: 4, group_size: 32, sym: true, desc_act: false },
    })
  })

  test('it is loaded and answers', async () => {
    await using model = await QwenVL.load(at('int4'), { threads: 1 })
    const { usage } = await model.ask(join(training, 'cat.jpg'), 'What is this?', { maxNewTokens: 3 })
    expect(usage.completionTokens).toBeGreaterThan(0)
  })

  test('the model card has source, data, settings and scores', () => {
    const card = readFileSync(at('int4', 'README.md'), 'utf8')
    const { scores, predicted } = calibrated.evaluation!
    for (const { loss } of scores) expect(card).toContain(`| ${loss.toFixed(4)} |`)
    expect(card).toMatch(/^# floats, int4\n/)
    expect(card).toContain('| calibration | 24 samples of captions.jsonl (')
    expect(card).toMatch(
      new RegExp(`^On 19 samples of conversations\\.json \\(.*\\): ${predicted.toLocaleString('en-US')} tokens`, 'm'),
    )
    expect(card).toContain(`| made | ${calibrated.date.slice(0, 10)} |`)
    expect(card).not.toContain(folder)
    expect(JSON.parse(readFileSync(at('int4', 'quantize.json'), 'utf8'))).toEqual(calibrated)
  })

  test('what lies beside the weights comes along, the card of the source does not', () => {
    const names = ['LICENSE', 'README.md', 'config.json', 'generation_config.json', 'model.safetensors']
    expect(readdirSync(at('int4')).sort()).toEqual([...names, 'quantize.json', 'qwen.tiktoken'])
  })
})

test('without data every weight is rounded to the nearest, and nothing is run', async () => {
  const events: QuantiseEvent[] = []
  const report = await quantiseTo('rounded', { onEvent: event => events.push(event) })
  expect(report).toMatchObject({ method: 'nearest', group: 32, warnings: [] })
  expect(report).not.toHaveProperty('evaluation')
  expect(events.some(({ type }) => type === 'samples')).toBe(false)
  expect(events[0]).toMatchObject({ type: 'plan', memory: 0, layers: 10 })
  expect(events.filter(({ type }) => type === 'layer')).toHaveLength(10)
  expect(events.at(-1)).toMatchObject({ type: 'done', report })
  expect(readFileSync(at('rounded', 'README.md'), 'utf8')).toContain('It was not scored')
})

test('a rounded model can be scored, and its score is that of the comparison', async () => {
  const { evaluation } = await quantiseTo('rounded', { evaluation: [conversations] })
  const { scores } = calibrated.evaluation!
  expect(evaluation!.scores).toEqual(scores.filter(({ model }) => model !== 'gptq'))
})

test('samples to score on are held back from the calibration data, the same for the same seed', async () => {
  const plans: unknown[] = []
  const onEvent = (event: QuantiseEvent) => event.type === 'plan' && plans.push(event)
  const reports = []
  for (const seed of [1, 1, 2])
    reports.push(await quantiseTo('held back', { calibration: [texts], seed, samples: 3, onEvent }))
  const [one, again, other] = reports.map(({ evaluation, layers }) => ({ evaluation, layers }))
  expect(one!.evaluation).toMatchObject({ heldBack: true, samples: 32 })
  expect(plans[0]).toMatchObject({ calibration: { samples: 3 }, evaluation: { samples: 32 } })
  expect(again).toEqual(one)
  expect(other!.layers).not.toEqual(one!.layers)
})

test('with activation order the inputs are scattered over the groups, and the model runs', async () => {
  const { mean } = await quantiseTo('ordered', { calibration: [texts], activationOrder: true, group: 16 })
  expect(mean.outputs).toBeLessThan(mean.nearest!)
  await using checkpoint = await openCheckpoint(at('ordered'))
  const groups = new Int32Array((await checkpoint.get('transformer.h.0.attn.c_attn.g_idx').read()).buffer)
  expect([...groups]).not.toEqual([...groups].sort((a, b) => a - b))
  await using model = await QwenVL.load(at('ordered'), { threads: 1 })
  await model.ask(join(training, 'cat.jpg'), 'What is this?', { maxNewTokens: 1 })
})

test('a sample with a picture that cannot be read is left out and told', async () => {
  mkdirSync(at('data'))
  copyFileSync(join(training, 'cat.jpg'), at('data', 'cat.jpg'))
  writeFileSync(at('data', 'broken.jpg'), 'no picture')
  const row = (image: string) => JSON.stringify({ image, caption: 'A cat.' })
  const rows = ['cat.jpg', 'broken.jpg', 'missing.jpg', 'cat.jpg'].map(row)
  writeFileSync(at('data', 'rows.jsonl'), rows.join('\n'))
  const report = await quantiseTo('left out', { calibration: [at('data', 'rows.jsonl')], evaluation: [conversations] })
  expect(report.calibration).toMatchObject({ samples: 2, pictures: 2 })
  expect(report.warnings.filter(text => text.startsWith('left out rows.jsonl')).sort()).toEqual([
    expect.stringMatching(/^left out rows\.jsonl:2: .*broken\.jpg/),
    expect.stringMatching(/^left out rows\.jsonl:3: there is no file .*missing\.jpg$/),
  ])
  expect(report.warnings).toContainEqual(expect.stringMatching(/^there are 4 calibration samples|^there are 3/))
})

describe('is refused', () => {
  test('for a model that is int4 already', async () => {
    await writeInt4Model(at('integers'))
    const error = await rejection(quantiseModel(at('integers'), at('x')))
    expect(error.message).toMatch(/integers has 10 layers as int4 already: quantise the model of floats/)
  })

  test('for groups that do not fill the rows of a layer', async () => {
    const error = await rejection(quantiseTo('x', { group: 128 }))
    expect(error.message).toMatch(/h\.0\.mlp\.c_proj: 32 inputs cannot be divided into blocks of 128: blocks of 32, 16/)
  })

  test('where memory is too small, with the arithmetic', async () => {
    const error = await rejection(quantiseTo('x', { calibration: [captions], memory: 352e6 }))
    expect(error.message).toMatch(
      /takes [\d.]+ MB of memory, and 352\.0 MB are free: .* MB for the model's parts, and /,
    )
  })

  test('for data that is not there, and into the folder of the source', async () => {
    expect((await rejection(quantiseTo('x', { calibration: [at('none.jsonl')] }))).message).toMatch(/there is no file/)
    const own = quantiseModel(at('floats'), at('floats'), { force: true })
    expect((await rejection(own)).message).toMatch(/holds .*floats, which is being quantised/)
    expect(existsSync(at('x'))).toBe(false)
  })
})

test.each(['samples', 'layer', 'progress'] as const)('cancelled at the event "%s", nothing is left', async type => {
  const controller = new AbortController()
  const onEvent = (event: QuantiseEvent) => event.type === type && controller.abort(new Error('enough'))
  const options = { calibration: [texts], onEvent, signal: controller.signal }
  expect((await rejection(quantiseTo('cancelled', options))).message).toBe('enough')
  expect(readdirSync(folder).filter(name => /cancelled|partial/.test(name))).toEqual([])
})
