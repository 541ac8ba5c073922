/** The live page: what it shows, that it keeps up, and that it serves nobody but this machine. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, expect, type TestContext, test } from 'vitest'
import type { TrainingEvent } from '../../../src/train/events.ts'
import { openDashboard } from '../../../src/train/watch/dashboard/server.ts'
import { LogError } from '../../../src/train/watch/errors.ts'
import { openLog } from '../../../src/train/watch/log.ts'
import { needs } from '../../requirements.ts'
import { madeRun, madeStep } from './madeRun.ts'

const folder = mkdtempSync(join(tmpdir(), 'training page '))
let browser: Browser | undefined
afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

let made = 0
const newFolder = () => join(folder, `${++made}`)

function write(path: string, events: Iterable<TrainingEvent>): void {
  using log = openLog(path)
  for (const event of events) log.write(event)
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
    })
    asked.on('error', reject).end()
  })
}

/** A page on the dashboard, with all that it complains of. */
async function openPage(
  context: TestContext,
  url: string,
  options: object = {},
): Promise<{ page: Page; said: string[] }> {
  const executablePath = needs(context, 'chromium')
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  browser ??= await chromium.launch({ executablePath, args: sandbox })
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options })
  const said: string[] = []
  page.on('console', message => said.push(message.text()))
  page.on('pageerror', error => said.push(`uncaught: ${error.message}`))
  await page.goto(url)
  return { page, said }
}

const titles = (page: Page) => page.locator('.chart figcaption').allTextContents()

/** What a legend says: `step`, then each curve. */
const legend = async (page: Page, chart = 0) => {
  const rows = await page.locator('.chart').nth(chart).locator('.u-series').allTextContents()
  return rows.map(text => text.replace(/\s+/g, ' ').trim())
}

test('a log without an end is shown, goes on while it grows, and survives a reload', async context => {
  const path = join(newFolder(), 'street/events.jsonl')
  write(path, madeRun({ steps: 400, until: 200 }))
  await using dashboard = await openDashboard({ logs: [join(path, '..')] }, { port: 0 })
  const { page, said } = await openPage(context, dashboard.url)
  await page.locator('.chart canvas').first().waitFor()
  expect(await titles(page)).toEqual([
    'loss (nats)',
    'loss by task, smoothed',
    'gradient norm before clipping',
    'learning rate',
    'tokens per second',
    'memory',
    'parts of a step’s time, smoothed',
  ])
  expect(await page.locator('.run h2').textContent()).toContain('street')
  expect(await page.locator('.state').textContent()).toContain('running, step 200 of 400')
  expect((await legend(page))[0]).toBe('step200')
  expect((await legend(page, 1)).slice(1).map(row => row.replace(/[\d.]+/, ''))).toEqual([
    'caption',
    'grounding',
    'vqa',
  ])

  write(path, [...madeRun({ steps: 400, from: 200 })].slice(1))
  await page.getByText('finished, step 400 of 400').waitFor()
  await expect.poll(async () => (await legend(page))[0]).toBe('step400')

  await page.reload()
  await page.getByText('finished, step 400 of 400').waitFor()
  await expect.poll(async () => (await legend(page))[0]).toBe('step400')
  expect(said).toEqual([])
  await page.close()
})

test('dragging looks closer, a reload keeps it, Esc shows all; the keyboard moves along the steps', async context => {
  const path = join(newFolder(), 'events.jsonl')
  write(path, madeRun({ steps: 1000 }))
  await using dashboard = await openDashboard({ logs: [path] }, { port: 0 })
  const { page, said } = await openPage(context, dashboard.url)
  const over = page.locator('.chart .u-over').first()
  await over.waitFor()
  const box = (await over.boundingBox())!
  await page.mouse.move(box.x + box.width * 0.25, box.y + 50)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 3 })
  await page.mouse.up()
  await page.mouse.move(5, 5)
  await expect.poll(async () => Number((await legend(page))[0]!.replace(/\D/g, ''))).toBeLessThan(510)
  const [, from, to] = /from=(\d+)&to=(\d+)/.exec(page.url())!.map(Number)
  expect(from).toBeGreaterThan(240)
  expect(from).toBeLessThan(260)
  expect(to).toBeGreaterThan(490)
  expect(to).toBeLessThan(510)

  await page.reload()
  await expect.poll(async () => (await legend(page))[0]).toBe(`step${to}`)
  await page.locator('.chart div[tabindex]').first().focus()
  await page.keyboard.press('ArrowLeft')
  await expect.poll(async () => (await legend(page))[0]).toBe(`step${to! - 1}`)
  await page.keyboard.press('ArrowLeft')
  await expect.poll(async () => (await legend(page))[0]).toBe(`step${to! - 2}`)
  await page.keyboard.press('Escape')
  await expect.poll(() => page.url()).not.toContain('from=')
  await page.locator('h1').click()
  expect(await page.locator('#reset').isDisabled()).toBe(true)
  expect(said).toEqual([])
  await page.close()
})

