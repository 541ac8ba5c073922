/** The public API over a tiny model with random weights: what it promises apart from good answers. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Message, QwenVL } from '../../src/index.ts'
import { writeTinyModel } from '../tinyModel.ts'

const picture = (name: string) => new URL(`../fixtures/golden/${name}.png`, import.meta.url).pathname
const first = picture('A/0')
const second = picture('B/1')

let folder: string
let chat: QwenVL
let base: QwenVL

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qwen-vl-api-'))
  await writeTinyModel(join(folder, 'chat'))
  await writeTinyModel(join(folder, 'base'), { chatFormat: 'raw' })
  chat = await QwenVL.load(join(folder, 'chat'), { threads: 1 })
  base = await QwenVL.load(join(folder, 'base'), { threads: 1 })
})
afterAll(async () => {
  await Promise.all([chat?.dispose(), base?.dispose()])
  await rm(folder, { recursive: true, force: true })
})

const about = (image: string, text: string): Message => ({ role: 'user', content: [{ image }, { text }] })

test('ask, caption, locate and read answer about a picture, in both formats', async () => {
  for (const model of [chat, base]) {
    const answers = [
      await model.ask(first, 'What is this?'),
      await model.caption(first, { language: 'zh', grounded: true }),
      await model.locate(first, 'the red bus'),
      await model.read(first),
    ]
    for (const { usage, tokens } of answers) {
      expect(usage.imageTokens).toBe(18) // 16 queries and two tags
      expect(usage.completionTokens).toBe(tokens.length)
      expect(tokens.length).toBeGreaterThan(0)
    }
  }
})

test('the pieces of a streamed answer, joined, are the answer', async () => {
  const stream = chat.chat([about(first, 'What is this?')])
  let raw = ''
  for await (const piece of stream) raw += piece.raw
  expect(raw.trim()).toBe((await chat.ask(first, 'What is this?')).raw)
})

test('a stream that is left early ends the writing, and says so when its answer is asked for', async () => {
  const stream = chat.chat([about(first, 'What is this?')])
  for await (const _ of stream) break
  await expect(stream.answer()).rejects.toThrow('left early')
})

test('a follow-up gives what the whole conversation gives a model that has read nothing', async () => {
  const opening = [about(first, 'What is this?')]
  const { raw } = await chat.chat(opening).answer()
  const longer: Message[] = [...opening, { role: 'assistant', content: raw }, { role: 'user', content: 'And now?' }]
  const followed = await chat.chat(longer).answer()
  await using fresh = await QwenVL.load(join(folder, 'chat'), { threads: 1 })
  expect((await fresh.chat(longer).answer()).raw).toBe(followed.raw)
})

test('a picture may come as a path, bytes, a Blob or raw pixels', async () => {
  const bytes = await readFile(first)
  const { raw } = await chat.ask(first, 'What?')
  for (const source of [new Uint8Array(bytes), new Blob([bytes]), new URL(`file://${first}`)]) {
    expect((await chat.ask(source, 'What?')).raw).toBe(raw)
  }
  const grey = { width: 2, height: 2, data: new Uint8Array(12).fill(128) }
  expect((await chat.ask(grey, 'What?')).picture).toMatchObject({ width: 2, height: 2 })
})

test('another picture under the same question gives another answer', async () => {
  expect((await chat.ask(second, 'What?')).raw).not.toBe((await chat.ask(first, 'What?')).raw)
})

test('a batch gives what each conversation gives alone', async () => {
  const conversations = [
    [about(first, 'What is this?')],
    [{ role: 'user', content: 'Hello' } as Message],
    [about(second, 'A?')],
  ]
  const alone = []
  for (const messages of conversations) alone.push((await chat.chat(messages).answer()).raw)
  expect((await chat.batch(conversations)).map(({ raw }) => raw)).toEqual(alone)
})

test('several drawn answers differ, and a seed repeats them', async () => {
  const draw = async () =>
    (await chat.answers([about(first, 'What?')], 3, { sample: true, temperature: 2, seed: 5 })).map(({ raw }) => raw)
  const answers = await draw()
  expect(new Set(answers).size).toBe(3)
  expect(await draw()).toEqual(answers)
})

test('a text that ends an answer is not part of it', async () => {
  const { raw } = await chat.ask(first, 'What is this?')
  const stopped = await chat.ask(first, 'What is this?', { stop: [raw.slice(3, 5)] })
  expect(stopped.raw).toBe(raw.slice(0, raw.indexOf(raw.slice(3, 5))).trim())
  expect(stopped.finishReason).toBe('stop')
})

test('tokens are counted without running the model, pictures included', async () => {
  const messages = [about(first, 'What is this?')]
  const { usage } = await chat.chat(messages).answer()
  expect(chat.countTokens(messages)).toMatchObject({ total: usage.promptTokens, pictures: 1, pictureTokens: 18 })
})

test('cancelling rejects with the reason that was given', async () => {
  const signal = AbortSignal.abort(new Error('not wanted any more'))
  await expect(chat.ask(first, 'What?', { signal })).rejects.toThrow('not wanted any more')
})

describe('refuses with one clear line', () => {
  test('pictures that do not fit, with the arithmetic', async () => {
    await expect(chat.ask(Array<string>(60).fill(first), 'What?')).rejects.toThrow(
      /60 pictures = 1080 tokens, window 1024: at most \d+ fit \(18 tokens each\)/,
    )
  })
  test('a picture that is not there', async () => {
    await expect(chat.ask('/nowhere.png', 'What?')).rejects.toThrow('there is no file /nowhere.png')
  })
  test('a file, where the caller allows none', async () => {
    await using fenced = await QwenVL.load(join(folder, 'chat'), {
      threads: 1,
      allow: { files: false, network: 'none' },
    })
    await expect(fenced.ask(first, 'What?')).rejects.toThrow(/PictureError|file/)
  })
  test('roles out of order', async () => {
    await expect(chat.chat([{ role: 'assistant', content: 'Hello' }]).answer()).rejects.toThrow(/begins with the user/)
  })
  test('a model that is not there', async () => {
    await expect(QwenVL.load('/no/such/model')).rejects.toThrow('/no/such/model')
  })
})

test('a typed control token stays text: it takes one token for each of its characters', () => {
  const count = (content: string) => chat.countTokens([{ role: 'user', content }]).total
  expect(count('a<|im_end|>b') - count('ab')).toBe('<|im_end|>'.length)
})

test('an answer is drawn as PNG, JPEG and SVG, and nothing half-written is left', async () => {
  const answer = await chat.ask(first, 'What?')
  const out = await mkdtemp(join(tmpdir(), 'qwen-vl-draw-'))
  for (const name of ['a.png', 'b.jpg', 'c.svg']) await answer.draw(join(out, name))
  await expect(answer.draw(join(out, 'd.gif'))).rejects.toThrow('must end in .png, .jpg or .svg')
  await expect(answer.draw(join(out, 'missing', 'e.png'))).rejects.toThrow()
  expect((await readdir(out)).sort()).toEqual(['a.png', 'b.jpg', 'c.svg'])
  await rm(out, { recursive: true })
})
