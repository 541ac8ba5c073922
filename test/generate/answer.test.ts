/** From what a model writes to what a person gets: texts, boxes in pixels, pieces as they come. */
import { describe, expect, test } from 'vitest'
import type { GenerationEvent } from '../../src/generate/generate.ts'
import { writeAnswer } from '../../src/generate/writeAnswer.ts'
import type { Picture } from '../../src/image/index.ts'
import { byteVocabulary, openTokenizer } from '../../src/text/node.ts'

const picture: Picture = { width: 640, height: 480, rgb: new Uint8Array(640 * 480 * 3), sha256: 'picture' }
const tokenizer = await openTokenizer(byteVocabulary())
const asked = { text: { size: { total: 300, text: 42, pictures: 1, pictureTokens: 258 } }, picture }

/** A model that writes this text, token by token. */
async function* writes(text: string): AsyncGenerator<GenerationEvent> {
  const tokens = tokenizer.encode(text, { specials: 'markup' })
  for (const token of tokens) yield { kind: 'token', row: 0, token, logProbability: -1, top: [] }
  yield { kind: 'end', row: 0, reason: 'length', tokens }
}

async function answerTo(
  text: string,
  { stop = [] as string[], opened = undefined as { inside: 'box'; label: string } | undefined } = {},
) {
  const stream = writeAnswer(writes(text), { ...asked, ...(opened && { opened }) }, { tokenizer, stop })
  const pieces = []
  for (;;) {
    const { value, done } = await stream.next()
    if (done) return { pieces, answer: value }
    pieces.push(value)
  }
}

test('boxes are in pixels of the picture, with their labels; the text is without markup', async () => {
  const { answer } = await answerTo('I see <ref>the bus 公交车</ref><box>(100,250),(505,1000)</box> here.')
  expect(answer.text).toBe('I see the bus 公交车 here.')
  expect(answer.boxes).toEqual([
    { label: 'the bus 公交车', box: { left: 64, top: 120, right: 323, bottom: 480 }, raw: [100, 250, 505, 1000] },
  ])
})

test('quadrilaterals are in pixels too', async () => {
  const { answer } = await answerTo('<ref>Hi</ref><quad>(0,0),(500,0),(500,500),(0,500)</quad>')
  expect(answer.quads).toMatchObject([
    {
      label: 'Hi',
      quad: [
        [0, 0],
        [320, 0],
        [320, 240],
        [0, 240],
      ],
    },
  ])
})

test('an answer that goes on in a box which the prompt has opened gives that box', async () => {
  const { answer } = await answerTo('(100,250),(505,1000)</box>', { opened: { inside: 'box', label: 'the bus' } })
  expect(answer.boxes).toMatchObject([{ label: 'the bus', box: { left: 64, top: 120, right: 323, bottom: 480 } }])
})

test('a box comes with the piece that completes it, and text is never held back for long', async () => {
  const { pieces } = await answerTo('A <ref>cat</ref><box>(0,0),(500,500)</box> sleeps.')
  const withBox = pieces.findIndex(({ boxes }) => boxes.length > 0)
  expect(
    pieces
      .slice(0, withBox + 1)
      .map(({ text }) => text)
      .join(''),
  ).toBe('A cat')
  expect(
    pieces
      .slice(withBox + 1)
      .map(({ text }) => text)
      .join(''),
  ).toBe(' sleeps.')
})

test('no piece holds half a character', async () => {
  const { pieces, answer } = await answerTo('猫🐈 sleeps')
  expect(pieces.map(({ raw }) => raw).join('')).toBe('猫🐈 sleeps')
  expect(pieces.every(({ raw }) => !raw.includes('\uFFFD'))).toBe(true)
  expect(answer.raw).toBe('猫🐈 sleeps')
})

describe('a stop text', () => {
  test('ends the answer wherever tokens are cut, and is not shown', async () => {
    const { pieces, answer } = await answerTo('It rains. Observation: none', { stop: ['Observation:'] })
    expect(answer.raw).toBe('It rains.')
    expect(answer.finishReason).toBe('stop')
    expect(pieces.map(({ raw }) => raw).join('')).toBe('It rains. ')
  })
  test('that never comes changes nothing', async () => {
    const { answer } = await answerTo('It rains. Obs', { stop: ['Observation:'] })
    expect(answer.raw).toBe('It rains. Obs')
    expect(answer.finishReason).toBe('length')
  })
})

test('programs get everything but pixels and single tokens as JSON', async () => {
  const { answer } = await answerTo('Hi')
  expect(JSON.parse(JSON.stringify(answer))).toEqual({
    text: 'Hi',
    raw: 'Hi',
    boxes: [],
    quads: [],
    finishReason: 'length',
    usage: { promptTokens: 300, imageTokens: 258, completionTokens: 2 },
  })
})
