/** `qwen-vl score`: texts in the order in which they fit a picture. */
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { writeTinyModel } from '../tinyModel.ts'
import { colours, writeTinyScorer } from '../tinyScorer.ts'
import { run, testFolder } from './process.ts'

const folder = testFolder()
const score = (...args: string[]) => run(['score', ...args], { folder })

beforeAll(async () => {
  await writeTinyScorer(join(folder, 'scorer'))
  await writeTinyModel(join(folder, 'answers'), { layers: 1 })
  const [r, g, b] = colours['red']!
  await sharp({ create: { width: 80, height: 40, channels: 3, background: { r, g, b } } })
    .png()
    .toFile(join(folder, 'red.png'))
})

test('lists the texts, the best first, with what each is worth', async () => {
  const { status, stdout, stderr } = await score('red.png', 'blue', 'red', 'white', '--model', 'scorer')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[0]).toMatch(/^ [ -]?\d\.\d{3} {2}[ \d]{3}\.\d% {2}red$/)
  const cosines = lines.map(line => Number(line.slice(0, 7)))
  expect(cosines).toEqual(cosines.toSorted((a, b) => b - a))
})

test('gives a single text no share', async () => {
  const { stdout } = await score('red.png', 'red', '--model', 'scorer')
  expect(stdout).toMatch(/^ ?-?\d\.\d{3} {2}red\n$/)
})

test('--json gives the texts in the order of the call, with cosines and probabilities', async () => {
  const { stdout } = await score('red.png', 'blue', 'red', '--json', '--model', 'scorer')
  const { model, picture, scale, scores } = JSON.parse(stdout)
  expect({ model, picture }).toEqual({ model: 'scorer', picture: 'red.png' })
  expect(scale).toBeGreaterThan(1)
  expect(scores.map(({ text }: { text: string }) => text)).toEqual(['blue', 'red'])
  expect(scores[1].cosine).toBeGreaterThan(scores[0].cosine)
  expect(scores[0].probability + scores[1].probability).toBeCloseTo(1, 9)
})

test.each([
  ['a model that answers', ['red.png', 'red', '--model', 'answers'], 1, /config\.json has no field "contrastive"/],
  ['a model that is missing', ['red.png', 'red', '--model', 'nowhere/model'], 1, /neither a folder nor in the cache/],
  ['a picture that is missing', ['blue.png', 'red', '--model', 'scorer'], 1, /there is no file blue\.png/],
  ['no text', ['red.png', '--model', 'scorer'], 2, /missing required argument 'texts'/],
  ['no model', ['red.png', 'red'], 2, /no model was named/],
] as const)('%s ends with one line that says so', async (_, args, wanted, line) => {
  const { status, stdout, stderr } = await score(...args)
  expect({ status, stdout }).toEqual({ status: wanted, stdout: '' })
  expect(stderr).toMatch(/^qwen-vl: [^\n]+\n$/)
  expect(stderr).toMatch(line)
})
