/** The log of a run: what is written comes back, whatever happens to the process that writes it. */
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { TrainingEvent } from '../../../src/train/events.ts'
import { LogError } from '../../../src/train/watch/errors.ts'
import { followLog, openLog, readLog } from '../../../src/train/watch/log.ts'
import { madeRun, madeStep } from './madeRun.ts'

const folder = mkdtempSync(join(tmpdir(), 'training log '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const newPath = () => join(folder, `${++made}`, 'events.jsonl')

async function all(events: AsyncIterable<TrainingEvent>): Promise<TrainingEvent[]> {
  const list: TrainingEvent[] = []
  for await (const event of events) list.push(event)
  return list
}

function write(path: string, events: Iterable<TrainingEvent>): void {
  using log = openLog(path)
  for (const event of events) log.write(event)
}

const everyKind: TrainingEvent[] = [
  ...madeRun({ steps: 9 }),
  { type: 'sample', time: 5, sample: 'a.json:1', text: 'What is [[this]]?\nA bus.' },
  { type: 'warning', time: 5, step: 3, message: 'the loss does not move' },
  { type: 'refused', time: 5, sample: 'a.json:2', reason: 'no picture', count: 1 },
  { type: 'end', time: 6, step: 9, reason: 'failed', message: 'NaN' },
]

test('every kind of event comes back as it was written', async () => {
  const path = newPath()
  write(path, everyKind)
  expect(new Set(everyKind.map(event => event.type)).size).toBe(8)
  expect(await all(readLog(path))).toEqual(everyKind)
})

test('a task may have any name', async () => {
  const path = newPath()
  const step = { ...madeStep(1, { steps: 1 }), tasks: { constructor: { loss: 1, tokens: 2 } } }
  write(path, [step])
  expect(await all(readLog(path))).toEqual([step])
})

test('a loss that is no number comes back as one', async () => {
  const path = newPath()
  write(path, [{ ...madeStep(1, { steps: 1 }), loss: Number.NaN, gradientNorm: Number.POSITIVE_INFINITY }])
  expect(await all(readLog(path))).toMatchObject([{ loss: Number.NaN, gradientNorm: Number.NaN }])
})

test('the line that a killed process did not finish is passed over, and cut off by the one that goes on', async () => {
  const path = newPath()
  const events = [...madeRun({ steps: 20, until: 10 })]
  write(path, events)
  const whole = readFileSync(path)
  const more = [...madeRun({ steps: 20, from: 8 })]
  for (const cut of [1, 30, 300]) {
    writeFileSync(path, whole.subarray(0, whole.length - cut))
    expect(await all(readLog(path))).toEqual(events.slice(0, -1))
    write(path, more)
    expect(await all(readLog(path))).toEqual([...events.slice(0, -1), ...more])
  }
})

test('a file that is one broken line only becomes an empty log', async () => {
  const path = newPath()
  write(path, [])
  writeFileSync(path, '{"type":"sta'.padEnd(200_000, 'x'))
  write(path, everyKind)
  expect(await all(readLog(path))).toEqual(everyKind)
})

test('events that a newer version has written are passed over', async () => {
  const path = newPath()
  write(path, everyKind.slice(0, 2))
  appendFileSync(path, '{"type":"eclipse","time":1}\n{"type":"toString"}\n')
  write(path, everyKind.slice(2))
  expect(await all(readLog(path))).toEqual(everyKind)
})

test.each([
  ['no JSON', '{"type":"step"', /line 2: it is not JSON/],
  ['no event', '[1, 2]', /line 2: it is no event: it has no type/],
  [
    'a field of another kind',
    '{"type":"warning","time":1,"step":"one","message":"a"}',
    /line 2: it is no warning.*step/,
  ],
  ['a negative step', '{"type":"warning","time":1,"step":-1,"message":"a"}', /line 2: it is no warning event: step/],
])('a line with %s is named, or told and left out', async (_, line, message) => {
  const path = newPath()
  write(path, everyKind.slice(0, 1))
  appendFileSync(path, `${line}\n`)
  write(path, everyKind.slice(1, 2))
  await expect(all(readLog(path))).rejects.toThrow(message)
  const told: LogError[] = []
  expect(await all(readLog(path, { broken: problem => void told.push(problem) }))).toEqual(everyKind.slice(0, 2))
  expect(told).toEqual([expect.any(LogError)])
  expect(told[0]).toMatchObject({ file: path, line: 2 })
})

test('a line of many megabytes is left out without being kept', async () => {
  const path = newPath()
  write(path, everyKind.slice(0, 1))
  appendFileSync(path, `"${'x'.repeat(5_000_000)}"\n`)
  write(path, everyKind.slice(1))
  const told: string[] = []
  expect(await all(readLog(path, { broken: ({ message }) => void told.push(message) }))).toEqual(everyKind)
  expect(told).toEqual([expect.stringMatching(/line 2: it is longer than 1,048,576 bytes/)])
})

test('a log is followed from before it is there, over a broken line, to its replacement', async () => {
  const path = newPath()
  const controller = new AbortController()
  const events = followLog(path, { signal: controller.signal, pollMs: 20 })
  const next = async (count: number) => {
    const list: TrainingEvent[] = []
    while (list.length < count) list.push((await events.next()).value as TrainingEvent)
    return list
  }
  const first = next(2)
  write(path, everyKind.slice(0, 2))
  expect(await first).toEqual(everyKind.slice(0, 2))

  appendFileSync(path, JSON.stringify(everyKind[2]).slice(0, 40))
  const second = next(3)
  await new Promise(resolve => setTimeout(resolve, 60))
  write(path, everyKind.slice(2, 5)) // cuts off what was broken
  expect(await second).toEqual(everyKind.slice(2, 5))

  const third = next(1)
  write(`${path}.new`, everyKind.slice(5, 6))
  renameSync(`${path}.new`, path)
  expect(await third).toEqual(everyKind.slice(5, 6))

  const last = events.next()
  controller.abort()
  expect(await last).toMatchObject({ done: true })
})

test('what is written to a closed log is refused', () => {
  const log = openLog(newPath())
  log.close()
  expect(() => log.write(everyKind[0]!)).toThrow(/it is closed/)
})
