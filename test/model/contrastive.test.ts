/** Both towers and the loss, held against PyTorch, with the gradients of every parameter. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { add, compile, gradient, input, mean, mul, scope, type Tensor } from '../../src/graph/index.ts'
import {
  contrastiveShapes,
  imageFeatures,
  logitScale,
  match,
  parseConfig,
  parseContrastive,
  textFeatures,
} from '../../src/model/index.ts'
import { openRuntime, type Runtime, type TensorValue, tensorValue } from '../../src/runtime/node.ts'
import { publishedConfig } from '../checkpoint/published.ts'
import { largestDifference } from '../golden.ts'
import { contrastiveCase } from '../train/objective/contrastiveCase.ts'

let runtime: Runtime
beforeAll(async () => {
  runtime = await openRuntime({ thread: 'caller' })
})
afterAll(() => runtime.dispose())

/** Everything that PyTorch computed, computed by one graph. */
async function compute({ masked }: { masked: boolean }): Promise<Record<string, TensorValue>> {
  const { config, contrastive, size, texts, parameters, expected } = await contrastiveCase()
  const root = scope()
  const pixels = input('pixels', 'float32', ['pairs', 3, size, size])
  const images = imageFeatures(root, pixels, config, contrastive)
  const tokens = input('tokens', 'int64', ['pairs', 'length'])
  const sentences = textFeatures(root, tokens, input('ends', 'int64', ['pairs']), config, contrastive)
  const same = masked ? { same: input('same', 'float32', ['pairs', 'pairs']) } : {}
  const pairs = { targets: input('targets', 'int64', ['pairs']), ...same }
  const scale = logitScale(root)
  const ofImages = match({ queries: images, candidates: sentences, ...pairs }, scale)
  const ofTexts = match({ queries: sentences, candidates: images, ...pairs }, scale)
  const total = mul(add(mean(ofImages.losses), mean(ofTexts.losses)), 0.5)
  const names = [...root.parameters.keys()]
  const gradients = gradient(
    total,
    names.map(name => root.parameters.get(name) as Tensor),
  )
  const graph = compile(
    {
      images,
      texts: sentences,
      imageLosses: ofImages.losses,
      textLosses: ofTexts.losses,
      lags: ofImages.lags,
      loss: total,
      ...Object.fromEntries(names.map((name, i) => [`d.${name}`, gradients[i] as Tensor])),
    },
    { trained: 'all' },
  )
  const length = Math.max(...texts.map(text => text.length))
  await using session = await runtime.openSession(graph)
  return session.run({
    ...parameters,
    pixels: expected('pixels'),
    tokens: tensorValue(
      'int64',
      [5, length],
      texts.flatMap(text => [...text, ...Array<number>(length - text.length).fill(0)]),
    ),
    ends: tensorValue(
      'int64',
      [5],
      texts.map((text, i) => i * length + text.length - 1),
    ),
    targets: tensorValue('int64', [5], [0, 1, 2, 3, 4]),
    // The first and the last text are the same.
    ...(masked && {
      same: tensorValue(
        'float32',
        [5, 5],
        Array.from({ length: 25 }, (_, i) => (i === 4 || i === 20 ? 1 : 0)),
      ),
    }),
  })
}

