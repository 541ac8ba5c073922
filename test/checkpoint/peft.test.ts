/** LoRA adapters in PEFT's layout: every spelling is read, what is written is read back, and all others are refused. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type Adapter,
  type AdapterContent,
  checkAdapter,
  fingerprint,
  openAdapter,
  openCheckpoint,
  type ReadableTensor,
  tensorFromMemory,
  writeAdapter,
  writeCheckpoint,
  writeSafetensors,
} from '../../src/checkpoint/index.ts'
import { root } from '../checkout.ts'
import { folderOf, rejection, temporaryFolder } from './files.ts'

const layer = 'transformer.h.0.attn.c_attn'

const plainConfig = { peft_type: 'LORA', r: 2, lora_alpha: 8, target_modules: ['c_attn'], bias: 'none' }

const matrix = (name: string, shape: readonly number[]): ReadableTensor =>
  tensorFromMemory(
    name,
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + name.length),
  )

/** A safetensors file made by hand, byte by byte, as other programs make them. */
function handMade(tensors: Readonly<Record<string, readonly [readonly number[], readonly number[]]>>): Uint8Array {
  let at = 0
  const entries = Object.entries(tensors).map(([name, [shape, values]]) => {
    const begin = at
    at += 4 * values.length
    return [name, { dtype: 'F32', shape, data_offsets: [begin, at] }]
  })
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  const values = Float32Array.from(Object.values(tensors).flatMap(([, list]) => list))
  return Buffer.concat([length, header, Buffer.from(values.buffer)])
}

async function adapterOf(config: unknown, tensors: readonly ReadableTensor[]): Promise<string> {
  const folder = folderOf({ 'adapter_config.json': JSON.stringify(config) })
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors)
  return folder
}

const pairOf = (path = layer, rank = 2): ReadableTensor[] => [
  matrix(`base_model.model.${path}.lora_A.weight`, [rank, 4]),
  matrix(`base_model.model.${path}.lora_B.weight`, [6, rank]),
]

describe('an adapter made elsewhere is read', () => {
  test('as the first PEFT saved it with torch.save: the adapter’s own name within the names', async () => {
    const folder = join(root, 'test/fixtures/train/lora')
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'))
    await using adapter = await openAdapter(folder)
    expect([...adapter.modules.keys()]).toEqual([layer, 'transformer.h.1.mlp.w1'])
    expect([...adapter.saved.keys()]).toEqual(['lm_head.weight', 'transformer.wte.weight'])
    expect(adapter.base).toEqual({ name: 'Qwen/Qwen-VL', fingerprint: undefined })
    for (const [path, { a, b, rank, scale, in: width, out }] of adapter.modules) {
      const wanted = expected[path]
      expect({ rank, scale, width, out }).toEqual({
        rank: 3,
        scale: 4,
        width: wanted.x[0].length,
        out: wanted.bias.length,
      })
      expect(await a.readAs('float32')).toEqual(Float32Array.from(wanted.a.flat()))
      expect(await b.readAs('float32')).toEqual(Float32Array.from(wanted.b.flat()))
    }
  })

  test.each([
    ['today', 'base_model.model.', '', ''],
    ['with the adapter’s name', 'base_model.model.', '.default', '.modules_to_save.default'],
    ['with a name of its own', 'base_model.model.', '.street', '.modules_to_save'],
    ['without the prefix', '', '', ''],
  ])('with the names of %s', async (_, prefix, own, wrapper) => {
    const config = { ...plainConfig, modules_to_save: ['lm_head'] }
    const folder = folderOf({
      'adapter_config.json': JSON.stringify(config),
      'adapter_model.safetensors': handMade({
        [`${prefix}${layer}.lora_A${own}.weight`]: [
          [2, 3],
          [1, 2, 3, 4, 5, 6],
        ],
        [`${prefix}${layer}.lora_B${own}.weight`]: [
          [1, 2],
          [7, 8],
        ],
        [`${prefix}lm_head${wrapper}.weight`]: [
          [1, 3],
          [9, 10, 11],
        ],
      }),
    })
    await using adapter = await openAdapter(folder)
    expect([...adapter.tensors.keys()]).toEqual([`${layer}.lora_A.weight`, `${layer}.lora_B.weight`, 'lm_head.weight'])
    const values = await Promise.all([...adapter.tensors.values()].map(tensor => tensor.readAs('float32')))
    expect(values.map(each => [...each])).toEqual([
      [1, 2, 3, 4, 5, 6],
      [7, 8],
      [9, 10, 11],
    ])
    expect(adapter.modules.get(layer)).toMatchObject({ rank: 2, scale: 4, in: 3, out: 1 })
  })

  test('with tables of embeddings that were saved without being listed', async () => {
    const table = matrix('base_model.model.transformer.wte.weight', [7, 4])
    await using adapter = await openAdapter(await adapterOf(plainConfig, [...pairOf(), table]))
    expect([...adapter.saved.keys()]).toEqual(['transformer.wte.weight'])
  })
})

