/** Every command of docs/corpus.md, run as it stands, with the recipe that the page shows. */
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { mixRecipeSchema } from '../../src/corpus/mix/mixRecipe.ts'
import { allKeys } from '../../src/corpus/recipe/keys.ts'
import { parseYaml } from '../../src/corpus/recipe/yaml.ts'
import { corpusKinds, recipeSchemaOf } from '../../src/corpus/shards/makers.ts'
import { read, root } from '../checkout.ts'
import { type Ended, ended, environmentOf, nodeArguments, testFolder } from './process.ts'

const guide = read('docs/corpus.md')
const blocksOf = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(match => match[1]!)
const folder = testFolder()
const work = join(folder, 'work')
const programs = join(folder, 'programs')

beforeAll(() => {
  for (const made of [work, programs]) mkdirSync(made)
  cpSync(join(root, 'examples/training'), join(work, 'examples/training'), { recursive: true })
  for (const block of blocksOf('yaml')) writeFileSync(join(work, /^# (\w+\.yaml)/.exec(block)![1]!), block)
  const words = [process.execPath, ...nodeArguments()].map(word => `'${word}'`).join(' ')
  writeFileSync(join(programs, 'qwen-vl'), `#!/bin/sh\nexec ${words} "$@"\n`)
  chmodSync(join(programs, 'qwen-vl'), 0o755)
})

function runBlock(block: string): Promise<Ended> {
  const environment = { PATH: [programs, process.env['PATH']].join(delimiter) }
  const child = spawn('bash', ['-euo', 'pipefail', '-c', block], {
    cwd: work,
    env: environmentOf({ folder, environment }),
  })
  child.stdin.end()
  return ended(child)
}

test.each(blocksOf('sh').map(block => [block.split('\n')[0], block] as const))('%s', async (_, block) => {
  const { status, stdout, stderr } = await runBlock(block)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/samples/)
})

test('the files that the guide makes are there afterwards', () => {
  expect(readdirSync(work).sort()).toEqual(
    ['boxes.html', 'corpus', 'counts.json', 'examples', 'mix.yaml', 'page.html', 'scenes.yaml'].sort(),
  )
  expect(JSON.parse(readFileSync(join(work, 'counts.json'), 'utf8'))).toMatchObject({ samples: 80, refused: 0 })
})

test('the guide names every command of the group, and every option', async () => {
  const { buildProgram } = await import('../../src/cli/program.ts')
  const { commands } = buildProgram().commands.find(command => command.name() === 'corpus')!
  expect(commands.length).toBeGreaterThan(3)
  for (const command of commands) {
    expect(guide).toContain(`qwen-vl corpus ${command.name()}`)
    const flags = command.options.map(({ short, long }) => short ?? long!)
    expect(flags.filter(flag => !guide.includes(flag) && flag !== '--debug')).toEqual([]) // which every command has
  }
})

test('the table of keys for mixing has all of them', () => {
  const keys = allKeys(mixRecipeSchema).map(path => path.filter(part => typeof part === 'string'))
  const own = keys.filter(([top, ...inner]) => top !== 'data' || inner.length === 0).map(path => path.join('.'))
  const missing = own.filter(key => !guide.includes(`| \`${key}\` |`) && key !== 'split')
  expect(missing).toEqual([])
})

test.each(corpusKinds)('the tables of keys have all that a recipe of %s may say', async kind => {
  const keys = allKeys(await recipeSchemaOf(kind)).map(path => path.join('.'))
  const named = [...guide.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(row =>
    [...row[1]!.matchAll(/`([^`]+)`/g)].map(([, key]) => key!),
  )
  // Weights stand with what they are weights of, and parts of a group for the group.
  const isNamed = (key: string) =>
    named.some(each => each === key || key.startsWith(`${each}.`) || each.startsWith(`${key}.`))
  expect(keys.filter(key => !isNamed(key))).toEqual([])
})

test('a recipe of the page is a recipe', async () => {
  const { contents } = parseYaml(readFileSync(join(work, 'scenes.yaml'), 'utf8'), 'scenes.yaml')
  const { count, ...recipe } = contents as Record<string, unknown>
  expect(count).toBe(200)
  expect((await recipeSchemaOf('scenes')).safeParse(recipe).success).toBe(true)
})