describe('a batch of five pairs gives what PyTorch gives', () => {
  test.each(['images', 'texts'])('the vectors of its %s', async name => {
    const { expected } = await contrastiveCase()
    const made = await compute({ masked: false })
    expect(largestDifference(floats(made[name]), expected(name).data)).toBeLessThan(2e-6)
  })

  test.each([
    ['all of each other', 'plain', false],
    ['all but those with the same text', 'masked', true],
  ] as const)('the losses when every pair is told from %s', async (_, prefix, masked) => {
    const { expected } = await contrastiveCase()
    const made = await compute({ masked })
    expect(largestDifference(floats(made['imageLosses']), expected(`${prefix}.images`).data)).toBeLessThan(2e-5)
    expect(largestDifference(floats(made['textLosses']), expected(`${prefix}.texts`).data)).toBeLessThan(2e-5)
  })

  test('the gradient of every parameter', async () => {
    const { gradients, loss } = await contrastiveCase()
    const made = await compute({ masked: true })
    expect(floats(made['loss'])[0]).toBeCloseTo(loss, 5)
    expect(gradients.size).toBeGreaterThan(50)
    for (const [name, { data }] of gradients) {
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      // Keys' biases add the same to all scores: their gradient is rounding.
      const bound = Math.max(2e-5 * largest, 1e-6)
      expect([name, largestDifference(floats(made[name]), data) < bound]).toEqual([name, true])
    }
  })

  test('how far the right text is behind the nearest one', async () => {
    const made = await compute({ masked: true })
    const [images, texts] = [floats(made['images']), floats(made['texts'])]
    const { contrastive, parameters } = await contrastiveCase()
    const width = contrastive.dimension
    const scale = Math.exp(floats(parameters['contrastive.logit_scale'])[0] as number)
    const cosine = (i: number, j: number) =>
      scale *
      texts.subarray(j * width, (j + 1) * width).reduce((sum, x, c) => sum + x * (images[i * width + c] as number), 0)
    const lags = Array.from({ length: 5 }, (_, i) => {
      const others = [0, 1, 2, 3, 4].filter(j => !(i === 0 && j === 4) && !(i === 4 && j === 0))
      return Math.max(...others.map(j => cosine(i, j))) - cosine(i, i)
    })
    expect(largestDifference(floats(made['lags']), lags)).toBeLessThan(2e-5)
  })
})

describe('the parameters of contrastive training', () => {
  const contrastive = parseContrastive({
    contrastive: { width: 512, layers: 6, heads: 8, context: 77, dimension: 512 },
  })
  const shapes = contrastiveShapes(parseConfig(publishedConfig), contrastive)

  test.each([
    ['transformer.visual.conv1.weight', [1664, 3, 14, 14]],
    ['transformer.visual.transformer.resblocks.47.attn.in_proj.weight', [4992, 1664]],
    ['contrastive.image.ln_post.weight', [1664]],
    ['contrastive.image.proj', [1664, 512]],
    ['contrastive.text.token_embedding.weight', [151936, 512]],
    ['contrastive.text.positional_embedding', [77, 512]],
    ['contrastive.text.transformer.resblocks.5.attn.in_proj_weight', [1536, 512]],
    ['contrastive.text.transformer.resblocks.5.attn.out_proj.bias', [512]],
    ['contrastive.text.transformer.resblocks.0.mlp.c_fc.weight', [2048, 512]],
    ['contrastive.text.ln_final.bias', [512]],
    ['contrastive.text.text_projection', [512, 512]],
    ['contrastive.logit_scale', []],
  ])('have %s of shape %j', (name, shape) => {
    expect(shapes.get(name)).toEqual(shape)
  })

  test('leave out what stands behind the vision tower in Qwen-VL', () => {
    expect([...shapes.keys()].filter(name => /attn_pool|visual\.(ln_post|proj)|wte|lm_head/.test(name))).toEqual([])
  })
})

describe('the field "contrastive" of a configuration', () => {
  const fine = { width: 32, layers: 2, heads: 4, context: 16, dimension: 24 }

  test.each([
    ['that is missing', undefined, 'no field "contrastive"'],
    ['without a width', { ...fine, width: undefined }, 'contrastive.width'],
    ['with a context that holds no word', { ...fine, context: 1 }, 'contrastive.context'],
    ['with heads that do not divide the width', { ...fine, heads: 5 }, 'width 32 must be a multiple'],
  ])('%s is refused with the reason', (_, contrastive, reason) => {
    expect(() => parseContrastive({ contrastive }, 'a.json')).toThrow(reason)
  })
})

const floats = (tensor: TensorValue | undefined): Float32Array => tensor?.data as Float32Array