describe('the scale', () => {
  const scaleOf = async (config: object, rank = 2) => {
    await using adapter = await openAdapter(await adapterOf({ ...plainConfig, ...config }, pairOf(layer, rank)))
    return adapter.modules.get(layer)!.scale
  }

  test.each<[string, object, number, number]>([
    ['is alpha / rank', {}, 2, 4],
    ['is alpha / √rank where the adapter is rank-stabilised', { use_rslora: true }, 2, 8 / Math.SQRT2],
    ['follows a pattern of ranks', { rank_pattern: { 'attn.c_attn': 4 } }, 4, 2],
    ['follows a pattern of alphas', { alpha_pattern: { c_attn: 3 } }, 2, 1.5],
    ['follows the first pattern that fits', { alpha_pattern: { attn: 9, [layer]: 5, c_attn: 3 } }, 2, 2.5],
    ['follows an expression', { alpha_pattern: { 'h\\.[0-9]+\\.attn\\.c_attn': 6 } }, 2, 3],
    ['keeps the common alpha where no pattern fits', { alpha_pattern: { 'h.1.attn.c_attn': 6 } }, 2, 4],
  ])('%s', async (_, config, rank, scale) => {
    expect(await scaleOf(config, rank)).toBe(scale)
  })
})

describe('refused is', () => {
  const other = matrix('base_model.model.transformer.ln_f.weight', [4])
  const without = (part: string) => pairOf().filter(({ name }) => !name.includes(part))

  test.each<[string, object, readonly ReadableTensor[], RegExp]>([
    ['another type', { peft_type: 'IA3' }, pairOf(), /peft_type: the adapter is of the type "IA3": only "LORA"/],
    ['DoRA', { use_dora: true }, pairOf(), /use_dora: .*DoRA.*not known/],
    ['DoRA by its tensors', {}, [...pairOf(), matrix(`${layer}.lora_magnitude_vector`, [6])], /DoRA/],
    ['trained biases', { bias: 'lora_only' }, pairOf(), /bias: biases were trained, too \("lora_only"\)/],
    ['weights the other way round', { fan_in_fan_out: true }, pairOf(), /fan_in_fan_out: .*\[in, out\]/],
    ['a beginning that changed the base', { init_lora_weights: 'pissa_niter_4' }, pairOf(), /PiSSA/],
    ['repeated layers', { layer_replication: [[0, 4]] }, pairOf(), /layer_replication: .*repeats layers/],
    ['a bias beside B', { lora_bias: true }, pairOf(), /lora_bias/],
    ['a rank of nothing', { r: 0 }, pairOf(), /r: /],
    [
      'another rank than the configuration’s',
      { r: 3 },
      pairOf(),
      /lora_A\.weight": it is float32 \[2, 4\], but .*\(r 3\) .*\[3, in\]/,
    ],
    ['a layer without B', {}, without('lora_B'), /layer transformer\.h\.0\.attn\.c_attn has lora_A but no lora_B/],
    ['a layer without A', {}, without('lora_A'), /has lora_B but no lora_A/],
    [
      'a matrix with other axes',
      {},
      [without('lora_A')[0]!, matrix(`${layer}.lora_A.weight`, [2, 4, 1, 1])],
      /\[2, 4, 1, 1\]/,
    ],
    [
      'an unknown tensor',
      {},
      [...pairOf(), other],
      /"base_model\.model\.transformer\.ln_f\.weight": it belongs neither/,
    ],
    [
      'an adapter of embeddings',
      {},
      [...pairOf(), matrix('transformer.wte.lora_embedding_A', [2, 7])],
      /embedding table/,
    ],
    [
      'two adapters at once',
      {},
      [...pairOf(), matrix(`${layer}.lora_A.second.weight`, [2, 4])],
      /more than one adapter/,
    ],
    ['a file without matrices', { modules_to_save: ['ln_f'] }, [other], /holds no matrices of an adapter/],
    ['an expression that could hang', { rank_pattern: { '(a+)+$': 4 } }, pairOf(), /too intricate/],
  ])('%s', async (_, config, tensors, message) => {
    const error = await rejection(openAdapter(await adapterOf({ ...plainConfig, ...config }, tensors)))
    expect(error.name).toMatch(/FormatError|CheckpointError/)
    expect(error.message).toMatch(message)
  })

  test.each([
    ['a folder that is none', {}, /no adapter: it has no adapter_config\.json/],
    [
      'a folder without matrices',
      { 'adapter_config.json': JSON.stringify(plainConfig) },
      /has no adapter_model\.safetensors or/,
    ],
    [
      'a damaged configuration',
      { 'adapter_config.json': '{', 'adapter_model.safetensors': 'x' },
      /adapter_config\.json: it is not JSON/,
    ],
    [
      'a damaged file',
      { 'adapter_config.json': JSON.stringify(plainConfig), 'adapter_model.safetensors': 'xxxxxxxxxxx' },
      /adapter_model\.safetensors/,
    ],
  ])('%s', async (_, files, message) => {
    expect((await rejection(openAdapter(folderOf(files)))).message).toMatch(message)
  })
})

