/**
 * Every command of docs/training.md, run as it stands, with a small model on a small hub, and with two steps where the
 * guide has many. What the page says of recipes, events and messages is held against the code.
 */
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allKeys } from '../../src/corpus/recipe/keys.ts'
import { readRecipe } from '../../src/train/recipe/index.ts'
import { recipeSchema } from '../../src/train/recipe/schema.ts'
import { files, read, root } from '../checkout.ts'
import { HubServer } from '../checkpoint/hubServer.ts'
import { writeTinyInt4Model, writeTinyModel } from '../tinyModel.ts'
import { type Ended, ended, environmentOf, nodeArguments, testFolder } from './process.ts'

const guide = read('docs/training.md')
const blocksOf = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(match => match[1]!)
const folder = testFolder()
const work = join(folder, 'work')
const programs = join(folder, 'programs')
const hubs: HubServer[] = []

/** A hub that has one model of a folder. */
async function startHub(path: string, name: string): Promise<string> {
  const contents = readdirSync(path).map(file => [file, readFileSync(join(path, file))])
  const hub = await HubServer.start(Object.fromEntries(contents), name)
  hubs.push(hub)
  return hub.endpoint
}

/**
 * The command, with less to do: two steps, without the warm-up that they have no room for. The random model of the test
 * needs a high learning rate to get anywhere in a self-test.
 */
const programOf = (endpoint: string, int4: string) => `#!/bin/sh
export HF_ENDPOINT='${endpoint}'
case "$*" in "pull "*Int4) export HF_ENDPOINT='${int4}' ;; esac
case "$*" in
  train*--plan* | train*--check-data*) ;;
  train*--self-test*) set -- "$@" --set optimiser.learningRate=1e-2 ;;
  train*) set -- "$@" --steps 2 --set schedule.warmup=0 ;;
esac
exec ${[process.execPath, ...nodeArguments()].map(word => `'${word}'`).join(' ')} "$@"
`

beforeAll(async () => {
  for (const made of [work, programs]) mkdirSync(made)
  const sizes = { layers: 1 }
  const chat = await writeTinyModel(join(folder, 'chat'), sizes)
  const int4 = await writeTinyInt4Model(join(folder, 'int4'), sizes)
  const program = programOf(await startHub(chat, 'Qwen/Qwen-VL-Chat'), await startHub(int4, 'Qwen/Qwen-VL-Chat-Int4'))
  writeFileSync(join(programs, 'qwen-vl'), program)
  chmodSync(join(programs, 'qwen-vl'), 0o755)
  const examples = join(root, 'examples/training')
  cpSync(examples, join(work, 'examples/training'), { recursive: true })
  cpSync(join(root, 'recipes'), join(work, 'recipes'), { recursive: true })
  for (const name of readdirSync(examples).filter(each => each.endsWith('.jpg')))
    cpSync(join(examples, name), join(work, name))
  cpSync(join(examples, 'conversations.json'), join(work, 'my.json'))
  cpSync(join(examples, 'boats.jpg'), join(work, 'new.jpg'))
  writeFileSync(join(work, 'street.yaml'), blocksOf('yaml')[0]!)
})
afterAll(async () => {
  for (const hub of hubs) await hub[Symbol.asyncDispose]()
})

function runLine(line: string): Promise<Ended> {
  const environment = { PATH: [programs, process.env['PATH']].join(delimiter) }
  const child = spawn('bash', ['-euo', 'pipefail', '-c', line], {
    cwd: work,
    env: environmentOf({ folder, environment }),
  })
  child.stdin.end()
  return ended(child)
}

/** Each line of a block by itself; what is quoted over several lines belongs together. */
const commands = blocksOf('sh').flatMap(block => (block.includes("'\n") ? [block] : block.trim().split('\n')))

test('the guide has commands', () => {
  expect(commands.length).toBeGreaterThan(25)
})

describe('every command does what it should', () => {
  test.each(commands.map(command => [command.split('\n')[0], command] as const))('%s', async (_, command) => {
    const { status, stderr } = await runLine(command)
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  })
})

test('the files that the guide speaks of are there afterwards', () => {
  expect(readdirSync(join(work, 'models')).sort()).toEqual(['street', 'street-int4'])
  expect(readdirSync(work)).toEqual(expect.arrayContaining(['curves.svg', 'compared.png', 'held-out.json']))
})

