/** What is asked about scenes, and that the answers are those of the scene. */
import { expect, test } from 'vitest'
import type { Scene } from '../../../src/corpus/scenes/scene.ts'
import { type Exchange, type ExchangeTask, exchangeAbout, exchangeTasks } from '../../../src/corpus/wording/index.ts'
import { parseMarkup } from '../../../src/text/index.ts'
import { boxUnits, contextOf, drawn, kinds, randomScene, sceneOf } from './scenes.ts'

const languages = ['en', 'zh'] as const
const tasks = exchangeTasks.filter(task => task !== 'ocr' && task !== 'pair' && task !== 'follow-up')

/** Exchanges of a task over many scenes, with the scenes. */
function asked(
  task: ExchangeTask,
  language: 'en' | 'zh',
  count = 300,
  most = 7,
): { exchange: Exchange; scene: Scene }[] {
  return Array.from({ length: count }, (_, i) => i).flatMap(i => {
    const scene = randomScene(drawn('answers', i), most)
    const exchange = exchangeAbout(task, scene, language, contextOf(drawn(task, language, i)))
    return exchange === undefined ? [] : [{ exchange, scene }]
  })
}

/** A gap left open, a box that nothing has, or a slip of grammar. */
function isFaulty(text: string, language: 'en' | 'zh', boxes: ReadonlySet<string>): boolean {
  const { segments, text: readable, boxes: marked } = parseMarkup(text)
  if (/[{}]|undefined|null| {2}|NaN|^\s|\s$/.test(text)) return true
  if (marked.some(({ raw }) => !boxes.has(String(raw)))) return true
  if (segments.some(segment => 'closed' in segment && !segment.closed)) return true
  if (language === 'zh') {
    return /[a-zA-Z?.,]|(?<!第)二[只个辆把碗串棵块本]/.test(readable.replace(/OPEN|EXIT|Tea|5\.00/g, ''))
  }
  return (
    /\ba (?:apple|owl|hourglass|umbrella|orange)|\ban (?:unicycle|dog|red|pair)/.test(readable) ||
    /\bis the (?:\w+ )?(?:scissors|grapes)\b|\bare the (?:\w+ )?(?:rice|dog|cat)\b/.test(readable) ||
    /\p{Script=Han}/u.test(readable.replaceAll('茶', ''))
  )
}

test.each(tasks.flatMap(task => languages.map(language => [task, language] as const)))(
  '%s in %s: whole sentences, in many wordings, with boxes of the scene',
  (task, language) => {
    const all = asked(task, language)
    expect(all.length).toBeGreaterThan(task === 'read' ? 12 : 70)
    const faults = all.flatMap(({ exchange, scene }) => {
      const { question, answer, references = [] } = exchange
      const boxes = new Set(boxUnits(scene).map(String))
      return [
        ...[question, answer, ...references].filter(text => isFaulty(text, language, boxes)),
        ...(exchange.task === task && exchange.language === language ? [] : [exchange]),
        ...(references.includes(answer) ? [exchange] : []),
        ...((language === 'en' ? /^\p{Lu}/u : /[？。]$/u).test(question) ? [] : [question]),
      ]
    })
    expect(faults).toEqual([])
    const openings = new Set(all.map(({ exchange }) => exchange.question.slice(0, 12)))
    expect(openings.size).toBeGreaterThan(5)
  },
)

test('the same draws give the same exchange', () => {
  for (const task of tasks) expect(asked(task, 'en', 20)).toEqual(asked(task, 'en', 20))
})

test('what is located is the thing that the exchange is about', () => {
  for (const task of ['locate', 'locate-by-description'] as const) {
    for (const { exchange, scene } of asked(task, 'en')) {
      const [box, ...others] = parseMarkup(exchange.answer).boxes
      expect(others).toEqual([])
      expect(box?.label).toBe(exchange.phrase)
      expect(box?.raw).toEqual(boxUnits(scene)[exchange.about![0]!])
    }
  }
})

test('colours, counts and writings are those of the scene', () => {
  for (const { exchange, scene } of asked('colour', 'en')) {
    for (const index of exchange.about!) expect(scene.objects[index]!.colour).toBe(exchange.answer)
  }
  for (const { exchange, scene } of asked('count', 'en')) {
    const named = [...kinds.values()].filter(({ en }) => new RegExp(`\\b${en.plural}\\b`).test(exchange.question))
    const longest = named.sort((a, b) => b.en.plural.length - a.en.plural.length)[0]
    const colour = scene.objects
      .map(object => object.colour)
      .find(each => each && exchange.question.includes(` ${each} `))
    if (longest === undefined) continue
    const those = scene.objects.filter(({ kind, colour: own }) => kind === longest.id && (!colour || own === colour))
    expect(`${those.length}`, exchange.question).toBe(exchange.answer)
  }
  for (const { exchange, scene } of asked('read', 'zh')) {
    expect(scene.objects.some(({ writing }) => writing === exchange.answer)).toBe(true)
  }
})