const content = (base: AdapterContent['base'] = { name: 'Qwen/Qwen-VL-Chat' }): AdapterContent => ({
  rank: 2,
  alpha: 16,
  dropout: 0.05,
  targets: ['c_attn', 'w1'],
  tensors: [
    matrix(`${layer}.lora_A.weight`, [2, 4]),
    matrix(`${layer}.lora_B.weight`, [6, 2]),
    matrix('transformer.h.0.mlp.w1.lora_A.weight', [3, 4]),
    matrix('transformer.h.0.mlp.w1.lora_B.weight', [5, 3]),
    matrix('lm_head.weight', [7, 4]),
  ],
  base,
})

const valuesOf = async ({ tensors }: Pick<Adapter, 'tensors'>) =>
  Object.fromEntries(
    await Promise.all([...tensors].map(async ([name, tensor]) => [name, [...(await tensor.readAs('float32'))]])),
  )

describe('an adapter that is written', () => {
  test('is read back, with other ranks, modules saved whole, and the fingerprint of its base', async () => {
    const folder = join(temporaryFolder(), 'runs', 'adapter')
    const given = content({ name: 'Qwen/Qwen-VL-Chat', fingerprint: 'ab'.repeat(32) })
    await writeAdapter(folder, given)
    await using adapter = await openAdapter(folder)
    expect(await valuesOf(adapter)).toEqual(
      await valuesOf({ tensors: new Map(given.tensors.map(t => [t.name, t])) } as never),
    )
    expect([...adapter.modules.values()].map(({ rank, scale }) => [rank, scale])).toEqual([
      [2, 8],
      [3, 16 / 3],
    ])
    expect(adapter.base).toEqual({ name: 'Qwen/Qwen-VL-Chat', fingerprint: 'ab'.repeat(32) })
    expect(adapter.config).toMatchObject({ lora_dropout: 0.05, target_modules: ['c_attn', 'w1'] })
  })

  test('has the fields and names that PEFT reads', async () => {
    const folder = join(temporaryFolder(), 'adapter')
    await writeAdapter(folder, content())
    expect(JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: 'Qwen/Qwen-VL-Chat',
      r: 2,
      lora_alpha: 16,
      bias: 'none',
      modules_to_save: ['lm_head'],
      rank_pattern: { 'transformer.h.0.mlp.w1': 3 },
      target_modules: ['c_attn', 'w1'],
    })
    await using file = await openCheckpoint(join(folder, 'adapter_model.safetensors'))
    expect(file.names).toContain(`base_model.model.${layer}.lora_A.weight`)
    expect(file.names).toContain('base_model.model.lm_head.weight')
    expect(file.metadata).toEqual({ format: 'pt' })
  })

  test('names every layer where the targets were all of them', async () => {
    const folder = join(temporaryFolder(), 'adapter')
    await writeAdapter(folder, { ...content(), targets: 'all-linear', rankStabilised: true }, { dtype: 'bfloat16' })
    await using adapter = await openAdapter(folder)
    expect(adapter.config.target_modules).toEqual([layer, 'transformer.h.0.mlp.w1'])
    expect(adapter.modules.get(layer)!.scale).toBeCloseTo(16 / Math.SQRT2)
    expect(adapter.modules.get(layer)!.a.dtype).toBe('bfloat16')
  })

  test('takes the place of an older one, and of nothing else', async () => {
    const folder = folderOf({ 'adapter_model.bin': 'old', 'adapter_config.json': '{}', 'notes.txt': 'mine' })
    await writeAdapter(folder, content())
    expect(readdirSync(folder).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'notes.txt'])
    await using adapter = await openAdapter(folder)
    expect(adapter.modules.size).toBe(2)
  })

  test('is not there at all when writing was cancelled', async () => {
    const parent = temporaryFolder()
    const signal = AbortSignal.abort(new Error('enough'))
    expect((await rejection(writeAdapter(join(parent, 'adapter'), content(), { signal }))).message).toBe('enough')
    expect(readdirSync(parent)).toEqual([])
  })

  test('needs both matrices of a layer, with one rank', async () => {
    const { tensors, ...rest } = content()
    const folder = join(temporaryFolder(), 'adapter')
    const half = writeAdapter(folder, { ...rest, tensors: tensors.slice(1) })
    expect((await rejection(half)).message).toMatch(/c_attn has rank nothing in A and 2 in B/)
    const none = writeAdapter(folder, { ...rest, tensors: tensors.slice(4) })
    expect((await rejection(none)).message).toMatch(/no layer was adapted/)
  })
})