test('the guide says of everything in the folder of a run what it is', () => {
  const runs = [
    ...readdirSync(join(work, 'runs')),
    ...readdirSync(join(work, 'runs/small')).map(name => `small/${name}`),
  ]
  const found = runs.filter(name => name !== 'small').flatMap(name => readdirSync(join(work, 'runs', name)))
  const unnamed = [...new Set(found)].filter(name => !guide.includes(`\`${name}\``) && !guide.includes(`\`${name}/\``))
  expect(unnamed).toEqual([])
})

test('the guide names every key of a recipe, and no other', () => {
  const keys = allKeys(recipeSchema).map(path => path.filter(part => typeof part === 'string'))
  const written = keys
    .filter(([top, inner, ...rest]) => !(top === 'evaluation' && inner === 'data' && rest.length > 0)) // as in data
    .map(path => (path[0] === 'data' && path.length > 1 ? path.slice(1) : path).join('.'))
  const tables = sectionOf('## A recipe, key by key', '## When a run is bad')
  const named = new Set(
    tables
      .split('\n')
      .filter(line => line.startsWith('| `'))
      .flatMap(line => [...line.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(match => match[1]!)),
  )
  expect([...named].sort()).toEqual([...new Set(written)].sort())
})

test('the defaults that the guide gives are those of the code', async () => {
  const file = join(work, 'shortest.yaml')
  const shortest = { model: { from: '.' }, stage: 2, data: [{ text: 'a.txt' }], batch: 1, steps: 1 }
  writeFileSync(file, JSON.stringify({ ...shortest, optimiser: { learningRate: 1 }, lora: undefined }))
  const recipe = await readRecipe(file)
  const { beta1, beta2, epsilon, decay, clip } = recipe.optimiser
  expect(guide).toContain(
    `| \`optimiser.beta1\`, \`optimiser.beta2\`, \`optimiser.epsilon\` | ${beta1}, ${beta2}, 1e-6 |`,
  )
  expect(epsilon).toBe(1e-6)
  const { checkpoints, packing, schedule, seed, objective, accumulation } = recipe
  const defaults: Readonly<Record<string, unknown>> = {
    ...{ objective, packing, accumulation, seed },
    'optimiser.decay': decay,
    'optimiser.clip': clip,
    'schedule.shape': schedule.shape,
    'schedule.warmup': schedule.warmup,
    'checkpoints.every': checkpoints.every,
    'checkpoints.keep': checkpoints.keep,
    'precision.frozen': recipe.precision.frozen,
    'precision.saved': recipe.precision.saved,
    'train.visionDecay': recipe.train.visionDecay,
  }
  for (const [key, value] of Object.entries(defaults)) {
    const said = typeof value === 'string' ? `\`${value}\`` : String(value)
    expect(guide).toContain(`| \`${key}\` | ${said} |`)
  }
})

test('the guide names every event, and every field of it', () => {
  const source = read('src/train/events.ts')
  const events = [...source.matchAll(/interface (\w+) \{(.*?)\n\}/gs)].flatMap(([, , body]) => {
    const type = /readonly type: '(\w+)'/.exec(body!)?.[1]
    const fields = [...body!.matchAll(/readonly (\w+)\??:/g)].map(match => match[1]!)
    return type === undefined ? [] : [{ type, fields: fields.filter(field => field !== 'type' && field !== 'time') }]
  })
  expect(events.length).toBeGreaterThan(6)
  const log = sectionOf('### The log', '### The folder of a run')
  for (const { type, fields } of events) {
    const row = log.split('\n').find(line => line.startsWith(`| \`${type}\` |`))
    expect(row, type).toBeDefined()
    expect(fields.filter(field => !row!.includes(`\`${field}\``))).toEqual([])
  }
})

test('the guide names every option of the command', async () => {
  const { buildProgram } = await import('../../src/cli/program.ts')
  const train = buildProgram().commands.find(command => command.name() === 'train')!
  const missing = train.options.filter(({ long }) => !guide.includes(long!)).map(({ long }) => long)
  expect(missing.filter(name => name !== '--debug')).toEqual([]) // which every command has
})

test('the messages that the guide explains are those of the program', () => {
  const sources = files.filter(path => path.startsWith('src/')).map(read)
  const rows = sectionOf('## When a run is bad', '## Many processes')
    .split('\n')
    .filter(line => line.startsWith('| `'))
  expect(rows.length).toBeGreaterThan(8)
  const messages = rows.map(row => /^\| `([^`]+)`/.exec(row)![1]!)
  expect(messages.filter(message => !sources.some(source => source.includes(message)))).toEqual([])
})

function sectionOf(start: string, end: string): string {
  const [from, to] = [guide.indexOf(start), guide.indexOf(end)]
  expect(Math.min(from, to)).toBeGreaterThan(0)
  return guide.slice(from, to)
}
