/** `qwen-vl pull`: downloads a model, and shows how far it is. */
import { type Command, Option } from 'commander'
import type { HubName } from '../checkpoint/hub/hubs.ts'
import type { PullEvent } from '../checkpoint/hub/pull.ts'
import { formatBytes } from '../checkpoint/storedType.ts'
import { InterruptedError } from './failure.ts'
import { watchInterrupts } from './interrupt.ts'
import { addOutputOptions, given, type OutputOptions, wholeNumber } from './options.ts'

interface PullCommandOptions extends OutputOptions {
  readonly endpoint?: string
  readonly revision?: string
  readonly cache?: string
  readonly hub?: HubName
  readonly retries?: number
}

export function addPull(program: Command): void {
  const command = program
    .command('pull')
    .description('Download a model into the cache. What an earlier pull has begun is gone on with.')
    .argument('<name>', 'owner/name on the hub, such as Qwen/Qwen-VL-Chat')
    .option('--endpoint <url>', 'a mirror of the hub (default: HF_ENDPOINT, else the hub itself)')
    .option('--revision <revision>', 'a branch, a tag or a commit (default: the main branch)')
    .option('--cache <folder>', 'where to keep it (default: the cache of Hugging Face tools)')
    .addOption(new Option('--hub <hub>', 'where the model is published').choices(['huggingface', 'modelscope']))
    .option('--retries <n>', 'try again so often when the connection fails (default: 5)', wholeNumber(0))
  addOutputOptions(command, 'print every event as one line of JSON')
    .addHelpText(
      'after',
      `
Only data is fetched, never programs. A model that needs a token finds it in HF_TOKEN.

Examples:
  qwen-vl pull Qwen/Qwen-VL-Chat
  qwen-vl pull Qwen/Qwen-VL-Chat --endpoint https://hf-mirror.com
  qwen-vl pull Qwen/Qwen-VL-Chat --hub modelscope --cache /data/models`,
    )
    .action(pullModel)
}

async function pullModel(name: string, options: PullCommandOptions): Promise<void> {
  const { pull } = await import('../checkpoint/hub/pull.ts')
  const { endpoint, revision, cache, hub, retries } = options
  const signal = watchInterrupts()
  const show = options.json ? showJson : process.stderr.isTTY ? await showBar() : showLines()
  try {
    for await (const event of pull(name, { ...given({ endpoint, revision, cache, hub, retries }), signal })) show(event)
  } catch (error) {
    show('stopped')
    if (error instanceof InterruptedError) error.message = 'cancelled: the same command goes on where this one ended'
    throw error
  }
}

/** Shows an event, or that there will be no more. */
type Show = (event: PullEvent | 'stopped') => void

const print = (line: string) => void process.stdout.write(`${line}\n`)

const showJson: Show = event => {
  if (event !== 'stopped') print(JSON.stringify(event))
}

/** Lines of progress come at most so often. */
const LINE_EVERY_MS = 5000

/** For logs and pipes: one line for each thing that happens, and now and then how far it is. */
function showLines(): Show {
  let last = performance.now()
  return event => {
    if (event === 'stopped') return
    if (event.type === 'progress') {
      if (performance.now() - last < LINE_EVERY_MS) return
      last = performance.now()
      return print(`${formatBytes(event.done)} of ${formatBytes(event.bytes)} (${percent(event)})`)
    }
    for (const line of linesOf(event)) print(line)
  }
}

const percent = ({ done, bytes }: { done: number; bytes: number }) => `${Math.floor((100 * done) / bytes)}%`

/** What is said of everything but progress. */
function linesOf(event: Exclude<PullEvent, { type: 'progress' }>): string[] {
  switch (event.type) {
    case 'plan': {
      const { repository, revision, commit, files, bytes, missingBytes } = event
      const size = `${files.length} files, ${formatBytes(bytes)}`
      const there = bytes - missingBytes
      return [
        `${repository} at ${revision}${commit === revision ? '' : ` (${commit.slice(0, 12)})`}: ${size}`,
        ...(missingBytes > 0 && there > 0
          ? [`going on with an earlier pull: ${formatBytes(there)} are there, ${formatBytes(missingBytes)} to go`]
          : []),
      ]
    }
    case 'file':
      return [`${event.path} (${formatBytes(event.bytes)})`]
    case 'retry':
      return [`${event.reason}; attempt ${event.attempt + 1} in ${Math.round(event.delayMs / 1000)} s`]
    case 'done':
      return event.downloadedBytes === 0
        ? [`everything is there already: ${event.folder}`]
        : [`${formatBytes(event.downloadedBytes)} downloaded: ${event.folder}`]
    default:
      return event satisfies never
  }
}

/** For terminals: the same lines on standard output, but one bar on standard error for the files. */
async function showBar(): Promise<Show> {
  const { default: progress } = await import('cli-progress')
  const bar = new progress.SingleBar({
    format: '{bar} {percentage}% of {size}, {eta_formatted} to go  {file}',
    barsize: 30,
    hideCursor: true,
    gracefulExit: false,
    stream: process.stderr,
    etaBuffer: 50,
  })
  let isShown = false
  const stop = () => {
    if (isShown) bar.stop()
    isShown = false
  }
  return event => {
    if (event === 'stopped') return stop()
    if (event.type === 'file') {
      if (isShown) bar.update({ file: event.path })
      return
    }
    if (event.type === 'progress') {
      if (isShown) bar.update(event.done, { file: event.path })
      return
    }
    if (event.type === 'done') stop()
    for (const line of linesOf(event)) print(line)
    if (event.type === 'plan' && event.missingBytes > 0) {
      bar.start(event.bytes, event.bytes - event.missingBytes, { size: formatBytes(event.bytes), file: '' })
      isShown = true
    }
  }
}
