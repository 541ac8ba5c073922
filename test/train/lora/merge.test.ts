/** Merging: the model computes what base and adapter compute, everything else stays, and the report says what changed. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  dequantiseGptq,
  fingerprint,
  openCheckpoint,
  readGptqLayer,
  tensorFromMemory,
} from '../../../src/checkpoint/index.ts'
import type { MergeEvent } from '../../../src/train/merge/events.ts'
import { merge } from '../../../src/train/merge/merge.ts'
import { read } from '../../checkout.ts'
import { rejection } from '../../checkpoint/files.ts'
import { writeTinyModel } from '../../tinyModel.ts'
import { LAYERS, madeFolder, makeAdapter, tinyLayers, valuesIn, writeInt4Model } from './made.ts'

const folder = madeFolder()
const at = (...names: string[]) => join(folder, ...names)
const layers = LAYERS
const path = 'transformer.h.1.mlp.w1'

beforeAll(async () => {
  await writeTinyModel(at('base'), { layers })
  await writeTinyModel(at('halves'), { layers, dtype: 'bfloat16', maxFileBytes: 400_000 })
  await writeInt4Model(at('int4'))
  await makeAdapter(at('adapter'))
})

/** W + scale · B A in double precision, from the files. */
async function expectedOf(base: Float32Array, adapter: string, scale: number): Promise<Float32Array> {
  const matrices = await valuesIn(join(adapter, 'adapter_model.safetensors'))
  const a = matrices.get(`base_model.model.${path}.lora_A.weight`)!
  const b = matrices.get(`base_model.model.${path}.lora_B.weight`)!
  const { in: width, out } = tinyLayers.get(path)!
  const rank = a.length / width
  return Float32Array.from({ length: out * width }, (_, index) => {
    const [o, i] = [Math.floor(index / width), index % width]
    let delta = 0
    for (let r = 0; r < rank; r++) delta += b[o * rank + r]! * a[r * width + i]!
    return base[index]! + scale * delta
  })
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

describe('an adapter merged into floats', () => {
  test('changes its matrices by scale · B A, and nothing else', async () => {
    const report = await merge(at('adapter'), at('base'), at('merged'))
    const [before, after] = [await valuesIn(at('base')), await valuesIn(at('merged'))]
    expect([...after.keys()]).toEqual([...before.keys()])
    expect(report).toMatchObject({
      matrices: 4 * layers,
      changed: 4 * layers,
      saved: [],
      stored: 'float32',
      warnings: [],
    })
    const others = [...before].filter(([name]) => furthest(after.get(name)!, before.get(name)!) === 0)
    expect(others).toHaveLength(before.size - 4 * layers)
    const expected = await expectedOf(before.get(`${path}.weight`) as Float32Array, at('adapter'), 2)
    expect(furthest(after.get(`${path}.weight`)!, expected)).toBeLessThan(1e-7)
  })

  test('gives logits that equal those of base and adapter to the rounding of float32', async () => {
    const { logits } = await merge(at('adapter'), at('base'), at('logits'))
    expect(logits!.positions).toBeGreaterThan(50)
    expect(logits!.agreeing).toBe(logits!.positions)
    expect(logits!.largest).toBeLessThan(1e-5 * logits!.scale)
    expect(logits!.scale).toBeGreaterThan(1)
  })

  test('says by how much, as it can be computed from the files', async () => {
    const events: MergeEvent[] = []
    const onEvent = (event: MergeEvent) => void events.push(event)
    const report = await merge(at('adapter'), at('base'), at('figures'), { onEvent, compare: false })
    const [before, after] = [await valuesIn(at('base')), await valuesIn(at('figures'))]
    const matrices = events.filter(event => event.type === 'matrix')
    expect(matrices.map(({ done, total }) => [done, total])).toEqual(Array.from({ length: 8 }, (_, i) => [i + 1, 8]))
    let [changes, weights] = [0, 0]
    for (const { path: each, relative, largest } of matrices) {
      const [w, m] = [before.get(`${each}.weight`)!, after.get(`${each}.weight`)!]
      const change = Array.from(w, (value, i) => (m[i] as number) - value)
      const squares = (list: Iterable<number>) => [...list].reduce((sum, value) => sum + value * value, 0)
      expect(relative).toBeCloseTo(Math.sqrt(squares(change) / squares(w)), 5)
      expect(largest).toBeCloseTo(Math.max(...change.map(Math.abs)), 5)
      changes += squares(change)
      weights += squares(w)
    }
    expect(report.relative).toBeCloseTo(Math.sqrt(changes / weights), 5)
    expect(report.most.relative).toBe(Math.max(...matrices.map(({ relative }) => relative)))
    expect(report.largest.value).toBe(Math.max(...matrices.map(({ largest }) => largest)))
    expect(report.kept).toBeGreaterThan(0.99)
    expect(events[0]).toMatchObject({ type: 'plan', matrices: 8, saved: 0 })
    expect(events.at(-1)).toEqual({ type: 'done', report })
    expect(JSON.parse(readFileSync(at('figures', 'merge.json'), 'utf8'))).toEqual(report)
  })

  test('keeps the type, the files and all that lies beside them', async () => {
    writeFileSync(at('halves', 'LICENSE'), 'a licence')
    const { stored } = await merge(at('adapter'), at('halves'), at('as halves'), { compare: false })
    expect(stored).toBe('bfloat16')
    expect(readdirSync(at('as halves')).sort()).toEqual([...readdirSync(at('halves')), 'merge.json'].sort())
    for (const name of ['config.json', 'generation_config.json', 'qwen.tiktoken', 'LICENSE'])
      expect(readFileSync(at('as halves', name))).toEqual(readFileSync(at('halves', name)))
    await using merged = await openCheckpoint(at('as halves'))
    expect(new Set(merged.tensors.map(({ dtype }) => dtype))).toEqual(new Set(['bfloat16']))
  })

  test('can be stored in another type, and the configuration says so', async () => {
    const { stored } = await merge(at('adapter'), at('halves'), at('as floats'), { dtype: 'float32', compare: false })
    expect(stored).toBe('float32')
    await using merged = await openCheckpoint(at('as floats'))
    expect(new Set(merged.tensors.map(({ dtype }) => dtype))).toEqual(new Set(['float32']))
    expect(merged.config).toMatchObject({ torch_dtype: 'float32', model_type: 'qwen' })
    const base = (await valuesIn(at('halves'))).get(`${path}.weight`) as Float32Array
    const expected = await expectedOf(base, at('adapter'), 2)
    expect(furthest(await merged.get(`${path}.weight`).readAs('float32'), expected)).toBeLessThan(1e-7)
  })

  test('replaces modules that were saved whole', async () => {
    const table = Float32Array.from({ length: 480 * 128 }, (_, i) => Math.sin(i))
    const saved = [tensorFromMemory('lm_head.weight', 'float32', [480, 128], table)]
    await makeAdapter(at('whole'), { saved, targets: String.raw`transformer\.visual\..*\.mlp\.c_proj` })
    const report = await merge(at('whole'), at('base'), at('with table'))
    expect(report.saved).toEqual(['lm_head.weight'])
    expect(report.matrices).toBe(layers)
    expect(report.logits!.largest).toBeLessThan(1e-5 * report.logits!.scale)
    expect((await valuesIn(at('with table'))).get('lm_head.weight')).toEqual(table)
  })
})

describe('it warns', () => {
  test('when nothing changed, because the adapter was never trained', async () => {
    await makeAdapter(at('untrained'), { size: 0 })
    const report = await merge(at('untrained'), at('base'), at('unchanged'))
    expect(report).toMatchObject({ changed: 0, relative: 0, kept: 0, logits: { largest: 0 } })
    expect(report.warnings).toEqual([expect.stringMatching(/changes nothing: B is zero in all of its 8 matrices/)])
  })

  test('when rounding takes most of the change', async () => {
    await makeAdapter(at('faint'), { size: 1e-5 })
    const report = await merge(at('faint'), at('halves'), at('lost'), { compare: false })
    expect(report.changed).toBe(8)
    expect(report.kept).toBeLessThan(0.1)
    expect(report.warnings[0]).toMatch(/only \d\.\d% are others once they are stored as bfloat16.*--dtype float32/)
  })

  test('when the adapter belongs to another base', async () => {
    await using base = await openCheckpoint(at('base'))
    await makeAdapter(at('known'), { fingerprint: await fingerprint(base) })
    const right = await merge(at('known'), at('base'), at('right'), { compare: false })
    expect(right.warnings).toEqual([])
    await writeTinyModel(at('other'), { layers, seed: 2 })
    const wrong = await merge(at('known'), at('other'), at('wrong'), { compare: false })
    expect(wrong.warnings).toEqual([expect.stringMatching(/trained on another base \(tiny\)/)])
  })
})

describe('an adapter merged into int4', () => {
  const integers = async (model: string, layer: string) => {
    await using checkpoint = await openCheckpoint(at(model))
    return dequantiseGptq(await readGptqLayer(checkpoint, layer))
  }

  test('is quantised again in the same layout, nearest to the sum', async () => {
    const report = await merge(at('adapter'), at('int4'), at('int4 merged'))
    expect(report).toMatchObject({ stored: 'int4', matrices: 8, changed: 8 })
    expect(readFileSync(at('int4 merged', 'config.json'))).toEqual(readFileSync(at('int4', 'config.json')))
    const [before, after] = [await valuesIn(at('int4')), await valuesIn(at('int4 merged'))]
    expect([...after.keys()]).toEqual([...before.keys()])
    const [old, own] = [await integers('int4', path), await integers('int4 merged', path)]
    const wanted = await expectedOf(old, at('adapter'), 2)
    const norm = (list: Float32Array) => Math.sqrt(list.reduce((sum, value) => sum + value * value, 0))
    const error = norm(own.map((value, i) => value - wanted[i]!)) / norm(wanted)
    expect(error).toBeLessThan(0.1)
    expect(report.requantisation!.worst).toBeGreaterThan(report.requantisation!.mean)
    expect(Math.abs(report.requantisation!.mean - error)).toBeLessThan(0.05)
    // Nearer to what was wanted than the base was: the adapter has not been rounded away.
    await makeAdapter(at('strong'), { size: 0.5 })
    await merge(at('strong'), at('int4'), at('int4 strong'), { compare: false })
    const strong = await integers('int4 strong', path)
    const wish = await expectedOf(old, at('strong'), 2)
    expect(norm(strong.map((value, i) => value - wish[i]!))).toBeLessThan(
      0.3 * norm(old.map((value, i) => value - wish[i]!)),
    )
  })

  test('says how far the logits of the two are apart', async () => {
    const { logits } = await merge(at('adapter'), at('int4'), at('int4 logits'))
    expect(logits!.largest).toBeGreaterThan(logits!.mean)
    expect(logits!.mean).toBeGreaterThan(0)
    expect(logits!.largest).toBeLessThan(logits!.scale)
  })

  test('leaves layers alone, to the bit, that it does not change', async () => {
    await makeAdapter(at('nothing'), { size: 0 })
    const report = await merge(at('nothing'), at('int4'), at('int4 same'))
    expect(report.logits).toMatchObject({ largest: 0 })
    expect(report.logits!.agreeing).toBe(report.logits!.positions)
    expect(await valuesIn(at('int4 same'))).toEqual(await valuesIn(at('int4')))
  })

  test('warns when rounding to int4 takes what the adapter changes', async () => {
    await makeAdapter(at('weak'), { size: 0.001 })
    const { warnings } = await merge(at('weak'), at('int4'), at('int4 weak'), { compare: false })
    expect(warnings).toEqual([
      expect.stringMatching(/rounding to int4 leaves the matrices .* much of it is lost.*--dtype bfloat16/),
    ])
  })

  test('becomes a model of floats on demand, where nothing is lost', async () => {
    const report = await merge(at('adapter'), at('int4'), at('int4 floats'), { dtype: 'float32' })
    expect(report).toMatchObject({ stored: 'float32', changed: 8, warnings: [] })
    expect(report).not.toHaveProperty('requantisation')
    expect(report.logits!.largest).toBeLessThan(1e-4 * report.logits!.scale)
    const config = JSON.parse(readFileSync(at('int4 floats', 'config.json'), 'utf8'))
    expect(config).not.toHaveProperty('quantization_config')
    const names = [...(await valuesIn(at('base'))).keys()]
    expect(new Set((await valuesIn(at('int4 floats'))).keys())).toEqual(new Set(names))
  })
})

describe('the folder', () => {
  const partial = () => readdirSync(folder).filter(name => name.includes('.partial-'))

  test('is not written over, unless it is told to or made here', async () => {
    mkdirSync(at('taken'))
    writeFileSync(at('taken', 'thesis.txt'), 'mine')
    const attempt = (options = {}) => merge(at('adapter'), at('base'), at('taken'), { compare: false, ...options })
    expect((await rejection(attempt())).message).toMatch(/taken is not empty: name another folder, .*--force/)
    expect((await rejection(attempt({ force: true }))).message).toMatch(/holds no model/)
    writeFileSync(at('taken', 'config.json'), '{}')
    await attempt({ force: true })
    expect(existsSync(at('taken', 'thesis.txt'))).toBe(false)
    await attempt()
    expect(partial()).toEqual([])
  })

  test('is never that of the base or the adapter', async () => {
    const error = await rejection(merge(at('adapter'), at('base'), at('base'), { force: true, compare: false }))
    expect(error.message).toMatch(/holds .*base, which is being merged/)
  })

  test('is not there when merging was cancelled', async () => {
    const controller = new AbortController()
    const onEvent = (event: MergeEvent) => event.type === 'matrix' && controller.abort(new Error('enough'))
    const attempt = merge(at('adapter'), at('base'), at('cancelled'), { onEvent, signal: controller.signal })
    expect((await rejection(attempt)).message).toBe('enough')
    expect(existsSync(at('cancelled'))).toBe(false)
    expect(partial()).toEqual([])
  })

  test('is not there when the adapter holds values that are no numbers', async () => {
    await makeAdapter(at('diverged'), { size: Number.NaN })
    const attempt = merge(at('diverged'), at('base'), at('broken'))
    expect((await rejection(attempt)).message).toMatch(/c_attn: the adapter holds values that are no numbers/)
    expect(existsSync(at('broken'))).toBe(false)
    expect(partial()).toEqual([])
  })
})

test('an adapter of another vocabulary is refused before anything is written', async () => {
  const table = tensorFromMemory('transformer.wte.weight', 'float32', [404, 128], new Float32Array(404 * 128))
  await makeAdapter(at('resized'), { saved: [table] })
  const error = await rejection(merge(at('resized'), at('base'), at('never')))
  expect(error.message).toMatch(/transformer\.wte\.weight is \[404, 128\] in the adapter, but \[480, 128\]/)
  expect(existsSync(at('never'))).toBe(false)
})

test('merging knows the matrices that PyTorch merged', async () => {
  const { mergeMatrix, Products } = await import('../../../src/train/merge/matrix.ts')
  const { openAdapter } = await import('../../../src/checkpoint/index.ts')
  const { openRuntime } = await import('../../../src/runtime/node.ts')
  const expected = JSON.parse(read('test/fixtures/train/lora/expected.json'))
  await using adapter = await openAdapter('test/fixtures/train/lora')
  await using runtime = await openRuntime({ thread: 'caller', threads: 1 })
  await using products = await Products.open(runtime)
  for (const module of adapter.modules.values()) {
    const { weight, merged } = expected[module.path]
    const delta = await products.delta(module)
    const { bytes } = mergeMatrix(module.path, Float32Array.from(weight.flat()), delta, 'float32')
    expect(furthest(new Float32Array(bytes.buffer), merged.flat())).toBeLessThan(5e-6)
  }
})
