/** The description of the model: the published layout comes out of it, and other models are refused. */
import { describe, expect, test } from 'vitest'
import { inspect } from '../../src/checkpoint/inspect.ts'
import { ntkAlpha, parameterShapes, parseConfig, queryScales, rotaryTables } from '../../src/model/index.ts'
import { publishedConfig as published } from '../checkpoint/published.ts'
import { openGolden } from '../golden.ts'

describe('the full model, described from the published configuration', () => {
  const shapes = parameterShapes(parseConfig(published))
  const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)

  test('has 853 parameters of 9,656,935,168 numbers', () => {
    expect(shapes.size).toBe(853)
    expect([...shapes.values()].map(count).reduce((a, b) => a + b)).toBe(9_656_935_168)
  })

  test('has the published number of parameters in each part', () => {
    const { parts } = inspect(
      [...shapes].map(([name, shape]) => ({ name, shape, dtype: 'bfloat16' as const })),
      published,
    )
    expect(parts.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['language model', 7_721_324_544],
      ['vision tower', 1_842_770_688],
      ['adapter', 76_054_528],
      ['vision output', 16_785_408],
    ])
  })

  test.each([
    ['transformer.wte.weight', [151936, 4096]],
    ['transformer.h.31.attn.c_attn.weight', [12288, 4096]],
    ['transformer.h.0.attn.c_attn.bias', [12288]],
    ['transformer.h.7.mlp.w2.weight', [11008, 4096]],
    ['transformer.visual.conv1.weight', [1664, 3, 14, 14]],
    ['transformer.visual.positional_embedding', [256, 1664]],
    ['transformer.visual.transformer.resblocks.47.mlp.c_fc.weight', [8192, 1664]],
    ['transformer.visual.attn_pool.attn.in_proj_weight', [12288, 4096]],
    ['transformer.visual.attn_pool.kv_proj.weight', [4096, 1664]],
    ['transformer.visual.proj', [4096, 4096]],
    ['lm_head.weight', [151936, 4096]],
  ])('calls a parameter %s and gives it shape %j', (name, shape) => {
    expect(shapes.get(name)).toEqual(shape)
  })

  test('has the adapter project only where the widths differ', () => {
    const same = parseConfig({ ...published, visual: { ...published.visual, width: 4096, heads: 32 } })
    expect(parameterShapes(same).has('transformer.visual.attn_pool.kv_proj.weight')).toBe(false)
  })
})

describe('a configuration', () => {
  test.each([
    ['of another family', { ...published, model_type: 'llama' }, 'model_type is "llama", not "qwen"'],
    ['with biases', { ...published, no_bias: false }, 'no_bias'],
    ['with shared embeddings', { ...published, tie_word_embeddings: true }, 'share input and output embeddings'],
    ['without a vision part', { ...published, visual: undefined }, 'visual'],
    ['with heads that do not fill the width', { ...published, kv_channels: 64 }, '= 2048 must be hidden_size = 4096'],
    [
      'with too narrow an adapter',
      {
        ...published,
        hidden_size: 64,
        num_attention_heads: 1,
        kv_channels: 64,
        visual: { ...published.visual, output_dim: 64 },
      },
      'multiple of 128',
    ],
    ['that is no object', 'qwen', 'not a Qwen-VL model'],
  ])('%s is refused with the reason', (_, config, reason) => {
    expect(() => parseConfig(config)).toThrow(reason)
  })

  test('lists all of its faults at once', () => {
    expect(() => parseConfig({ ...published, vocab_size: -1, hidden_size: 'wide' })).toThrow(/vocab_size.*hidden_size/)
  })
})

describe('positions', () => {
  const config = parseConfig(published)

  test('are stretched in steps, with every doubling of the trained length', () => {
    const lengths = [1, 2048, 2049, 4096, 4097, 8192]
    expect(lengths.map(length => ntkAlpha(length, config))).toEqual([1, 1, 3, 3, 7, 7])
    expect(ntkAlpha(8192, { ...config, use_dynamic_ntk: false })).toBe(1)
  })

  test('scale queries only beyond the trained length', () => {
    const [before, last, after] = queryScales([0, 2047, 4095], config)
    expect([before, last]).toEqual([1, 1])
    expect(after).toBeCloseTo(Math.log(4096) / Math.log(2048), 6)
  })

  test.each(['A', 'C', 'D'] as const)('turn by the angles of the reference (case %s)', name => {
    const golden = openGolden(name)
    const { data, shape } = golden.tensor('lm.rope_sin')
    const [length, width] = shape as [number, number]
    const { sines } = rotaryTables([...Array(length).keys()], golden.manifest.eval_ntk_alpha as number, golden.config)
    for (let i = 0; i < data.length; i++) {
      const ours = sines[Math.floor(i / width) * (width / 2) + (i % (width / 2))]
      expect(ours).toBeCloseTo(data[i] as number, 5)
    }
  })
})
