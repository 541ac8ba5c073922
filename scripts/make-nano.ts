/**
 * Makes nano from nothing: its corpus, its five runs in the order of the paper, and the figures after each, as
 * `recipes/nano/README.md` tells. What an earlier call has done is not done again, and what it was in the middle of goes
 * on, so it may be ended at any time.
 *
 *     npm run build && npx tsx scripts/make-nano.ts [corpus|train|evaluate]
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../test/checkout.ts'

/** Parts of the corpus, and what makes each. */
const corpus = {
  names: 'scenes',
  captions: 'scenes',
  scenes: 'scenes',
  words: 'text',
  documents: 'documents',
  dialogues: 'scenes',
  pairs: 'scenes',
  reading: 'text',
  pages: 'documents',
} as const
const runs = ['contrastive', 'language', 'pretrain', 'multitask', 'instruct'] as const
/** Runs whose models can be asked. */
const judged = ['pretrain', 'multitask', 'instruct'] as const
const parts = ['corpus', 'train', 'evaluate'] as const

const [only] = process.argv.slice(2)
if (only !== undefined && !parts.some(part => part === only)) {
  console.error(`usage: npx tsx scripts/make-nano.ts [${parts.join('|')}]`)
  process.exit(2)
}
const wanted = (part: (typeof parts)[number]) => only === undefined || only === part

const main = join(root, 'dist/cli/main.js')
if (!existsSync(main)) {
  console.error('dist/ is missing: run "npm run build" first')
  process.exit(1)
}

/** One command, with all that it prints; ends this program with its status where it fails. */
async function command(...args: string[]): Promise<void> {
  console.log(`\n$ qwen-vl ${args.join(' ')}`)
  const begun = performance.now()
  const status = await new Promise<number>(resolve => {
    const child = spawn(process.execPath, [main, ...args], { cwd: root, stdio: 'inherit' })
    child.on('close', code => resolve(code ?? 1))
  })
  if (status !== 0) process.exit(status)
  console.log(`(${((performance.now() - begun) / 60_000).toFixed(1)} minutes)`)
}

if (wanted('corpus')) {
  for (const [part, kind] of Object.entries(corpus)) {
    await command('corpus', 'make', kind, `recipes/nano/corpus/${part}.yaml`, '--out', `runs/nano/corpus/${part}`)
  }
}
if (wanted('train')) {
  for (const run of runs) {
    if (existsSync(join(root, `runs/nano/${run}/model`))) console.log(`${run} has ended already`)
    else await command('train', `recipes/nano/${run}.yaml`)
  }
}
if (wanted('evaluate')) {
  const earlier: string[] = []
  for (const run of judged) {
    const out = `runs/nano/scores/${run}`
    const beside = earlier.flatMap(table => ['--beside', table])
    const last = run === judged.at(-1)
    await command(
      ...['evaluate', 'nano-bench', '--model', `runs/nano/${run}/model`, '--out', out],
      ...(last ? ['--baselines', ...beside] : []),
    )
    earlier.push(`${out}/table.json`)
  }
}
