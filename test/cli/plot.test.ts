/** `qwen-vl plot`: pictures of runs, a page of them, and in a line where they are. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { openLog } from '../../src/train/watch/log.ts'
import { madeRun } from '../train/watch/madeRun.ts'
import { ended, run, start, testFolder, written } from './process.ts'

const folder = testFolder()
const qwenVL = (...args: string[]) => run(args, { folder })

beforeAll(() => {
  for (const [name, until] of [
    ['street', 60],
    ['other', 40],
  ] as const) {
    using log = openLog(join(folder, 'runs', name, 'events.jsonl'))
    for (const event of madeRun({ name, steps: 60, until })) log.write(event)
  }
})

test('without a picture it says where the runs are', async () => {
  expect(await qwenVL('plot', 'runs')).toEqual({
    status: 0,
    signal: null,
    stderr: '',
    stdout: expect.stringMatching(
      /^other: running, step 40 of 60, loss 1\.\d+, evaluation 1\.\d+\nstreet: finished, step 60 of 60, loss 1\.\d+, evaluation \d\.\d+, model: runs\/street\/model\n$/,
    ),
  })
})

test('--json says it for programs', async () => {
  const { stdout } = await qwenVL('plot', 'runs/street/events.jsonl', '--json')
  const { runs } = JSON.parse(stdout)
  expect(runs).toMatchObject([{ name: 'street', state: 'finished', step: 60, steps: 60, refusedCount: 1 }])
  expect(runs[0].checkpoints).toHaveLength(7)
})

test('a picture is written as SVG or PNG, of the curves and steps that were asked for', async () => {
  const options = ['--series', 'norm,loss', '--from', '10', '--to', '20', '--smooth', '0', '--log']
  expect(await qwenVL('plot', 'runs/street', 'runs/other', '--out', 'both.svg', ...options)).toMatchObject({
    status: 0,
  })
  const svg = readFileSync(join(folder, 'both.svg'), 'utf8')
  expect(svg.match(/class="panel"/g)).toHaveLength(2)
  expect(svg.indexOf('gradient norm')).toBeLessThan(svg.indexOf('loss (nats)'))
  expect(svg).toContain('data-first-step="10" data-last-step="20"')
  expect(await qwenVL('plot', 'runs/street', '--out', 'one.png')).toMatchObject({ status: 0 })
  expect(await sharp(join(folder, 'one.png')).metadata()).toMatchObject({ format: 'png', width: 1800 })
})

test('a line that is no event is told, and the rest is drawn', async () => {
  const { path } = openLog(join(folder, 'damaged/events.jsonl'))
  appendFileSync(path, `${readFileSync(join(folder, 'runs/street/events.jsonl'), 'utf8')}what?\n`)
  const { status, stdout, stderr } = await qwenVL('plot', 'damaged')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^damaged: finished/)
  expect(stderr).toMatch(/^left out: .*events\.jsonl, line \d+: it is not JSON[^\n]*\n$/)
})

test.each([
  ['a run that is not there', ['runs/missing'], 1, /runs\/missing: there is no such folder or log/],
  ['a picture of no kind', ['runs', '--out', 'a.pdf'], 2, /must end in \.svg or \.png/],
  ['curves that there are not', ['runs', '--series', 'loss,luck'], 2, /There is no "luck": choose of loss, tasks/],
  ['a range the wrong way round', ['runs', '--from', '9', '--to', '3'], 2, /--to 3 lies before --from 9/],
  ['a range without steps', ['runs', '--from', '900', '--out', 'a.svg'], 1, /nothing to plot.*steps 1 to 60/],
  ['a port and no page', ['runs', '--port', '7000'], 2, /--port needs --dashboard/],
  ['a port beyond the last', ['runs', '--dashboard', '--port', '70000'], 2, /the last one is 65535/],
])('%s is refused in one line', async (_, args, status, line) => {
  const result = await qwenVL('plot', ...args)
  expect(result).toMatchObject({ status, stdout: '' })
  expect(result.stderr).toMatch(/^qwen-vl: [^\n]+\n$/)
  expect(result.stderr).toMatch(line)
  expect(existsSync(join(folder, 'a.svg'))).toBe(false)
})

test('--dashboard serves a page, with all that it needs, until Ctrl-C', async () => {
  const child = start(['plot', 'runs', '--dashboard', '--port', '0'], { folder })
  const end = ended(child)
  let said = ''
  child.stdout.on('data', text => (said += text))
  await written(child, /until Ctrl-C\n/)
  const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(said)![0]
  const page = await (await fetch(url)).text()
  const parts = [...page.matchAll(/(?:src|href)="([\w.]+)"/g)].map(match => match[1]!)
  expect(parts).toEqual(['uPlot.css', 'page.css', 'page.js'])
  for (const part of [...parts, 'chart.js', 'status.js', 'uPlot.js']) expect((await fetch(url + part)).status).toBe(200)
  const { panels } = (await (await fetch(`${url}panels?run=street`)).json()) as { panels: { title: string }[] }
  expect(panels[0]!.title).toBe('loss (nats)')
  child.kill('SIGINT')
  expect(await end).toMatchObject({ status: 0, stderr: '' })
})
