/** A run in the terminal, in a file, and for programs. */
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { TrainingEvent } from '../../../src/train/events.ts'
import { openProgress, type ProgressStream, showProgress } from '../../../src/train/watch/progress.ts'
import { showCount, showDuration, showFigure } from '../../../src/train/watch/wording.ts'
import { began, madeRun, madeStep } from './madeRun.ts'

/** A stream that keeps what is written; a terminal if it has columns. */
function kept(columns?: number): { stream: ProgressStream; text: () => string } {
  const stream = new PassThrough()
  let text = ''
  stream.setEncoding('utf8').on('data', (part: string) => (text += part))
  return { stream: Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns }), text: () => text }
}

async function* asStream(events: Iterable<TrainingEvent>): AsyncGenerator<TrainingEvent> {
  yield* events
}

async function shown(events: Iterable<TrainingEvent>, columns?: number): Promise<string> {
  const { stream, text } = kept(columns)
  await showProgress(asStream(events), { stream })
  return text()
}

const run = { name: 'street', steps: 60, seed: 1 }

test('without a terminal there is a line every ten seconds, one for each thing that happens, and no other', async () => {
  const text = await shown(madeRun({ ...run, steps: 400, until: 60 }))
  expect(text.split('\n')).toEqual([
    'street: 9.66G parameters, 7.72G trained, 400 steps',
    'step 1/400  loss 8.506  rate 5.0e-6  norm 10.7  9.8k tokens/s  2 min 40 s left',
    'step 26/400  loss 4.951  rate 1.0e-4  norm 5.461  9.7k tokens/s  2 min 30 s left',
    'step 50: evaluation loss 3.458 (caption 2.407, vqa 4.118), the best so far',
    'step 50: saved runs/street/checkpoint-50 (1.2 GB, 3 s)',
    'step 51/400  loss 3.362  rate 9.9e-5  norm 1.397  10.3k tokens/s  2 min 20 s left',
    'step 60/400  loss 2.946  rate 9.8e-5  norm 1.071  10.1k tokens/s  2 min 16 s left',
    '',
  ])
})

