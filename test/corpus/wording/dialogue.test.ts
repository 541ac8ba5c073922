/** Follow-ups, dialogues and pairs of pictures. */
import { expect, test } from 'vitest'
import type { Scene, SceneChange } from '../../../src/corpus/scenes/scene.ts'
import {
  dialogueAbout,
  type Exchange,
  exchangeAboutPair,
  exchangeTasks,
  followUp,
} from '../../../src/corpus/wording/index.ts'
import { parseMarkup } from '../../../src/text/index.ts'
import { boxUnits, contextOf, drawn, kinds, randomScene, sceneOf } from './scenes.ts'

const scene = sceneOf(
  ['car', [20, 20, 90, 90], 'red'],
  ['dog', [200, 30, 280, 95], 'brown'],
  ['cat', [40, 210, 70, 250], 'black'],
)
const named: Exchange = {
  task: 'name',
  language: 'en',
  question: 'What is at the top left?',
  answer: 'car',
  about: [0],
}

/** What follows an exchange, over many draws. */
function followUps(previous: readonly Exchange[], language: 'en' | 'zh' = 'en'): Exchange[] {
  const draws = Array.from({ length: 120 }, (_, i) =>
    followUp(scene, previous, language, contextOf(drawn('follow', i))),
  )
  return draws.filter(exchange => exchange !== undefined)
}

test('"it" is what the exchange before was about', () => {
  const all = followUps([named])
  const colour = all.find(({ question }) => /What colou?r is it\?/.test(question))
  expect(colour).toMatchObject({ answer: 'red', about: [0], task: 'follow-up' })
  const place = all.find(({ question }) => question === 'Where is it?')
  expect(place?.answer).toMatch(/^<ref>[^<]*<\/ref><box>\(67,67\),\(300,300\)<\/box>$/)
  expect(all.find(({ question }) => /to the right of it\?$/.test(question))?.answer).toMatch(/dog|yes|no/)
  expect(
    followUps([{ ...named, language: 'zh' }], 'zh').some(({ question }) => /^那?它是什么颜色/.test(question)),
  ).toBe(true)
})

test('what was said already is not asked again', () => {
  const told = [{ ...named, question: 'What is the red thing?' }]
  expect(followUps(told).filter(({ question }) => /colou?r/.test(question))).toEqual([])
})

test('"and the dog?" repeats the question before', () => {
  const colour: Exchange = { ...named, task: 'colour', question: 'What colour is the car?', answer: 'red' }
  const others = followUps([colour]).filter(({ question }) => /(?:^And|about) the dog\?$/.test(question))
  expect(others.length).toBeGreaterThan(0)
  for (const { answer } of others) expect(answer).toBe('brown')
})

test('nothing follows an exchange about nothing', () => {
  const { about: _, ...vague } = named
  expect(followUps([vague])).toEqual([])
  expect(followUps([])).toEqual([])
})

test('a dialogue asks nothing twice and is as long as the scene affords', () => {
  const weights = Object.fromEntries(exchangeTasks.map(task => [task, task === 'follow-up' ? 8 : 1]))
  const lengths: number[] = []
  for (let i = 0; i < 100; i++) {
    const language = i % 2 === 0 ? 'en' : 'zh'
    const shown = randomScene(drawn('dialogue', i))
    const dialogue = dialogueAbout(shown, language, 4, contextOf(drawn('d', i)), weights)
    lengths.push(dialogue.length)
    expect(dialogue[0]?.task).not.toBe('follow-up')
    expect(new Set(dialogue.map(({ question }) => question)).size).toBe(dialogue.length)
    const boxes = new Set(boxUnits(shown).map(String))
    for (const { answer, question } of dialogue) {
      const known = parseMarkup(answer).boxes.every(({ raw }) => boxes.has(String(raw)))
      if (!known || /[{}]|undefined/.test(`${question} ${answer}`)) expect.fail(`${question} → ${answer}`)
    }
  }
  expect(lengths.filter(length => length === 4).length).toBeGreaterThan(90)
})

