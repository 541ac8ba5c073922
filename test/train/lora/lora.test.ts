/** Adapters beside linear layers: what they compute, their gradients, which layers get one, and how they begin. */
import { describe, expect, test } from 'vitest'
import {
  compile,
  constant,
  dropout,
  filled,
  gradient,
  input,
  type LinearLayer,
  linear,
  mul,
  plainLinear,
  type Scope,
  scope,
  sum,
  type Tensor,
} from '../../../src/graph/index.ts'
import {
  dropoutStream,
  initialLora,
  linearLayers,
  loraLinear,
  matchTargets,
  parameterShapes,
  parseConfig,
} from '../../../src/model/index.ts'
import { read } from '../../checkout.ts'
import { normal, randomFrom, whole } from '../../graph/cases/define.ts'
import { compareWithDifferences, mistakes } from '../../graph/differences.ts'
import { evaluate, useEngine } from '../../graph/engine.ts'
import { assemble, numbers, type Value } from '../../graph/instance.ts'
import { tinyConfig } from '../../tinyModel.ts'

useEngine()

/** A scope whose parameters are tensors that a test made. */
const scopeOf = (tensors: Readonly<Record<string, Tensor>>, path = 'layer'): Scope => ({
  ...scope(path),
  parameter: name => tensors[name]!,
})

const value = (data: readonly number[] | readonly (readonly number[])[]): Value => {
  const rows = data.map(row => (Array.isArray(row) ? (row as number[]) : [row as number]))
  const shape = Array.isArray(data[0]) ? [data.length, rows[0]!.length] : [data.length]
  return { type: 'float32', shape, data: Float32Array.from(rows.flat()) }
}

const furthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!))) / Math.max(...b.map(Math.abs))

interface Expected {
  readonly x: number[][]
  readonly weight: number[][]
  readonly bias: number[]
  readonly a: number[][]
  readonly b: number[][]
  readonly projection: number[][]
  readonly y: number[][]
  readonly gradients: { readonly x: number[][]; readonly a: number[][]; readonly b: number[][] }
}

