/** A benchmark as a whole: who is asked what, what the table says of it, and how it goes on after it was ended. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import {
  benchmarks,
  blindColumn,
  evaluate,
  majorityColumn,
  type OpenedBenchmark,
  type TableRow,
  tableLines,
  writeReport,
} from '../../../src/evaluate/index.ts'
import { temporaryFolder } from '../../corpus/files.ts'
import { as, ended, everyTask, type MadeRow, Memory, writeItems } from './made.ts'

const [nanoBench] = benchmarks
const folder = temporaryFolder()
let every: OpenedBenchmark

async function openRows(name: string, rows: readonly MadeRow[]): Promise<OpenedBenchmark> {
  await writeItems(join(folder, name, 'items.tar'), rows)
  return nanoBench!.open({ data: join(folder, name) })
}

const knowing = () => new Memory(({ references }) => references[0]!)
const rowsOf = (rows: readonly TableRow[], task: string) => rows.filter(row => row.task === task)

beforeAll(async () => {
  every = await openRows('every', everyTask)
})

test('perfect answers give the best figure of every task, and all aims are reached', async () => {
  const { table } = await ended(evaluate(nanoBench!, every, as('knowing', knowing())))
  expect(table.rows.filter(({ value, metric }) => value !== 1 && !metric.startsWith('cider'))).toEqual([])
  for (const { aim, value } of table.rows) if (aim !== undefined) expect(value).toBeGreaterThanOrEqual(aim)
  expect(tableLines(table).join('\n')).toMatch(/^name +en +exact +100\.0 +20\.7–100\.0 +1 +90 ✓/m)
})

test('every task of the benchmark but those of other folders has a row, in the order of the benchmark', async () => {
  const { table } = await ended(evaluate(nanoBench!, every, as('knowing', knowing())))
  const tasks = [...new Set(table.rows.map(({ task }) => task))]
  const ofFolders = ['read-random', 'read-document', 'ocr-document']
  expect(tasks).toEqual(nanoBench!.tasks.map(({ id }) => id).filter(id => !ofFolders.includes(id)))
})

test('no answers give 0 everywhere, and no aim is reached', async () => {
  const { table } = await ended(evaluate(nanoBench!, every, as('mute', new Memory(() => ''))))
  expect(table.rows.filter(({ value }) => value !== 0)).toEqual([])
  expect(tableLines(table).join('\n')).not.toContain('✓')
})

test('each task is scored by its own figures', async () => {
  const { table } = await ended(evaluate(nanoBench!, every, as('knowing', knowing())))
  const figures = (task: string) => rowsOf(table.rows, task).map(({ metric }) => metric)
  expect(figures('colour')).toEqual(['exact-match'])
  expect(figures('locate')).toEqual(['box-iou-50', 'box-iou-75', 'box-iou-mean'])
  expect(figures('grounded-caption')).toEqual(['phrase-f1'])
  expect(figures('ocr')).toEqual(['lines-read'])
  expect(figures('caption')).toEqual(['cider', 'cider-zh'])
})

test('words of random letters and documents, in folders of their own, are figures of their own', async () => {
  const row = { task: 'read', question: 'Read it.', answer: 'xqv' }
  for (const part of ['words', 'random-letters', 'documents'])
    await writeItems(join(folder, 'parts', part, 'a.tar'), [row])
  const opened = await nanoBench!.open({ data: join(folder, 'parts') })
  const { table, items } = await ended(evaluate(nanoBench!, opened, as('knowing', knowing())))
  expect([...new Set(table.rows.map(({ task }) => task))]).toEqual(['read', 'read-random', 'read-document'])
  expect(items.map(({ id }) => id)).toContain('random-letters/a.tar/00000000')
})

test('the majority column is the share of the most frequent answer, and the overlap with the mean box', async () => {
  const colour = (answer: string): MadeRow => ({ task: 'colour', question: 'What colour?', answer })
  const box = (x: number): MadeRow => ({
    task: 'locate',
    question: '<ref>it</ref>',
    answer: `<ref>it</ref><box>(${x},0),(${x + 200},200)</box>`,
  })
  const opened = await openRows('majority', [
    ...['red', 'Red', 'blue', 'red', 'green'].map(colour),
    ...[100, 200, 300].map(box), // their mean is the second: overlaps 1/3, 1, 1/3
  ])
  const { table } = await ended(evaluate(nanoBench!, opened, as('mute', new Memory(() => ''))))
  expect(rowsOf(table.rows, 'colour')[0]!.beside).toEqual({ [majorityColumn]: 0.6 })
  const [half, , mean] = rowsOf(table.rows, 'locate')
  expect(half!.beside[majorityColumn]).toBeCloseTo(1 / 3)
  expect(mean!.beside[majorityColumn]).toBeCloseTo(5 / 9, 2)
})

test('asked without sight, a model is shown the same grey for every picture', async () => {
  const memory = knowing()
  const { table, all } = await ended(evaluate(nanoBench!, every, as('knowing', memory), { blind: true }))
  const shown = memory.asked.slice(everyTask.length).flatMap(({ pictures }) => pictures)
  expect(shown.length).toBe(everyTask.length + 1)
  expect(new Set(shown).size).toBe(1)
  expect(table.columns).toEqual([majorityColumn, blindColumn])
  expect(rowsOf(table.rows, 'name')[0]!.beside[blindColumn]).toBe(1)
  expect(all.filter(({ type }) => type === 'start')).toHaveLength(2)
})

test('other models and earlier tables stand beside, in columns of their names', async () => {
  const before = await ended(evaluate(nanoBench!, every, as('stage 2', new Memory(() => 'car'))))
  const other = as('stage 3', new Memory(() => 'yes', 'other'))
  const options = { beside: [other], earlier: [before.table] }
  const { table } = await ended(evaluate(nanoBench!, every, as('final', knowing()), options))
  expect(table.columns).toEqual([majorityColumn, 'stage 3', 'stage 2'])
  expect(rowsOf(table.rows, 'name')[0]!.beside).toEqual({ [majorityColumn]: 1, 'stage 3': 0, 'stage 2': 1 })
})

test('two columns of one name are refused', async () => {
  const again = { beside: [as('a', knowing())] }
  await expect(ended(evaluate(nanoBench!, every, as('a', knowing()), again))).rejects.toThrow(/a is named twice/)
})

test('tasks, language and a limit for each of them choose the items', async () => {
  const rows = Array.from(
    { length: 10 },
    (_, i): MadeRow => ({ task: i % 2 ? 'name' : 'count', question: '?', answer: '1' }),
  )
  const opened = await openRows('choice', [...rows, ...rows.map((row): MadeRow => ({ ...row, language: 'zh' }))])
  const count = async (options: object) =>
    (await ended(evaluate(nanoBench!, opened, as('knowing', knowing()), options))).table.samples
  expect(await count({})).toBe(20)
  expect(await count({ language: 'zh' })).toBe(10)
  expect(await count({ limit: 2 })).toBe(8)
  expect(await count({ tasks: ['name'], limit: 3 })).toBe(6)
  await expect(count({ tasks: ['names'] })).rejects.toThrow(/has no task "names": choose of name, colour/)
  await expect(count({ tasks: ['locate'], language: 'en' })).rejects.toThrow(/no items of locate, en/)
})

test('batches hold items of one task and are no larger than asked', async () => {
  const rows = Array.from(
    { length: 25 },
    (_, i): MadeRow => ({
      task: i % 2 ? 'name' : 'ocr',
      question: '?',
      answer: everyTask.find(({ task }) => task === 'ocr')!.answer,
    }),
  )
  const opened = await openRows('batches', rows)
  const memory = knowing()
  await ended(evaluate(nanoBench!, opened, as('knowing', memory), { batch: 8 }))
  expect(memory.batches.toSorted()).toEqual([4, 5, 8, 8])
  for (let at = 0, i = 0; i < memory.batches.length; at += memory.batches[i++]!) {
    const batch = memory.asked.slice(at, at + memory.batches[i]!)
    expect(new Set(batch.map(({ task }) => task)).size).toBe(1)
  }
})

test('an evaluation that was ended goes on with what was not answered, and comes to the same table', async () => {
  const out = join(folder, 'resumed')
  let left = 2
  const tiring = knowing()
  const answer = tiring.answer.bind(tiring)
  tiring.answer = async items => {
    if (left-- === 0) throw new Error('tired')
    return answer(items)
  }
  const options = { out, batch: 4 }
  await expect(ended(evaluate(nanoBench!, every, as('knowing', tiring), options))).rejects.toThrow('tired')
  const lines = readFileSync(join(out, 'results.jsonl'), 'utf8')
  writeFileSync(join(out, 'results.jsonl'), `${lines}{"id":"half a li`) // as a killed process leaves it
  const fresh = knowing()
  const resumed = await ended(evaluate(nanoBench!, every, as('knowing', fresh), options))
  expect(fresh.asked.length).toBe(everyTask.length - tiring.asked.length)
  expect(resumed.all[0]).toMatchObject({ type: 'start', answered: tiring.asked.length })
  const whole = await ended(evaluate(nanoBench!, every, as('knowing', knowing())))
  expect(resumed.table.rows).toEqual(whole.table.rows)
})

test('each result has its question, answers and scores, in the order of the items', async () => {
  const out = join(folder, 'results')
  await ended(evaluate(nanoBench!, every, as('knowing', knowing()), { out }))
  const [header, ...results] = readFileSync(join(out, 'results.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(header).toEqual({ benchmark: 'nano-bench', data: every.fingerprint, shown: 'pictures', model: 'memory' })
  expect(results.map(({ task }) => task)).toEqual(everyTask.map(({ task }) => task))
  expect(results[0]).toEqual({
    ...{ id: 'items.tar/00000000', task: 'name', language: 'en', question: 'What is this?' },
    ...{ references: ['car', 'automobile'], prediction: 'car', scores: { exact: 1 } },
  })
  expect(JSON.parse(readFileSync(join(out, 'table.json'), 'utf8'))).toMatchObject({ samples: everyTask.length })
})

test('answers of another model are not gone on with, unless they may be replaced', async () => {
  const out = join(folder, 'other')
  await ended(evaluate(nanoBench!, every, as('a', new Memory(() => '', 'one')), { out }))
  const again = (fresh: boolean) =>
    ended(evaluate(nanoBench!, every, as('b', new Memory(() => '', 'two')), { out, fresh }))
  await expect(again(false)).rejects.toThrow(/results\.jsonl has other answers \(model one there, two now\).*--fresh/)
  await again(true)
  await again(false)
})

test('an item that a model has no room for counts as wrong, and that is said', async () => {
  const { PromptTooLongError } = await import('../../../src/text/index.ts')
  const narrow = knowing()
  narrow.promptLength = ({ task }) => {
    if (task === 'pair') throw new PromptTooLongError({ total: 900, text: 388, pictures: 2, pictureTokens: 512 }, 600)
    return 10
  }
  const { table, all } = await ended(evaluate(nanoBench!, every, as('narrow', narrow)))
  expect(rowsOf(table.rows, 'pair')[0]!.value).toBe(0)
  expect(all.find(({ type }) => type === 'note')).toMatchObject({
    message: expect.stringMatching(/counts as wrong: .*900/),
  })
})

test('the report and the page of the worst say what came from data and models as text', async () => {
  const evil = '<script>alert("&")</script>'
  const opened = await openRows('evil', [
    { task: 'name', question: `${evil}?`, answer: `${evil} or not` },
    { task: 'locate', question: '<ref>it</ref>', answer: '<ref>it</ref><box>(100,100),(300,300)</box>' },
  ])
  const out = join(folder, 'page')
  mkdirSync(out)
  const say = ({ task }: { task: string }) => (task === 'name' ? evil : '<ref>it</ref><box>(500,500),(700,700)</box>')
  await writeReport(out, nanoBench!, await ended(evaluate(nanoBench!, opened, as(evil, new Memory(say)))))
  const page = readFileSync(join(out, 'worst.html'), 'utf8')
  expect(page).not.toContain('<script>')
  expect(page).toContain('&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;')
  expect(page).toContain('<polygon class="expected" points="100,100 300,100 300,300 100,300"/>')
  expect(page).toContain('<polygon class="given" points="500,500 700,500 700,700 500,700"/>')
  expect(page.match(/src="data:image\/jpeg;base64,/g)).toHaveLength(2)
  expect(readFileSync(join(out, 'report.md'), 'utf8')).toMatch(/\| name \| en \| exact \| 0\.0 \|/)
})

test('perfect answers are not on the page of the worst', async () => {
  const out = join(folder, 'perfect')
  mkdirSync(out)
  const opened = await openRows('one', [{ task: 'name', question: '?', answer: 'a' }])
  await writeReport(out, nanoBench!, await ended(evaluate(nanoBench!, opened, as('knowing', knowing()))))
  expect(readFileSync(join(out, 'worst.html'), 'utf8')).toContain('No answer was less than perfect')
})

test.each<[string, () => Promise<unknown>, RegExp]>([
  [
    'a folder that is not there',
    () => nanoBench!.open({ data: join(folder, 'no') }),
    /there is no folder .*no: --data names one/,
  ],
  [
    'a folder without shards',
    async () => {
      mkdirSync(join(folder, 'empty'))
      return nanoBench!.open({ data: join(folder, 'empty') })
    },
    /empty has no shards: DIR\/\*\.tar or DIR\/PART\/\*\.tar were looked for/,
  ],
  [
    'a task that is not scored',
    async () => {
      const opened = await openRows('dance', [{ task: 'dance', question: '?', answer: '!' }])
      return ended(evaluate(nanoBench!, opened, as('knowing', knowing())))
    },
    /items\.tar\/00000000 is of the task "dance", which nano-bench does not score: it has name, colour/,
  ],
  [
    'a sample to locate without a box',
    async () => {
      const opened = await openRows('boxless', [{ task: 'locate', question: '?', answer: 'there' }])
      return ended(evaluate(nanoBench!, opened, as('knowing', knowing())))
    },
    /items\.tar\/00000000: no right answer of it has a box: "there"/,
  ],
])('%s is refused with what is wrong', async (_, act, message) => {
  await expect(act()).rejects.toThrow(message)
})