test('a dialogue of tasks that a scene does not afford is empty', () => {
  expect(dialogueAbout(scene, 'en', 3, contextOf(drawn('none')), { read: 1, ocr: 1, pair: 1, 'follow-up': 1 })).toEqual(
    [],
  )
})

/** What is asked about two pictures, over many draws. */
function pairs(first: Scene, second: Scene, change?: SceneChange, language: 'en' | 'zh' = 'en'): Exchange[] {
  const draws = Array.from({ length: 150 }, (_, i) =>
    exchangeAboutPair(first, second, change, language, contextOf(drawn('pair', i))),
  )
  return draws.filter(exchange => exchange !== undefined)
}

const without = { ...scene, objects: scene.objects.slice(0, 2) }
const differs = /differ|chang|Spot|Compare/

test.each<[string, Scene, SceneChange, RegExp, RegExp]>([
  ['what is gone', without, { kind: 'removed', before: 2 }, /cat (?:is missing|is gone)|no cat/, /猫/],
  [
    'what is painted',
    { ...scene, objects: scene.objects.map((object, i) => (i === 0 ? { ...object, colour: 'blue' } : object)) },
    { kind: 'recoloured', before: 0, after: 0 },
    /^The car is blue/,
    /^汽车变成了蓝色。$/,
  ],
  [
    'what is exchanged',
    { ...scene, objects: [...scene.objects.slice(0, 2), { ...scene.objects[2]!, kind: 'owl', colour: 'white' }] },
    { kind: 'replaced', before: 2, after: 2 },
    /^The cat became a white owl\.$/,
    /^猫变成了一只白色的猫头鹰。$/,
  ],
  [
    'what has moved',
    { ...scene, objects: [...scene.objects.slice(0, 2), { ...scene.objects[2]!, box: [220, 220, 250, 260] }] },
    { kind: 'moved', before: 2, after: 2 },
    /^The cat is now at the bottom right\.$/,
    /^猫现在在右下方。$/,
  ],
])('of two pictures it is said %s', (_, second, change, english, chinese) => {
  const [inEnglish, inChinese] = [pairs(scene, second, change), pairs(scene, second, change, 'zh')]
  const sentences = inEnglish.filter(({ question }) => differs.test(question)).map(({ answer }) => answer)
  expect(sentences.length).toBeGreaterThan(20)
  for (const sentence of sentences) expect(sentence).toMatch(english)
  expect(inChinese.filter(({ answer }) => chinese.test(answer)).length).toBeGreaterThan(20)
})

test('what one picture has and the other lacks is found in the right one', () => {
  let checked = 0
  for (let i = 0; i < 300; i++) {
    const [first, second] = [randomScene(drawn('a', i)), randomScene(drawn('b', i))]
    const exchange = exchangeAboutPair(first, second, undefined, 'en', contextOf(drawn('ab', i)))
    const name = /(?:has|shows|contains) (?:an?|some|a pair of) ([\w ]+)\?$/.exec(exchange?.question ?? '')?.[1]
    const kind = [...kinds.values()].find(({ en }) => en.name === name)
    if (exchange === undefined || kind === undefined) continue
    checked++
    const has = ({ objects }: Scene) => objects.some(object => object.kind === kind.id)
    expect([has(first), has(second)]).toEqual([exchange.answer === 'Picture 1', exchange.answer === 'Picture 2'])
  }
  expect(checked).toBeGreaterThan(20)
})

test('things are counted over both pictures, and more is more', () => {
  const more = sceneOf(['dog', [0, 0, 50, 50]], ['dog', [100, 0, 150, 50]], ['cat', [200, 200, 250, 250]])
  const all = pairs(scene, more)
  const total = all.filter(({ question }) => /(?:How many|total number of|Count the) dogs/.test(question))
  expect(total.length).toBeGreaterThan(0)
  for (const { answer } of total) expect(answer).toBe('3')
  const most = all.filter(({ question }) => /more dogs/.test(question))
  expect(most.length).toBeGreaterThan(0)
  for (const { answer, references } of most) expect([answer, ...references!]).toContain('Picture 2')
})