test('as many questions are answered with yes as with no, whatever they ask', () => {
  for (const language of languages) {
    const all = asked('yes-no', language, 2500)
    const yes = (exchange: Exchange) => ['yes', '是', '有'].includes(exchange.answer)
    const share = all.filter(({ exchange }) => yes(exchange)).length / all.length
    expect(share).toBeGreaterThan(0.46)
    expect(share).toBeLessThan(0.54)
    const byForm = new Map<string, boolean[]>()
    for (const { exchange } of all) {
      const form = /^\w+ (?:there (?:only|exactly|any)?|this|it)|than|[左右]|left|right|above|below|比|颜色/.exec(
        exchange.question,
      )
      const name = form?.[0] ?? 'other'
      byForm.set(name, [...(byForm.get(name) ?? []), yes(exchange)])
    }
    for (const [form, answers] of byForm) {
      if (answers.length < 100) continue
      const ofForm = answers.filter(each => each).length / answers.length
      expect(Math.abs(ofForm - 0.5), `${form}: ${ofForm}`).toBeLessThan(0.16)
    }
  }
})

test('what is asked for is there when the answer says so', () => {
  let checked = 0
  for (const { exchange, scene } of asked('yes-no', 'en', 2000)) {
    const name = /^(?:Is|Are) there (?:an?|any|a pair of) ([\w ]+?)(?: in th.*)?\?$/.exec(exchange.question)?.[1]
    const kind = [...kinds.values()].find(({ en }) => en.name === name)
    if (kind === undefined) continue
    checked++
    expect(exchange.answer).toBe(scene.objects.some(object => object.kind === kind.id) ? 'yes' : 'no')
  }
  expect(checked).toBeGreaterThan(100)
})

test('captions name everything with its number, and further captions are given', () => {
  const scene = sceneOf(
    ['apple', [0, 0, 50, 50], 'red'],
    ['apple', [60, 0, 110, 50], 'red'],
    ['dog', [200, 150, 290, 280]],
    ['sign', [20, 200, 90, 260], 'white', 'OPEN'],
  )
  for (let i = 0; i < 40; i++) {
    const english = exchangeAbout('caption', scene, 'en', contextOf(drawn('caption', i)))!
    const chinese = exchangeAbout('caption', scene, 'zh', contextOf(drawn('caption', i)))!
    for (const text of [english.answer, ...english.references!]) {
      expect(text).toMatch(/two (?:red )?apples/i)
      expect(text).toMatch(/\ba dog/i)
      expect(text).toMatch(/\ba (?:white )?sign that says “OPEN”/i)
      expect(text).toMatch(/^[A-Z].*\.$/)
    }
    for (const text of [chinese.answer, ...chinese.references!]) {
      expect(text).toMatch(/两个(?:红色的)?苹果/)
      expect(text).toMatch(/一块写着“OPEN”的(?:白色)?牌子.*。$|一块写着“OPEN”的(?:白色)?牌子。/)
    }
    expect(english.references).toHaveLength(4)
    expect(new Set([english.answer, ...english.references!]).size).toBe(5)
  }
})

test('a grounded caption holds every box once, and reads as a caption without its tags', () => {
  const scene = sceneOf(
    ['apple', [0, 0, 50, 50], 'red'],
    ['apple', [60, 0, 110, 50], 'red'],
    ['dog', [200, 150, 290, 280]],
  )
  for (let i = 0; i < 40; i++) {
    const { answer } = exchangeAbout('grounded-caption', scene, 'en', contextOf(drawn('grounded', i)))!
    const { boxes, text } = parseMarkup(answer)
    expect(boxes.map(({ raw }) => raw).sort()).toEqual(boxUnits(scene).sort())
    expect(boxes.filter(({ label }) => /apples$/.test(label!))).toHaveLength(2)
    expect(text).toMatch(/^[A-Z].*\.$/)
  }
})

test('nothing is asked that cannot be told', () => {
  const level = sceneOf(['dog', [100, 100, 200, 200]], ['dog', [105, 95, 205, 195]])
  for (const task of ['locate', 'colour', 'position', 'relation', 'compare', 'read'] as const) {
    expect(exchangeAbout(task, level, 'en', contextOf(drawn('none', task))), task).toBeUndefined()
  }
  const empty = { ...level, objects: [] }
  for (const task of tasks) expect(exchangeAbout(task, empty, 'zh', contextOf(drawn('empty', task)))).toBeUndefined()
})

test('synonyms are right answers too', () => {
  const scene = sceneOf(['car', [100, 100, 200, 200], 'grey'])
  const answer = (task: ExchangeTask, language: 'en' | 'zh') =>
    exchangeAbout(task, scene, language, contextOf(drawn('synonyms', task)))!
  expect(answer('colour', 'en')).toMatchObject({ answer: 'grey', references: ['gray'] })
  expect(answer('count', 'en')).toMatchObject({ answer: '1', references: ['one'] })
  expect(answer('position', 'en').references).toContain('center')
  expect(answer('name', 'en')).toMatchObject({
    answer: 'car',
    references: expect.arrayContaining(['automobile', 'a car']),
  })
  expect(answer('name', 'zh')).toMatchObject({
    answer: '汽车',
    references: expect.arrayContaining(['轿车', '一辆汽车']),
  })
})
