/** `qwen-vl corpus materials`: gets what pictures are made of ahead of time, and says whose work it is. */
import type { Command } from 'commander'
import { InterruptedError } from './failure.ts'
import { watchInterrupts } from './interrupt.ts'
import { addOutputOptions, type OutputOptions } from './options.ts'

interface MaterialsCommandOptions extends OutputOptions {
  readonly materials?: string
}

export function addCorpusMaterials(corpus: Command): void {
  const command = corpus
    .command('materials')
    .description('Get what pictures are made of (icons, fonts, backgrounds), and print whose work it is.')
    .option('--materials <folder>', 'where to keep them (default: QWEN_VL_MATERIALS, else the cache of the user)')
  addOutputOptions(command, 'print every event as one line of JSON, the attribution last')
    .addHelpText(
      'after',
      `
They come from the npm registry, each at one version whose content is checked. "qwen-vl corpus make" gets what is missing
by itself; this is for machines that will have no network then.

Examples:
  qwen-vl corpus materials
  qwen-vl corpus materials --materials /data/materials`,
    )
    .action(getMaterials)
}

async function getMaterials({ materials, json }: MaterialsCommandOptions): Promise<void> {
  const { fetchMaterials } = await import('../corpus/materials/fetchPackages.ts')
  const { attributionText } = await import('../corpus/materials/attribution.ts')
  const signal = watchInterrupts()
  const say = (message: string) =>
    json
      ? process.stdout.write(`${JSON.stringify({ type: 'materials', message })}\n`)
      : process.stderr.write(`${message}\n`)
  try {
    await fetchMaterials({ ...(materials !== undefined && { folder: materials }), signal, onProgress: say })
  } catch (error) {
    if (error instanceof InterruptedError) error.message = 'cancelled: the same command goes on where this one ended'
    throw error
  }
  const text = attributionText()
  process.stdout.write(json ? `${JSON.stringify({ type: 'done', attribution: text })}\n` : text)
}
