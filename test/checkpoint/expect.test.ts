import { expect, test } from 'vitest'
import { expectTensors, TensorMismatchError } from '../../src/checkpoint/index.ts'
import { publishedInt4, publishedTensors } from './published.ts'

function refusal(found: readonly { name: string; shape: readonly number[]; dtype?: string }[], options = {}) {
  try {
    expectTensors(
      { origin: 'models/mine', tensors: found },
      publishedTensors.map(({ name, shape }) => ({ name, shape })),
      options,
    )
  } catch (error) {
    expect(error).toBeInstanceOf(TensorMismatchError)
    return error as TensorMismatchError
  }
  throw new Error('it was expected to fail, but did not')
}

test('the right tensors are accepted, in any order', () => {
  const expected = publishedTensors.map(({ name, shape }) => ({ name, shape }))
  expectTensors({ origin: 'here', tensors: publishedTensors.toReversed() }, expected)
})

test('everything missing, extra and of the wrong shape is in one error, layers on one line', () => {
  const found = publishedTensors
    .filter(({ name }) => !/h\.\d+\.ln_1/.test(name) && name !== 'transformer.ln_f.weight')
    .map(tensor => (/h\.(3|4|5|9)\.mlp\.w1/.test(tensor.name) ? { ...tensor, shape: [5, 6] } : tensor))
  const error = refusal([...found, { name: 'transformer.h.40.extra', shape: [], dtype: 'bool' }])
  expect(error.message).toBe(
    [
      'models/mine is no checkpoint of this model:',
      '  missing (33):',
      '    transformer.ln_f.weight [4096]',
      '    transformer.h.{0-31}.ln_1.weight [4096] (32 tensors)',
      '  not part of the model (1):',
      '    transformer.h.40.extra bool []',
      '  of the wrong shape or type (4):',
      '    transformer.h.{3-5, 9}.mlp.w1.weight bfloat16 [5, 6] instead of [11008, 4096] (4 tensors)',
    ].join('\n'),
  )
  expect([error.missing.length, error.extra.length, error.wrong.length]).toEqual([33, 1, 4])
  expect(error.wrong[0]).toEqual({
    expected: { name: 'transformer.h.3.mlp.w1.weight', shape: [11008, 4096] },
    found: { name: 'transformer.h.3.mlp.w1.weight', shape: [5, 6], dtype: 'bfloat16' },
  })
})

test('hundreds of different names are cut to a few lines; the lists are whole', () => {
  const extra = Array.from({ length: 300 }, (_, i) => ({ name: `part${i}.weight`, shape: [i] }))
  const error = refusal([...publishedTensors, ...extra])
  expect(error.message.split('\n')).toHaveLength(2 + 12 + 1)
  expect(error.message).toContain('and 288 more of the kind')
  expect(error.extra).toHaveLength(300)
})

test('names that may be there are not held against a checkpoint', () => {
  const buffers = [{ name: 'transformer.h.0.attn.masked_bias', shape: [] }]
  const allowExtra = (name: string) => name.endsWith('masked_bias')
  expectTensors({ origin: 'here', tensors: [...publishedTensors, ...buffers] }, publishedTensors, { allowExtra })
})

test('element types count where they are wanted', () => {
  const check = (dtype: string | readonly string[]) =>
    expectTensors({ origin: 'here', tensors: [{ name: 'a', shape: [1], dtype: 'int8' }] }, [
      { name: 'a', shape: [1], dtype },
    ])
  check(['uint8', 'int8'])
  expect(() => check(['float32', 'float16'])).toThrow('a int8 [1] instead of float32/float16 [1]')
})

test.each([
  ['a quantised checkpoint', publishedInt4, 'It is quantised with GPTQ (160 layers): load it as int4.'],
  [
    'one saved from inside a wrapper',
    publishedTensors.map(each => ({ ...each, name: `base_model.model.${each.name}` })),
    'All names begin with "base_model.model.": it was saved from inside another module.',
  ],
  [
    'a LoRA adapter',
    [{ name: 'base_model.model.transformer.h.0.attn.c_attn.lora_A.weight', shape: [8, 4096] }],
    'It is a LoRA adapter: load it beside its base model.',
  ],
  [
    'one with another vocabulary',
    publishedTensors.map(each => (/wte|lm_head/.test(each.name) ? { ...each, shape: [151860, 4096] } : each)),
    'Only the vocabulary differs (151860 entries instead of 151936)',
  ],
  [
    'another family',
    [{ name: 'model.embed_tokens.weight', shape: [32000, 4096] }],
    'Not one tensor fits: it belongs to a model of another family.',
  ],
])('the likely cause is named for %s', (_, found, cause) => {
  expect(refusal(found).message).toContain(cause)
})
