/**
 * Kills runs of `qwen-vl train` twenty times, at random moments and in the middle of writing files, goes on each time by
 * the same command, and compares all losses and the finished models with those of runs that nobody disturbed. Then fills
 * a real disk. Writes `docs/results/training-resumption.md`; ends with status 1 where anything differs.
 *
 *     npx tsx scripts/prove-resumption.ts [seed]
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../src/generate/sampling.ts'
import { root } from '../test/checkout.ts'
import { builtMain } from '../test/cli/built.ts'
import { bytesOf, eventsOf, namesIn, type RecipeKeys, stepsOf, writeRecipe } from '../test/train/run/tinyRun.ts'

const seed = Number(process.argv[2] ?? 1)
const random = seededRandom(seed)
const upTo = (most: number) => 1 + Math.floor(random() * most)
const main = builtMain()
const folder = mkdtempSync(join(tmpdir(), 'resumption-'))
const small = join(root, 'recipes/small')
const data = join(root, 'examples/training')

const shared: RecipeKeys = {
  model: {
    config: join(small, 'config.json'),
    tokenizer: join(small, 'qwen.tiktoken'),
    vision: 'random',
    adapter: 'random',
    language: 'random',
  },
  batch: 4,
  accumulation: 2,
  steps: 24,
  checkpoints: { every: 2, keep: 2 },
}

interface Case {
  readonly name: string
  readonly what: string
  readonly kills: number
  readonly keys: RecipeKeys
  /** What the run makes, and files whose writing is disturbed too. */
  readonly product: 'model' | 'adapter'
}

const cases: readonly Case[] = [
  {
    name: 'adapter',
    what: 'LoRA with dropout 0.1, rows packed by task from three sources, accumulation 2, evaluation',
    kills: 7,
    product: 'adapter',
    keys: {
      ...shared,
      stage: undefined,
      lora: { rank: 8, dropout: 0.1 },
      sequence: 128,
      packing: 'same-task',
      data: [
        { pairs: join(data, 'captions.jsonl'), weight: 2 },
        { boxes: join(data, 'boxes.jsonl') },
        { text: join(data, 'texts.txt') },
      ],
      evaluation: { data: [{ pairs: join(data, 'captions.jsonl') }], every: 5, samples: 8 },
    },
  },
  {
    name: 'instruct',
    what: 'stage 3 with kept features of pictures, a conversation a row, accumulation 2, evaluation',
    kills: 7,
    product: 'model',
    keys: {
      ...shared,
      stage: 3,
      sequence: 256,
      packing: 'none',
      data: [{ conversations: join(data, 'conversations.json') }],
      evaluation: { data: [{ conversations: join(data, 'conversations.json') }], every: 5, samples: 8 },
    },
  },
  {
    name: 'multitask',
    what: 'stage 2 with recomputed activations, mixed rows of two sources, accumulation 2',
    kills: 6,
    product: 'model',
    keys: {
      ...shared,
      stage: 2,
      recompute: true,
      sequence: 128,
      packing: 'mixed',
      data: [{ pairs: join(data, 'captions.jsonl') }, { boxes: join(data, 'boxes.jsonl') }],
    },
  },
]

interface Ending {
  readonly signal: NodeJS.Signals | null
  readonly status: number | null
  readonly stderr: string
  readonly milliseconds: number
}

const at = (name: string) => join(folder, 'runs', name)

/** Runs a recipe; killed after so many milliseconds, or at a file operation, where that is wanted. */
async function train(name: string, kill: { after?: number; path?: string; count?: number } = {}): Promise<Ending> {
  const preload = kill.path === undefined ? [] : ['--import', join(root, 'test/train/run/endedAt.mjs')]
  const env = { ...process.env, END_BY: 'kill', END_AT: kill.path ?? '', END_COUNT: `${kill.count ?? 0}` }
  const begun = performance.now()
  const child = spawn(process.execPath, [...preload, main, 'train', `${name}.yaml`], { cwd: folder, env })
  let stderr = ''
  child.stdout.resume()
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const over = new Promise<Ending>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, stderr, milliseconds: performance.now() - begun }))
  })
  if (kill.after !== undefined) {
    const timer = new AbortController()
    void over.finally(() => timer.abort())
    await sleep(kill.after, undefined, { signal: timer.signal }).catch(() => {})
    child.kill('SIGKILL')
  }
  return over
}

interface Kill {
  readonly run: string
  readonly how: string
  readonly logged: number
  readonly left: string
  from: number
}

const kills: Kill[] = []
const results: string[] = []
let isWrong = false

function judge(what: string, holds: boolean): void {
  if (!holds) isWrong = true
  results.push(`- ${what}: ${holds ? 'the same' : '**different**'}`)
}

/** A way to kill, and in words: the last two hit the finished model, those before come anywhere on the way to it. */
function chooseKill({ product }: Case, whole: number, saved: number, isLast: boolean) {
  if (isLast) {
    const count = upTo(8)
    const how = `before operation ${count} on files of ${product}/`
    return { kill: { path: `${product}(\\.partial|$)`, count }, how }
  }
  if (random() < 0.5) {
    const after = Math.round((0.3 + 0.4 * random()) * whole)
    return { kill: { after }, how: `after ${(after / 1000).toFixed(2)} s` }
  }
  const step = `step-${String(saved + 2 * upTo(3)).padStart(6, '0')}`
  const count = upTo(40)
  return { kill: { path: step, count }, how: `before operation ${count} on files of ${step}/` }
}

/** The step of the last checkpoint; 0 where there is none. */
const savedBy = (name: string) =>
  Math.max(
    0,
    ...namesIn(join(at(name), 'checkpoints')).flatMap(file => (/^step-\d+$/.test(file) ? Number(file.slice(5)) : [])),
  )

