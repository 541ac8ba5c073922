/**
 * Shows that every way of training teaches: a tiny model learns captions and boxes of real pictures by heart, by the
 * command line, and is asked for them by the command line. Writes what came out to `docs/results/training-recall.md`.
 *
 *     npx tsx scripts/prove-learning.ts
 *
 * `test/train/recall.ts` says what is taught and how; `test/train/overfit.test.ts` holds the shorter part of it.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describeMachine, machineLine } from '../benchmarks/machine.ts'
import { root } from '../test/checkout.ts'
import { builtMain } from '../test/cli/built.ts'
import {
  type Command,
  first,
  type Lesson,
  type RecipeName,
  recall,
  second,
  teach,
  writeLessons,
} from '../test/train/recall.ts'

const target = join(root, 'docs/results/training-recall.md')
const folder = await mkdtemp(join(tmpdir(), 'learning-'))
const main = builtMain()
const begun = performance.now()
const commands: string[] = []

const command: Command = async (...args) => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], { cwd: folder, maxBuffer: 2 ** 28 })
  return stdout
}

const told: Command = (...args) => {
  commands.push(['qwen-vl', ...args].join(' '))
  return command(...args)
}

const rows: string[] = []
let failed = 0

/** Asks for a lesson, and notes how much of it is known. */
async function ask(way: string, lesson: Lesson, seconds: number | undefined, ...options: string[]): Promise<void> {
  const { right, asked, wrong } = await recall(command, folder, lesson, ...options)
  commands.push(`qwen-vl caption PICTURE --language LANGUAGE --greedy --json ${options.join(' ')}`)
  if (right < asked) failed++
  const time = seconds === undefined ? '–' : `${seconds.toFixed(0)} s`
  const captions = lesson.captions.length
  rows.push(
    `| ${way} | \`${options.join(' ')}\` | ${captions} + ${asked - captions} | ${time} | ${right} of ${asked} |`,
  )
  console.log(rows.at(-1))
  for (const line of wrong) console.log(`  ${line}`)
}

const learn = (name: RecipeName) => teach(told, name)
const run = (name: string, what: 'model' | 'adapter') => `runs/${name}/${what}`

try {
  await writeLessons(folder)
  const base = run('full', 'model')
  await ask('all parameters from nothing (stage 2)', first, await learn('full'), '--model', base)

  await ask('LoRA', second, await learn('lora'), '--model', base, '--adapter', run('lora', 'adapter'))
  await told('merge', run('lora', 'adapter'), '--into', base, '--out', 'merged')
  await ask('LoRA, merged', second, undefined, '--model', 'merged')

  await ask('all but the vision tower (stage 3)', second, await learn('further'), '--model', run('further', 'model'))

  const rounded = ['--model', base, '--weights', 'int4', '--adapter', run('qlora', 'adapter')]
  await ask('Q-LoRA beside a model rounded to 4 bits', second, await learn('qlora'), ...rounded)

  await told(
    ...['quantize', base, '--out', 'int4'],
    ...['--calibration', 'first-captions.jsonl', '--calibration', 'first-boxes.jsonl'],
  )
  const adapter = run('qlora-int4', 'adapter')
  const seconds = await learn('qlora-int4')
  await ask('Q-LoRA over an Int4 checkpoint', second, seconds, '--model', 'int4', '--adapter', adapter)
  await told('merge', adapter, '--into', 'int4', '--out', 'merged-int4')
  await ask('the same, merged into the Int4 checkpoint', second, undefined, '--model', 'merged-int4')
  await writeReport()
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exitCode = failed > 0 ? 1 : 0

async function writeReport(): Promise<void> {
  const minutes = ((performance.now() - begun) / 60_000).toFixed(0)
  await mkdir(join(target, '..'), { recursive: true })
  await writeFile(
    target,
    `# What a tiny model learns by heart

\`npx tsx scripts/prove-learning.ts\`, ${minutes} minutes in all, on a machine shared with others:
${machineLine(describeMachine())}.

A model of 1.3 million parameters (2 layers in the language model, 2 in the vision tower, pictures of 112 pixels) is taught
captions in English and Chinese and boxes of photographs of \`examples/training/\`, and asked for them greedily. An answer
counts where it is exactly what was taught: every character of a caption, every coordinate of a box, and where it ends.
The first lesson has three pictures, the second two others. \`test/train/recall.ts\` has lessons and recipes.

| how it learnt | asked with | captions + boxes | training | exactly right |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

The Int4 checkpoint was made of the model of the first line by \`qwen-vl quantize\`, in the layout of the published one.

## The commands

\`\`\`text
${commands.join('\n')}
\`\`\`

Beside each \`caption\` go questions of the form \`qwen-vl locate PICTURE LABEL\` with the same options.
`,
  )
}
