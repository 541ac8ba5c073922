/** What --plan says beside what a run then takes, and that a run too large for a machine does not begin. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { RunPlan } from '../../../src/train/plan.ts'
import { readRecipe } from '../../../src/train/recipe/index.ts'
import { root } from '../../checkout.ts'
import { publishedConfig } from '../../checkpoint/published.ts'
import { run, testFolder } from '../../cli/process.ts'
import { eventsOf, namesIn, prepare, writeRecipe } from './tinyRun.ts'
import { trainBy } from './trainBy.ts'

const folder = testFolder()

beforeAll(() => prepare(folder))

test('the recipe of the paper does not fit here: --plan and the run say what is missing and what helps', async () => {
  const config = join(folder, 'config.json')
  await writeFile(config, JSON.stringify(publishedConfig))
  const recipe = join(root, 'recipes/pretrain.yaml')
  const args = ['train', recipe, '--set', `model.config=${config}`, '--out', join(folder, 'runs/paper')]
  const planned = await run([...args, '--plan'], { folder })
  expect(planned.status).toBe(1)
  expect(planned.stdout).toContain('of 9,656,935,168 parameters are trained')
  expect(planned.stdout).toMatch(
    /It does not fit: it needs [\d.]+ [GT]B of memory, and [\d.]+ [MG]B are there; most is for/,
  )
  expect(planned.stdout).toMatch(/What helps: recompute: true, a greater accumulation, LoRA/)
  expect(planned.stderr).toBe('qwen-vl: the run does not fit into this machine\n')

  const begun = await run(args, { folder })
  expect(begun.status).toBe(1)
  expect(begun.stderr).toMatch(
    /qwen-vl: it needs [\d.]+ [GT]B of memory.* --plan shows the figures, --force begins anyway\n$/,
  )
  expect(namesIn(join(folder, 'runs/paper'))).toEqual([])
})

test('the peak that is planned is that of the run, to a factor of two', async () => {
  const keys = { stage: 2, sequence: 256, packing: 'mixed', batch: 96, steps: 2, checkpoints: { every: 9 } }
  const recipe = await writeRecipe(folder, 'large', keys)
  const { stdout, stderr, status } = await run(['train', recipe, '--plan', '--json'], { folder })
  expect(status, stderr).toBe(0)
  const { peak, memory } = JSON.parse(stdout) as RunPlan
  expect(memory.find(({ what }) => what === 'activations')?.bytes).toBeGreaterThan(peak / 2)
  const over = await trainBy({ folder }, 'large', keys)
  expect(over.status, over.stderr).toBe(0)
  const steps = eventsOf(join(folder, 'runs/large')).filter(event => event.type === 'step')
  const measured = Math.max(...steps.map(({ memory }) => memory))
  expect(measured).toBeLessThan(2 * peak)
  expect(measured).toBeGreaterThan(peak / 2)
})

test.for(['contrastive', 'language', 'pretrain', 'multitask'] as const)(
  'the small %s recipe can be planned without the models that it begins with',
  async name => {
    const recipe = join(root, `recipes/small/${name}.yaml`)
    const { planRun } = await import('../../../src/train/plan.ts')
    const parts = name === 'multitask' ? { model: join(folder, 'model') } : {}
    const { problems, peak } = await planRun(await readRecipe(recipe, { ...parts, out: join(folder, 'runs', name) }))
    expect(problems).toEqual([])
    expect(peak).toBeLessThan(2e9)
  },
)