test('pointing at a step says its values', async context => {
  const path = join(newFolder(), 'events.jsonl')
  write(path, madeRun({ steps: 11 }))
  await using dashboard = await openDashboard({ logs: [path] }, { port: 0 })
  const { page } = await openPage(context, `${dashboard.url}#smoothing=0`)
  const over = page.locator('.chart .u-over').first()
  await over.waitFor()
  const box = (await over.boundingBox())!
  await page.mouse.move(box.x + box.width * 0.4, box.y + 40) // of steps 1 to 11, the fifth
  await expect.poll(async () => (await legend(page))[0]).toBe('step5')
  const { loss, learningRate } = madeStep(5, { steps: 11 })
  expect(await legend(page)).toContain(`each step${Number(loss.toPrecision(4))}`)
  expect((await legend(page, 3))[1]).toContain(learningRate.toExponential(2))
  await page.close()
})

test('several runs of a folder can be shown together', async context => {
  const runs = newFolder()
  write(join(runs, 'a/events.jsonl'), madeRun({ steps: 50, name: 'a' }))
  write(join(runs, 'deeper/b/events.jsonl'), madeRun({ steps: 80, seed: 2, name: 'b' }))
  await using dashboard = await openDashboard({ logs: [runs] }, { port: 0 })
  const { page, said } = await openPage(context, dashboard.url)
  await page.getByText('finished, step 80 of 80').waitFor() // the latest, unasked
  await page.locator('#chooser summary').click()
  await page.getByLabel('a', { exact: true }).check()
  await page.getByText('finished, step 50 of 50').waitFor()
  await expect.poll(async () => (await legend(page)).map(row => row.replace(/[\d.]+$/, ''))).toContain('a, evaluation')
  expect(page.url()).toContain('run=a&run=deeper%2Fb')
  expect(said).toEqual([])
  await page.close()
})

test('what a log says stays text', async context => {
  const hostile = '<img src=x onerror="console.log(1)"></script><script>console.log(2)</script>'
  const path = join(newFolder(), '<b onclick=1>', 'events.jsonl')
  write(path, [
    ...madeRun({ steps: 30, until: 20, name: hostile, tasks: [hostile, '__proto__', 'vqa'] }),
    { type: 'sample', time: 0, sample: hostile, text: hostile },
    { type: 'warning', time: 0, step: 20, message: hostile },
    { type: 'refused', time: 0, sample: hostile, reason: hostile, count: 1 },
    { type: 'end', time: 0, step: 20, reason: 'failed', message: hostile },
  ])
  await using dashboard = await openDashboard({ logs: [path] }, { port: 0 })
  const { page, said } = await openPage(context, dashboard.url)
  await page.locator('.chart canvas').nth(1).waitFor()
  for (const list of await page.locator('.lists summary').all()) await list.click()
  expect(await page.locator('.run > p').first().textContent()).toBe(hostile)
  expect((await legend(page, 1)).some(row => row.startsWith(hostile))).toBe(true)
  expect(await page.locator('img, b, main script').count()).toBe(0)
  expect(said).toEqual([])
  await page.close()
})

test('the page fits a phone', async context => {
  const path = join(newFolder(), 'events.jsonl')
  write(path, madeRun({ steps: 30 }))
  await using dashboard = await openDashboard({ logs: [path] }, { port: 0 })
  const { page } = await openPage(context, dashboard.url, { viewport: { width: 360, height: 700 } })
  await page.locator('.chart canvas').first().waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  await page.close()
})

