/** Which parameters decay, and how fast each learns. */
import { expect, test } from 'vitest'
import { parameterShapes } from '../../../src/model/index.ts'
import { type GroupOptions, parameterGroups } from '../../../src/train/optimiser/groups.ts'
import { openGolden } from '../../golden.ts'

const { config } = openGolden('A')
const { layers } = config.visual
const shapes = parameterShapes(config)
const all = [...shapes.keys()]
const groups = (options: GroupOptions = {}, trained = all) => parameterGroups(shapes, trained, options, layers)
const lasting = (...exclude: string[]) =>
  groups({ exclude })
    .filter(({ decays }) => !decays)
    .map(({ name }) => name)
const rateOf = (name: string, options: GroupOptions) => groups(options, [name])[0]!.rate

test('unless told otherwise all decay and learn at the same rate, in the order asked for', () => {
  const trained = ['lm_head.weight', 'transformer.wte.weight']
  expect(groups({}, trained)).toEqual(
    trained.map(name => ({ name, shape: [config.vocab_size, config.hidden_size], rate: 1, decays: true })),
  )
  expect(groups().every(({ rate, decays }) => rate === 1 && decays)).toBe(true)
})

test('norms are those of all parts', () => {
  const norms = lasting('norms')
  expect(norms).toContain('transformer.h.0.ln_1.weight')
  expect(norms).toContain('transformer.ln_f.weight')
  for (const name of ['ln_pre', 'ln_post', 'attn_pool.ln_q', 'attn_pool.ln_kv', 'transformer.resblocks.0.ln_2']) {
    expect(norms).toContain(`transformer.visual.${name}.weight`)
    expect(norms).toContain(`transformer.visual.${name}.bias`)
  }
  const perLanguage = 2 * config.num_hidden_layers + 1
  expect(norms.length).toBe(perLanguage + 2 * (2 * layers + 4))
})

test('biases are those of layers and norms, also the one with an underscore', () => {
  const biases = lasting('biases')
  expect(biases).toEqual(all.filter(name => name.endsWith('bias')))
  expect(biases).toContain('transformer.visual.attn_pool.attn.in_proj_bias')
})

test('embeddings are tables, positions and queries', () => {
  expect(lasting('embeddings').sort()).toEqual([
    'transformer.visual.attn_pool.pos_embed',
    'transformer.visual.attn_pool.query',
    'transformer.visual.positional_embedding',
    'transformer.wte.weight',
  ])
})

test('patterns name parameters, and words and patterns add up', () => {
  expect(lasting('lm_head.weight')).toEqual(['lm_head.weight'])
  expect(lasting('*.attn.c_attn.*')).toEqual(all.filter(name => name.includes('.attn.c_attn.')))
  expect(lasting('norms', 'lm_head.weight').length).toBe(lasting('norms').length + 1)
})

test('a pattern that names nothing is refused, with the words that there are', () => {
  expect(() => lasting('norm')).toThrow(/no parameter is named "norm".*norms, biases, embeddings/)
  expect(() => lasting('toString')).toThrow(/no parameter is named "toString"/)
  expect(() => lasting('lm_headXweight')).toThrow()
})

test('each part has its rate; what follows the adapter goes with it, LoRA with its layer', () => {
  const rates = { vision: 0.1, adapter: 2, language: 0.5 }
  expect(rateOf('transformer.visual.conv1.weight', { rates })).toBe(0.1)
  expect(rateOf('transformer.visual.attn_pool.query', { rates })).toBe(2)
  expect(rateOf('transformer.visual.proj', { rates })).toBe(2)
  expect(rateOf('transformer.h.0.ln_1.weight', { rates })).toBe(0.5)
  expect(rateOf('lm_head.weight', { rates })).toBe(0.5)
  const adapter = 'transformer.h.0.attn.c_attn.lora_A.weight'
  expect(parameterGroups(new Map([[adapter, [4, 8]]]), [adapter], { rates }, layers)[0]!.rate).toBe(0.5)
})

test('the vision tower learns more slowly the deeper it is, and nothing else does', () => {
  const visionDecay = 0.95
  const block = (i: number) => `transformer.visual.transformer.resblocks.${i}.attn.in_proj.weight`
  for (let i = 0; i < layers; i++) expect(rateOf(block(i), { visionDecay })).toBeCloseTo(0.95 ** (layers - i), 12)
  for (const name of ['conv1.weight', 'positional_embedding', 'ln_pre.bias'])
    expect(rateOf(`transformer.visual.${name}`, { visionDecay })).toBeCloseTo(0.95 ** (layers + 1), 12)
  for (const name of ['transformer.visual.attn_pool.query', 'transformer.visual.ln_post.weight', 'lm_head.weight'])
    expect(rateOf(name, { visionDecay })).toBe(1)
  expect(rateOf(block(layers - 1), { visionDecay, rates: { vision: 0.5 } })).toBeCloseTo(0.475, 12)
})

test('mistakes are told with the numbers', () => {
  expect(() => groups({}, ['transformer.h.99.ln_1.weight'])).toThrow('"transformer.h.99.ln_1.weight" is to be trained')
  expect(() => groups({ rates: { vision: -1 } })).toThrow('the vision part has the factor -1')
  expect(() => groups({ visionDecay: 0 })).toThrow('layer-wise decay of the vision tower is 0')
  expect(() => parameterGroups(shapes, all, { visionDecay: 0.9 }, layers - 1)).toThrow(/lies in no block/)
})