test('a short run gets a line for every tenth part', async () => {
  const steps = [...(await shown(madeRun(run))).matchAll(/^step (\d+)\//gm)].map(match => Number(match[1]))
  expect(steps).toEqual([1, 7, 13, 19, 25, 31, 37, 43, 49, 55, 60])
})

test('the last line says how it ended', async () => {
  const text = await shown(madeRun(run))
  expect(text.trimEnd().split('\n').at(-1)).toBe('finished at step 60, after 24 s: runs/street/model')
  const ended = async (end: object) => (await shown([...madeRun({ ...run, until: 3 }), end as TrainingEvent])).trimEnd()
  const end = { type: 'end', time: began + 2000, step: 3 }
  expect(await ended({ ...end, reason: 'cancelled' })).toMatch(/\ncancelled at step 3, after 2 s$/)
  expect(await ended({ ...end, reason: 'failed', message: 'the loss is NaN' })).toMatch(
    /\nfailed at step 3, after 2 s: the loss is NaN$/,
  )
})

test('the end is given to the caller, and undefined where there is none', async () => {
  const { stream } = kept()
  expect(await showProgress(asStream(madeRun(run)), { stream })).toMatchObject({ type: 'end', reason: 'finished' })
  expect(await showProgress(asStream(madeRun({ ...run, until: 3 })), { stream })).toBeUndefined()
})

test('refused samples are named, then counted, and their number is told at the end', async () => {
  const refused = Array.from({ length: 100 }, (_, i): TrainingEvent => {
    return { type: 'refused', time: 0, sample: `a.json:${i}`, reason: 'no picture', count: i + 1 }
  })
  const end: TrainingEvent = { type: 'end', time: 1, step: 0, reason: 'finished' }
  expect((await shown([...refused, end])).split('\n')).toEqual([
    ...[0, 1, 2, 3, 4].map(i => `left out a.json:${i}: no picture`),
    '10 samples left out so far, the latest a.json:9: no picture',
    '20 samples left out so far, the latest a.json:19: no picture',
    '40 samples left out so far, the latest a.json:39: no picture',
    '80 samples left out so far, the latest a.json:79: no picture',
    '100 samples were left out in all',
    'finished at step 0',
    '',
  ])
})

test('a warning that comes again and again is said three times', async () => {
  const warnings = Array.from({ length: 9 }, (_, i): TrainingEvent => {
    return { type: 'warning', time: 0, step: i, message: 'the gradient is zero' }
  })
  expect((await shown(warnings)).trimEnd().split('\n')).toEqual([
    'step 0: warning: the gradient is zero',
    'step 1: warning: the gradient is zero',
    'step 2: warning: the gradient is zero (not repeated from here on)',
  ])
})

test('the first sample is shown as it is learnt', async () => {
  const sample: TrainingEvent = { type: 'sample', time: 0, sample: 'a.json:1', text: 'What?\n[[A bus.]]\n' }
  expect(await shown([sample])).toBe(
    'the first sample, a.json:1, with what is learnt in [[…]]:\n  What?\n  [[A bus.]]\n',
  )
})

test('a loss that is no number is said at once, not smoothed away', async () => {
  const events = [...madeRun({ ...run, until: 3 }), { ...madeStep(4, run), loss: Number.NaN }]
  expect(await shown(events)).toMatch(/step 4\/60 {2}loss NaN/)
})

test('names from a log can tell the terminal nothing', async () => {
  const hostile = 'a\u001b]0;owned\u0007\r\n\u009b2Jb'
  const events: TrainingEvent[] = [
    { type: 'refused', time: 0, sample: hostile, reason: hostile, count: 1 },
    { type: 'warning', time: 0, step: 1, message: hostile },
    { type: 'end', time: 0, step: 1, reason: 'failed', message: hostile },
  ]
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(await shown(events)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
})

test('for programs, every event is a line of JSON', async () => {
  const { stream, text } = kept()
  const events = [...madeRun({ ...run, until: 5 })]
  await showProgress(asStream(events), { stream, json: true })
  const lines = text().trimEnd().split('\n')
  expect(lines.map(line => JSON.parse(line))).toEqual(events)
})

/** What stands on a terminal after all this was written to it. Knows what progress bars use. */
function screen(text: string): string[] {
  const rows: string[] = ['']
  let [row, column, saved] = [0, 0, { row: 0, column: 0 }]
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals are told
  for (const [part, command] of text.matchAll(/\u001b([78]|\[[?\d]*[A-Za-z])|[^\u001b]/g)) {
    const line = rows[row] ?? ''
    if (command === '7') saved = { row, column }
    else if (command === '8') ({ row, column } = saved)
    else if (command === '[1G') column = 0
    else if (command === '[2K') rows[row] = ''
    else if (command === '[0K') rows[row] = line.slice(0, column)
    else if (command !== undefined) throw new Error(`what is ${command}?`)
    else if (part === '\n') [row, column] = [row + 1, 0]
    else {
      rows[row] = line.padEnd(column).slice(0, column) + part + line.slice(column + 1)
      column++
    }
    while (rows.length <= row) rows.push('')
  }
  return rows
}

test('on a terminal the bar stays below what happens, and is gone at the end', async () => {
  const { stream, text } = kept(130)
  const progress = openProgress({ stream })
  for (const event of madeRun({ ...run, until: 40 })) progress.on(event)
  const during = screen(text())
  progress.on({ type: 'warning', time: 0, step: 40, message: 'hot' })
  const later = screen(text())
  progress.on({ type: 'end', time: began + 9000, step: 40, reason: 'cancelled' })
  progress.close()
  const after = screen(text())

  expect(during[0]).toBe('street: 9.66G parameters, 7.72G trained, 60 steps')
  expect(during.slice(1, -1).every(line => /^(step \d+: |left out )/.test(line))).toBe(true)
  expect(during.at(-1)).toMatch(/^█+░+ 40\/60 {2}loss 1\.\d+ {2}rate .* left$/)
  expect(later.slice(-2)).toEqual(['step 40: warning: hot', expect.stringMatching(/^█+░+ 40\/60 {2}loss/)])
  expect(after.slice(-3)).toEqual(['step 40: warning: hot', 'cancelled at step 40, after 9 s', ''])
})

test('a narrow terminal gets a bar of one line', async () => {
  const { stream, text } = kept(60)
  const progress = openProgress({ stream })
  for (const event of madeRun({ ...run, until: 4 })) progress.on(event)
  expect(screen(text()).at(-1)!.length).toBeLessThanOrEqual(60)
  progress.close()
})

test('figures, amounts and durations are written for people', () => {
  expect([2.34567, 0.01234, 0.00001234, 123.456, 0, Number.NaN].map(showFigure)).toEqual(
    ['2.346', '0.0123', '1.23e-5', '123.5', '0', 'NaN'], // biome-ignore format: one line each
  )
  expect([7, 950, 1234, 12_345, 9_656_935_168].map(showCount)).toEqual(['7', '950', '1.2k', '12.3k', '9.66G'])
  expect([4000, 200_000, 1.5e6, 7.5e6, 2.8e8].map(showDuration)).toEqual([
    '4 s',
    '3 min 20 s',
    '25 min',
    '2 h 05 min',
    '3 d 5 h',
  ])
})