test('a run of this process can be shown without a log', async () => {
  let go = () => {}
  const wait = new Promise<void>(resolve => {
    go = resolve
  })
  async function* events() {
    yield* madeRun({ steps: 20, until: 5 })
    await wait
    yield* [...madeRun({ steps: 20, from: 5 })].slice(1)
  }
  await using dashboard = await openDashboard({ name: 'here', events: events() }, { port: 0 })
  expect(JSON.parse((await ask(`${dashboard.url}runs`)).text).names).toEqual(['here'])
  const last = async () => JSON.parse((await ask(`${dashboard.url}panels?run=here`)).text).panels[0].lines[0].x.at(-1)
  await expect.poll(last).toBe(5)
  go()
  await expect.poll(last).toBe(20)
})

test('only names of this machine are answered: a page of another name cannot read the curves', async () => {
  const path = join(newFolder(), 'events.jsonl')
  write(path, madeRun({ steps: 3 }))
  await using dashboard = await openDashboard({ logs: [path] }, { port: 0 })
  const { url, port } = dashboard
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '0.0.0.0',
  ]) {
    for (const place of ['', 'runs', 'panels', 'status', 'page.js']) {
      expect(await ask(`${url}${place}`, { Host: host }), `${host}/${place}`).toMatchObject({ status: 403 })
    }
  }
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'LOCALHOST', `[::1]:${port}`]) {
    expect(await ask(`${url}panels`, { Host: host })).toMatchObject({ status: 200 })
  }
})

test('everything can be read, nothing changed, and nothing else is there', async () => {
  const runs = newFolder()
  write(join(runs, 'a/events.jsonl'), madeRun({ steps: 3 }))
  writeFileSync(join(runs, 'secret.txt'), 'secret')
  await using dashboard = await openDashboard({ logs: [runs] }, { port: 0 })
  const status = async (place: string, method = 'GET') => (await ask(`${dashboard.url}${place}`, {}, method)).status
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) expect(await status('', method)).toBe(405)
  for (const place of ['secret.txt', '..%2fsecret.txt', 'a/events.jsonl', 'page.js/', 'panels?run=../secret.txt']) {
    expect(await status(place), place).toBe(404)
  }
  for (const place of ['panels?run=a&from=x', 'panels?run=a&smoothing=1e9'])
    expect(await status(place), place).toBe(400)
  const { headers } = await ask(dashboard.url)
  expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' })
  expect(headers['access-control-allow-origin']).toBeUndefined()
})

test('a port that is taken makes it take the next', async () => {
  const path = join(newFolder(), 'events.jsonl')
  write(path, madeRun({ steps: 3 }))
  await using first = await openDashboard({ logs: [path] }, { port: 0 })
  await using second = await openDashboard({ logs: [path] }, { port: first.port })
  expect(second.port).toBeGreaterThan(first.port)
  expect(second.port).toBeLessThan(first.port + 21)
  expect(second.url).toBe(`http://127.0.0.1:${second.port}/`)
})

test('closing ends the answers that are still going on', async () => {
  const path = join(newFolder(), 'events.jsonl')
  write(path, madeRun({ steps: 3, until: 2 }))
  const dashboard = await openDashboard({ logs: [path] }, { port: 0 })
  const ended = new Promise(resolve => {
    get(`${dashboard.url}status`, response => response.on('data', () => {}).on('close', resolve))
      .on('error', resolve)
      .on('response', () => void dashboard.close())
  })
  await ended
  await expect(ask(dashboard.url)).rejects.toThrow(/ECONNREFUSED/)
})

test('a place without a log is refused, and says what was looked for', async () => {
  const empty = newFolder()
  mkdirSync(empty)
  await expect(openDashboard({ logs: [empty] })).rejects.toThrow(LogError)
  await expect(openDashboard({ logs: [empty] })).rejects.toThrow(/no events\.jsonl in this folder/)
  await expect(openDashboard({ logs: [join(empty, 'missing')] })).rejects.toThrow(/no such folder or log/)
})