describe('a layer with an adapter', () => {
  const expected = JSON.parse(read('test/fixtures/train/lora/expected.json')) as Record<string, Expected>

  test.each(Object.entries(expected))('%s computes what PyTorch computes, and its gradients', async (path, case_) => {
    const layer = scope(path, { linear: loraLinear(plainLinear, { rankOf: () => 3, scaleOf: () => 4 }) })
    const x = input('x', 'float32', [4, case_.x[0]!.length])
    const y = layer.linear(x, { out: case_.bias.length })
    const p = input('p', 'float32', y.shape)
    const parameter = (name: string) => layer.parameters.get(`${path}.${name}`)!
    const [dx, da, db] = gradient(sum(mul(y, p)), [x, parameter('lora_A.weight'), parameter('lora_B.weight')])
    const feeds = { x: value(case_.x), p: value(case_.projection) }
    const given: Record<string, Value> = {
      weight: value(case_.weight),
      bias: value(case_.bias),
      'lora_A.weight': value(case_.a),
      'lora_B.weight': value(case_.b),
    }
    const weights = Object.fromEntries(Object.entries(given).map(([name, each]) => [`${path}.${name}`, each]))
    const found = await evaluate(compile({ y, dx: dx!, da: da!, db: db! }), feeds, weights)
    const { y: expectedY, gradients } = case_
    const all = { y: expectedY, dx: gradients.x, da: gradients.a, db: gradients.b }
    for (const [name, rows] of Object.entries(all))
      expect(furthest(numbers(found[name]!), rows.flat()), name).toBeLessThan(2e-6)
  })

  test.each([undefined, 0.3])('has gradients that equal finite differences (dropout %s)', async probability => {
    const inputs = {
      x: normal([5, 7]),
      weight: normal([4, 7]),
      'lora_A.weight': normal([3, 7]),
      'lora_B.weight': normal([4, 3]),
      seed: whole([], 0, 1000),
    }
    const build = (tensors: Readonly<Record<string, Tensor>>) => {
      const seed = tensors['seed']!
      const layer = loraLinear(plainLinear, {
        rankOf: () => 3,
        scaleOf: () => 0.75,
        ...(probability && { dropout: { probability, seed } }),
      })
      return layer(scopeOf(tensors), tensors['x']!, { out: 4, bias: false })
    }
    const random = randomFrom(11)
    const compared = await compareWithDifferences(assemble(inputs, build, random), random)
    expect(compared.map(({ input }) => input)).toEqual(['x', 'weight', 'lora_A.weight', 'lora_B.weight'])
    expect(mistakes(compared)).toEqual([])
  })

  test('stands beside any base, and leaves layers without a rank to it', () => {
    const base: LinearLayer = (_, x, { out }) => filled(1, [...x.shape.slice(0, -1), out])
    const root = scope('', {
      linear: loraLinear(base, { rankOf: path => (path === 'h.0.w1' ? 2 : undefined), scaleOf: () => 1 }),
    })
    const x = input('x', 'float32', [3, 8])
    root.at('h.0.w1').linear(x, { out: 4 })
    root.at('h.0.w2').linear(x, { out: 4 })
    expect([...root.parameters].map(([name, { shape }]) => [name, shape])).toEqual([
      ['h.0.w1.lora_A.weight', [2, 8]],
      ['h.0.w1.lora_B.weight', [4, 2]],
    ])
  })

  test('drops parts of what the adapter sees, and nothing of what the base sees', async () => {
    const path = 'h.3.attn.c_attn'
    const x = input('x', 'float32', [16, 8])
    const seed = constant(5, [], 'int64')
    const options = { rankOf: () => 8, scaleOf: () => 1, dropout: { probability: 0.5, seed } }
    const eye = {
      type: 'float32' as const,
      shape: [8, 8],
      data: Float32Array.from({ length: 64 }, (_, i) => +(i % 9 === 0)),
    }
    const base: LinearLayer = (_, given) => given
    const layer = scope(path, { linear: loraLinear(base, options) })
    const outputs = { y: layer.linear(x, { out: 8 }), dropped: dropout(x, 0.5, seed, dropoutStream(path)) }
    const weights = { [`${path}.lora_A.weight`]: eye, [`${path}.lora_B.weight`]: eye }
    const ones = { type: 'float32' as const, shape: [16, 8], data: new Float32Array(128).fill(1) }
    const found = await evaluate(compile(outputs), { x: ones }, weights)
    const dropped = numbers(found['dropped']!)
    expect(numbers(found['y']!)).toEqual(dropped.map(kept => 1 + kept))
    expect(new Set(dropped)).toEqual(new Set([0, 2]))
  })

  test.each([
    ['a rank of nothing', { rankOf: () => 0, scaleOf: () => 1 }, /h\.0 has rank 0: it must be a whole number from 1/],
    ['a scale that is none', { rankOf: () => 2, scaleOf: () => Number.NaN }, /h\.0 has the scale NaN/],
  ])('refuses %s', (_, options, message) => {
    const layer = scope('h.0', { linear: loraLinear(plainLinear, options) })
    expect(() => layer.linear(input('x', 'float32', [2, 4]), { out: 3 })).toThrow(message)
  })
})

/** The published sizes: 32 layers and 48. */
const published = parseConfig({
  ...tinyConfig,
  vocab_size: 151936,
  hidden_size: 4096,
  num_attention_heads: 32,
  kv_channels: 128,
  intermediate_size: 22016,
  visual: {
    ...tinyConfig.visual,
    image_size: 448,
    width: 1664,
    heads: 16,
    mlp_ratio: 4.9231,
    output_dim: 4096,
    n_queries: 256,
    image_start_id: 151857,
  },
})

describe('the linear layers of a model', () => {
  const layers = linearLayers(published)

  test('are those of the language model, the vision tower, and two of the adapter', () => {
    expect(layers.size).toBe(32 * 5 + 48 * 4 + 2)
    expect(layers.get('transformer.h.31.attn.c_attn')).toEqual({ in: 4096, out: 12288 })
    expect(layers.get('transformer.h.0.mlp.c_proj')).toEqual({ in: 11008, out: 4096 })
    expect(layers.get('transformer.visual.transformer.resblocks.47.attn.in_proj')).toEqual({ in: 1664, out: 4992 })
    expect(layers.get('transformer.visual.attn_pool.kv_proj')).toEqual({ in: 1664, out: 4096 })
    expect(layers.has('lm_head')).toBe(false)
  })

  test('have their weights under these paths in the checkpoint', () => {
    const shapes = parameterShapes(published)
    for (const [path, { in: width, out }] of layers) expect(shapes.get(`${path}.weight`), path).toEqual([out, width])
  })

  test('have dropout streams of their own', () => {
    expect(new Set([...layers.keys()].map(dropoutStream)).size).toBe(layers.size)
  })
})