describe('held against a base', () => {
  const layers = new Map([[layer, { in: 4, out: 6 }]])
  const shapes = new Map([
    ['lm_head.weight', [7, 4]],
    ['transformer.wte.weight', [7, 4]],
  ])
  const base = { origin: 'the base', layers, shapes }
  const check = async (tensors: readonly ReadableTensor[], against: Parameters<typeof checkAdapter>[1] = base) => {
    await using adapter = await openAdapter(await adapterOf(plainConfig, tensors))
    return checkAdapter(adapter, against)
  }

  test('what fits gives no warning', async () => {
    expect(await check([...pairOf(), matrix('base_model.model.lm_head.weight', [7, 4])])).toEqual([])
  })

  test('a layer that the base has not is told with the most similar ones', async () => {
    const error = await rejection(check(pairOf('transformer.h.9.attn.c_attn')))
    expect(error.message).toMatch(/no linear layer transformer\.h\.9\.attn\.c_attn; .*transformer\.h\.0\.attn\.c_attn/)
  })

  test('a layer of another size is told with both', async () => {
    const larger = { ...base, layers: new Map([[layer, { in: 4096, out: 12288 }]]) }
    const error = await rejection(check(pairOf(), larger))
    expect(error.message).toMatch(/c_attn is 4096 → 12288, but its adapter 4 → 6: the base has another size/)
  })

  test('a table of another vocabulary is told with both numbers, and what to do', async () => {
    const error = await rejection(check([...pairOf(), matrix('base_model.model.lm_head.weight', [5, 4])]))
    expect(error.message).toMatch(/lm_head\.weight is \[5, 4\] in the adapter, but \[7, 4\] in the base/)
    expect(error.message).toMatch(/the vocabulary differs.*151936.*151860.*resized.*Train it again/)
  })

  test('another base with the same shapes is a warning', async () => {
    const folder = join(temporaryFolder(), 'adapter')
    const { tensors, ...rest } = content({ name: 'models/first', fingerprint: '1'.repeat(64) })
    await writeAdapter(folder, { ...rest, tensors: tensors.slice(0, 2) })
    await using adapter = await openAdapter(folder)
    expect(checkAdapter(adapter, { ...base, fingerprint: '1'.repeat(64) })).toEqual([])
    const [warning, ...others] = checkAdapter(adapter, { ...base, fingerprint: '2'.repeat(64) })
    expect(warning).toMatch(
      /trained on another base \(models\/first\): fingerprint 111111111111…, and the base has 2222/,
    )
    expect(others).toEqual([])
  })
})

describe('the fingerprint of a checkpoint', () => {
  const large = (edit: (values: Float32Array) => void = () => {}) => {
    const values = Float32Array.from({ length: 4096 }, (_, i) => i)
    edit(values)
    return [tensorFromMemory('w', 'float32', [64, 64], values), matrix('b', [64]), matrix('c', [64, 2])]
  }
  const of = async (tensors: readonly ReadableTensor[], maxFileBytes = 5e9) => {
    const folder = temporaryFolder()
    await writeCheckpoint(folder, tensors, { maxFileBytes })
    await using checkpoint = await openCheckpoint(folder)
    return await fingerprint(checkpoint)
  }

  test('is the same in one file and in several, and another for other values, shapes and names', async () => {
    const own = await of(large())
    expect(own).toMatch(/^[0-9a-f]{64}$/)
    expect(await of(large(), 17_000)).toBe(own)
    const others = await Promise.all([
      of(large(values => values.fill(-1, 0, 1))),
      of(large(values => values.fill(-1, 4095))),
      of(large().slice(0, 2)),
      of([...large().slice(0, 2), matrix('c', [2, 64])]),
      of([...large().slice(0, 2), matrix('d', [64, 2])]),
    ])
    expect(new Set([own, ...others]).size).toBe(6)
  })

  test('reads the ends of a tensor only', async () => {
    expect(await of(large(values => values.fill(-1, 2000, 2100)))).toBe(await of(large()))
  })
})

test('an adapter says nothing of its configuration that other programs wrote and nobody needs', async () => {
  const folder = await adapterOf(
    { ...plainConfig, corda_config: null, eva_config: null, use_qalora: false, peft_version: '0.18.0' },
    pairOf(),
  )
  writeFileSync(join(folder, 'README.md'), 'a card')
  await using adapter = await openAdapter(folder)
  expect(adapter.config).not.toHaveProperty('peft_version')
})
