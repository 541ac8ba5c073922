/** Every command of docs/command-line.md, run as it stands, with a small model on a small hub. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLog } from '../../src/train/watch/log.ts'
import { read, root } from '../checkout.ts'
import { HubServer } from '../checkpoint/hubServer.ts'
import { writeScriptedModel } from '../tinyModel.ts'
import { writeTinyScorer } from '../tinyScorer.ts'
import { makeAdapter } from '../train/lora/made.ts'
import { madeRun } from '../train/watch/madeRun.ts'
import { type Ended, ended, environmentOf, nodeArguments, testFolder } from './process.ts'

const guide = read('docs/command-line.md')
const blocks = [...guide.matchAll(/^```sh\n(.*?)^```/gms)].map(match => match[1]!)
const folder = testFolder()
const work = join(folder, 'work')
const programs = join(folder, 'programs')
let server: HubServer

beforeAll(async () => {
  for (const made of [work, programs]) mkdirSync(made)
  const model = await writeScriptedModel(join(folder, 'model'), 'A <ref>bus</ref><box>12,34;56:789</box>')
  const files = readdirSync(model).map(name => [name, readFileSync(join(model, name))])
  server = await HubServer.start(Object.fromEntries(files), 'Qwen/Qwen-VL-Chat')
  await makeAdapter(join(work, 'runs/lora/adapter'), { targets: ['h.0.attn.c_attn', 'h.0.mlp.w1', 'h.0.mlp.w2'] })
  for (const name of ['street', 'before', 'after', 'sign']) {
    await sharp(join(root, 'test/fixtures/golden/B/0.png'))
      .jpeg()
      .toFile(join(work, `${name}.jpg`))
  }
  const pictures = ['street', 'before', 'after', 'sign']
  const rows = Array.from({ length: 24 }, (_, i) => ({
    image: `${pictures[i % 4]}.jpg`,
    caption: `Street number ${i}.`,
  }))
  writeFileSync(join(work, 'train.jsonl'), rows.map(row => JSON.stringify(row)).join('\n'))
  await writeTinyScorer(join(work, 'runs/contrastive/model'))
  for (const [name, seed] of [
    ['street', 1],
    ['street-lora', 2],
  ] as const) {
    using log = openLog(join(work, 'runs', name, 'events.jsonl'))
    for (const event of madeRun({ name, steps: 60, seed })) log.write(event)
  }
  const words = [process.execPath, ...nodeArguments()].map(word => `'${word}'`).join(' ')
  writeFileSync(join(programs, 'qwen-vl'), `#!/bin/sh\nexec ${words} "$@"\n`)
  chmodSync(join(programs, 'qwen-vl'), 0o755)
})
afterAll(() => server[Symbol.asyncDispose]())

function runBlock(block: string): Promise<Ended> {
  const environment = { HF_ENDPOINT: server.endpoint, PATH: [programs, process.env['PATH']].join(delimiter) }
  const child = spawn('bash', ['-euo', 'pipefail', '-c', block], {
    cwd: work,
    env: environmentOf({ folder, environment }),
  })
  child.stdin.end()
  return ended(child)
}

test('the guide has commands', () => {
  expect(blocks.length).toBeGreaterThan(8)
})

test.each(blocks.map(block => [block.split('\n')[0], block] as const))('%s', async (_, block) => {
  const { status, stdout, stderr } = await runBlock(block)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  if (/caption|ask|chat/.test(block)) expect(stdout).toContain('A bus')
})

test('the files that the guide makes are there afterwards', () => {
  const made = [
    'boxes.png',
    'bus.json',
    'bus.png',
    'compared.png',
    'curves.svg',
    'hello.safetensors',
    'inspected.json',
    'models',
    'score.json',
    'trace.safetensors',
  ]
  expect(readdirSync(work).filter(name => !/\.jpg$|^runs$|^train\.jsonl$/.test(name))).toEqual(made)
})

test('the guide names every command of the command line, and every option that answers take', async () => {
  const { buildProgram } = await import('../../src/cli/program.ts')
  const { commands } = buildProgram()
  for (const command of commands) expect(guide).toMatch(new RegExp(`qwen-vl (help )?${command.name()}\\b`))
  const ask = commands.find(command => command.name() === 'ask')!
  const missing = ask.options.filter(({ long }) => !guide.includes(long!)).map(({ long }) => long)
  expect(missing).toEqual([])
})