describe('targets', () => {
  const paths = [...linearLayers(published).keys()]

  test('of the official script mean four layers in each of the 32 blocks, and nothing of the vision tower', () => {
    const matched = matchTargets(['c_attn', 'attn.c_proj', 'w1', 'w2'], paths)
    expect(matched).toHaveLength(32 * 4)
    expect(matched.filter(path => path.startsWith('transformer.h.5.'))).toEqual([
      'transformer.h.5.attn.c_attn',
      'transformer.h.5.attn.c_proj',
      'transformer.h.5.mlp.w1',
      'transformer.h.5.mlp.w2',
    ])
    expect(matched.some(path => path.includes('visual'))).toBe(false)
  })

  test.each<[string, string | string[], number]>([
    ['the end of a path, in both towers', ['mlp.c_proj'], 32 + 48],
    ['a whole path', ['transformer.h.0.mlp.w1'], 1],
    ['an expression for the whole path', String.raw`transformer\.h\.(0|1)\..*`, 10],
    ['every layer', 'all-linear', 32 * 5 + 48 * 4 + 2],
  ])('mean %s', (_, targets, count) => {
    expect(matchTargets(targets, paths)).toHaveLength(count)
  })

  test.each<[string, string | string[], RegExp]>([
    [
      'a misspelt target',
      ['c_attn', 'c_atn'],
      /the target "c_atn" means no layer; .*transformer\.h\.N\.attn\.c_attn, /,
    ],
    ['several of them', ['a', 'b'], /the targets "a", "b" mean no layer/],
    ['the end of a name that is no name', ['proj', 'c_attn'], /the target "proj" means no layer/],
    ['no target', [], /there is no target/],
    ['an expression for the end of paths only', 'c_attn', /matches the whole path of no layer/],
    ['an expression that is none', '(', /"\(" is no regular expression/],
  ])('refuse %s', (_, targets, message) => {
    expect(() => matchTargets(targets, paths)).toThrow(message)
  })
})

describe('an adapter begins', () => {
  const size = { in: 64, out: 48 }

  test('with A uniform in ±1/√in, and B zero, so that it adds nothing', () => {
    const { a, b } = initialLora('h.0.w1', 32, size, 7)
    expect([a.length, b.length]).toEqual([32 * 64, 48 * 32])
    expect(b.every(each => each === 0)).toBe(true)
    const largest = a.reduce((most, each) => Math.max(most, Math.abs(each)), 0)
    expect(largest).toBeLessThanOrEqual(1 / 8)
    expect(largest).toBeGreaterThan(0.99 / 8)
    // A uniform's variance is a third of its bound's square; 2,048 draws are within 10%.
    const variance = a.reduce((total, each) => total + each * each, 0) / a.length
    expect(variance * 64 * 3).toBeGreaterThan(0.9)
    expect(variance * 64 * 3).toBeLessThan(1.1)
  })

  test('the same from the same seed, otherwise from another, and otherwise in another layer', () => {
    const begin = (path: string, seed: number) => [...initialLora(path, 2, size, seed).a.subarray(0, 8)]
    expect(begin('h.0.w1', 7)).toEqual(begin('h.0.w1', 7))
    expect(begin('h.0.w1', 8)).not.toEqual(begin('h.0.w1', 7))
    expect(begin('h.0.w2', 7)).not.toEqual(begin('h.0.w1', 7))
  })
})

test('an adapter in a recomputed block drops the same in the backward pass', async () => {
  const { recompute } = await import('../../../src/graph/index.ts')
  const inputs = { x: normal([6, 5]), p: normal([6, 5]), a: normal([2, 5]), b: normal([5, 2]) }
  const results = []
  for (const wrap of [<R>(build: () => R) => build(), recompute]) {
    const { tensors, feeds } = assemble(inputs, t => t['x']!, randomFrom(3))
    const dropping = { probability: 0.4, seed: constant(9, [], 'int64') }
    const layer = loraLinear((_, x) => x, { rankOf: () => 2, scaleOf: () => 1, dropout: dropping })
    const at = scopeOf({ 'lora_A.weight': tensors['a']!, 'lora_B.weight': tensors['b']! })
    const y = wrap(() => layer(at, linear(tensors['x']!, constant([...Array(25).keys()], [5, 5])), { out: 5 }))
    const loss = sum(mul(y, tensors['p']!))
    const [da, db] = gradient(loss, [tensors['a']!, tensors['b']!])
    const found = await evaluate(compile({ da: da!, db: db! }), feeds)
    results.push([numbers(found['da']!), numbers(found['db']!)].flat())
  }
  expect(furthest(results[1]!, results[0]!)).toBeLessThan(1e-6)
})
