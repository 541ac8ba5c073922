/** The scorer: a model of contrastive training, loaded from its folder, that tells which texts fit a picture. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/folder.ts'
import { Scorer } from '../../src/generate/scorer.ts'
import { contrastiveTokens } from '../../src/generate/scorerText.ts'
import type { RawPixels } from '../../src/image/index.ts'
import { contrastiveShapes, parseConfig, parseContrastive } from '../../src/model/index.ts'
import { openTokenizer } from '../../src/text/node.ts'
import { largestDifference } from '../golden.ts'
import { writeTinyModel } from '../tinyModel.ts'
import { colours, writeTinyScorer } from '../tinyScorer.ts'

const folder = mkdtempSync(join(tmpdir(), 'scorer '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const names = Object.keys(colours)
let scorer: Scorer
beforeAll(async () => {
  await writeTinyScorer(join(folder, 'model'))
  scorer = await Scorer.load(join(folder, 'model'))
})
afterAll(() => scorer.dispose())

/** A plain picture of a colour, wider than high. */
function picture(name: string): RawPixels {
  const [width, height] = [90, 60]
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => colours[name]?.[i % 3] as number)
  return { data, width, height, channels: 3 }
}

describe('a scorer', () => {
  test('ranks the right text of each picture first', async () => {
    const scores = await scorer.score(names.map(picture), names)
    const best = names.map((_, row) => {
      const own = scores.subarray(row * names.length, (row + 1) * names.length)
      return names[own.indexOf(Math.max(...own))]
    })
    expect(best).toEqual(names)
  })

  test('gives the same for many as for one', async () => {
    const pictures = [...names, ...names].map(picture) // two batches
    const texts = Array.from({ length: 40 }, (_, i) => `${names[i % 6]} ${i}`) // two batches
    const all = await scorer.score(pictures, texts)
    const one = await scorer.score([pictures[9]!], [texts[37]!])
    expect(all.length).toBe(12 * 40)
    expect(all[9 * 40 + 37]).toBeCloseTo(one[0]!, 5)
    const pairs = await scorer.scorePairs(pictures, texts.slice(0, 12))
    expect(
      largestDifference(
        pairs,
        pairs.map((_, i) => all[i * 40 + i]!),
      ),
    ).toBeLessThan(1e-6)
  })

  test('gives cosines, and probabilities that add up', async () => {
    const scores = await scorer.score([picture('red')], names)
    for (const score of scores) expect(Math.abs(score)).toBeLessThanOrEqual(1 + 1e-6)
    const probabilities = scorer.probabilities(scores)
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 9)
    expect(probabilities[1]! / probabilities[0]!).toBeCloseTo(Math.exp(scorer.scale * (scores[1]! - scores[0]!)), 9)
    expect(probabilities[0]).toBeGreaterThan(0.5)
  })

  test('takes no pictures and no texts', async () => {
    expect(await scorer.score([], names)).toEqual(new Float32Array(0))
    expect(await scorer.score([picture('red')], [])).toEqual(new Float32Array(0))
  })

  test('refuses pairs that are none', async () => {
    await expect(scorer.scorePairs([picture('red')], names)).rejects.toThrow('1 pictures and 6 texts do not make pairs')
  })

  test('gives up when it is told to', async () => {
    const reason = new Error('enough')
    await expect(scorer.score([picture('red')], names, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('texts', () => {
  test('lose the white space around them, and what the text tower has no room for', async () => {
    using tokenizer = await openTokenizer(readFileSync(join(folder, 'model/qwen.tiktoken')))
    const end = tokenizer.ids.endoftext
    expect(contrastiveTokens(tokenizer, ' red\n', 12)).toEqual([...Buffer.from('red'), end])
    expect(contrastiveTokens(tokenizer, 'yellow and red', 5)).toEqual([...Buffer.from('yell'), end])
    expect(contrastiveTokens(tokenizer, '', 5)).toEqual([end])
    expect(contrastiveTokens(tokenizer, '<|endoftext|>', 50).indexOf(end)).toBe(13)
  })
})

describe('the folder of a scorer', () => {
  test('holds the vision tower under its published names, the text tower, and nothing else', async () => {
    await using checkpoint = await openCheckpoint(join(folder, 'model'))
    const config = parseConfig(checkpoint.config)
    const shapes = contrastiveShapes(config, parseContrastive(checkpoint.config))
    expect(checkpoint.names.toSorted()).toEqual([...shapes.keys()].toSorted())
    expect(checkpoint.has('transformer.visual.conv1.weight')).toBe(true)
  })

  test('of another kind of model is refused with the reason', async () => {
    const model = await writeTinyModel(join(folder, 'answers'), { layers: 1 })
    await expect(Scorer.load(model)).rejects.toThrow(
      'has no field "contrastive": this model was not trained to compare pictures with texts',
    )
  })

  test('of other sizes is refused with what differs', async () => {
    const copy = join(folder, 'other')
    cpSync(join(folder, 'model'), copy, { recursive: true })
    const json = JSON.parse(readFileSync(join(copy, 'config.json'), 'utf8'))
    const contrastive = { ...json.contrastive, dimension: 24 }
    writeFileSync(join(copy, 'config.json'), JSON.stringify({ ...json, contrastive }))
    await expect(Scorer.load(copy)).rejects.toThrow('contrastive.text.text_projection')
  })
})