async function prove(each: Case): Promise<void> {
  const { name, product, keys } = each
  const undisturbed = `${name}-undisturbed`
  await writeRecipe(folder, undisturbed, keys)
  await writeRecipe(folder, name, keys)
  const { status, stderr, milliseconds } = await train(undisturbed)
  if (status !== 0) throw new Error(stderr)
  let waiting: Kill | undefined
  for (let done = 0; done < each.kills; ) {
    const isLast = done >= each.kills - 2 || namesIn(at(name)).includes(product)
    const { kill, how } = chooseKill(each, milliseconds, savedBy(name), isLast)
    const { signal, stderr, status } = await train(name, kill)
    if (signal !== 'SIGKILL' && status !== 0) throw new Error(stderr)
    const events = namesIn(at(name)).includes('events.jsonl') ? eventsOf(at(name)) : []
    const start = events.findLast(event => event.type === 'start')
    if (waiting && start) waiting.from = start.from
    waiting = undefined
    if (signal !== 'SIGKILL') continue
    done++
    const partial = [...namesIn(at(name)), ...namesIn(join(at(name), 'checkpoints'))].filter(name =>
      /partial|removed|tmp-/.test(name),
    )
    const logged = events.findLast(event => event.type === 'step')?.step ?? 0
    waiting = { run: name, how, logged, left: partial.join(', ') || 'nothing', from: 0 }
    kills.push(waiting)
    process.stderr.write(`${kills.length}: ${name} ${how}, at step ${logged}\n`)
  }
  const last = await train(name)
  if (last.status !== 0) throw new Error(last.stderr)
  const start = eventsOf(at(name)).findLast(event => event.type === 'start')
  if (waiting && start) waiting.from = start.from
  compare(name, undisturbed, product, `${each.what}: ${each.kills} kills`)
}

function compare(name: string, undisturbed: string, product: string, what: string): void {
  results.push('', what, '')
  const [steps, wanted] = [stepsOf(at(name)), stepsOf(at(undisturbed))]
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
  const sorted = (map: typeof steps) => [...map].sort(([one], [other]) => one - other)
  judge(
    `losses, by task, gradient norms and learning rates of ${wanted.size} steps`,
    same(sorted(steps), sorted(wanted)),
  )
  const files = bytesOf(join(at(undisturbed), product))
  judge(`${product}/, ${Object.keys(files).length} files`, same(bytesOf(join(at(name), product)), files))
  const names = (run: string) => [namesIn(at(run)), namesIn(join(at(run), 'checkpoints'))]
  judge('names of files in the folder of the run', same(names(name), names(undisturbed)))
}

/** A file system of its own that is too small for the second checkpoint, and grows later. */
async function fillDisk(): Promise<void> {
  const name = 'full'
  const { keys } = cases[2] as Case
  await writeRecipe(folder, name, { ...keys, steps: 6 })
  await writeRecipe(folder, 'roomy', { ...keys, steps: 6 })
  mkdirSync(at(name), { recursive: true })
  const run = `"${process.execPath}" "${main}" train`
  const script = `
    mount -t tmpfs -o size=64m tmpfs "${at(name)}" || exit 77
    ${run} full.yaml --force 2> full.log; echo "status $?"; ls "${at(name)}/checkpoints"; ls "${at(name)}"
    mount -o remount,size=1g "${at(name)}"
    ${run} full.yaml 2> again.log > /dev/null; echo "status $?"
    cp -r "${at(name)}" "${at(name)}-copy"; ${run} roomy.yaml 2> /dev/null > /dev/null`
  const { stdout, status } = spawnSync('unshare', ['-rm', 'sh', '-c', script], { cwd: folder, encoding: 'utf8' })
  if (status === 77 || status === null) {
    results.push('', 'A real full disk: not tried, since this machine lets nobody mount a small one.')
    return
  }
  const said = readFileSync(join(folder, 'full.log'), 'utf8').trim().split('\n').at(-1)?.replaceAll(folder, '…')
  results.push('', '## A disk that is full', '', 'A file system of 64 MB, then of 1 GB; stage 2, six steps.', '')
  results.push('```', `${said}`, ...stdout.trim().split('\n'), '```')
  compare(`${name}-copy`, 'roomy', 'model', 'The run that went on once there was room:')
}

const git = (...words: string[]) => spawnSync('git', words, { cwd: root, encoding: 'utf8' }).stdout.trim()

try {
  for (const each of cases) await prove(each)
  await fillDisk()
  const date = new Date().toISOString().slice(0, 10)
  const [cpu] = cpus()
  const text = [
    '# Training that is killed goes on',
    '',
    `\`npx tsx scripts/prove-resumption.ts ${seed}\` on ${date}, ${cpu?.model.trim()} (${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB), Node ${process.version.slice(1)}, on top of commit ${git('rev-parse', '--short', 'HEAD')}.`,
    '',
    'Three runs of 24 steps of the small model of `recipes/small` were killed by SIGKILL, at random moments and just before',
    'a file operation drawn at random while checkpoints and finished models were written, and started again by the same',
    'command until they were through. A kill before the first checkpoint starts at step 0 again.',
    '',
    '## Twenty kills',
    '',
    '| kill | run | how | last step in the log | half-written files | went on from step |',
    '| --- | --- | --- | --- | --- | --- |',
    ...kills.map(({ run, how, logged, left, from }, i) => `| ${[i + 1, run, how, logged, left, from].join(' | ')} |`),
    '',
    '## Beside runs that nobody disturbed, bit for bit',
    ...results,
    '',
  ].join('\n')
  mkdirSync(join(root, 'docs/results'), { recursive: true })
  writeFileSync(join(root, 'docs/results/training-resumption.md'), text)
  process.stderr.write(text)
  if (isWrong) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
