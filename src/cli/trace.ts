/** `qwen-vl trace`: every intermediate tensor of one reading in a file, and the first place where two readings part. */
import type { Command } from 'commander'
import type { TensorValue } from '../runtime/runtime.ts'
import { UsageError } from './failure.ts'
import { watchInterrupts } from './interrupt.ts'
import { checkOutput, engineOptions, fileOptions, modelOf, openPictures, showRemarks, showWaiting } from './opening.ts'
import {
  addModelOptions,
  addOutputOptions,
  collect,
  given,
  type ModelOptions,
  numberFrom,
  windowOption,
} from './options.ts'
import { readTrace, writeTrace } from './traceFile.ts'
import { makePrompt, type PromptOptions } from './tracePrompt.ts'

interface TraceOptions extends ModelOptions, PromptOptions {
  readonly image?: readonly string[]
  readonly out?: string
  readonly from?: string
  readonly compare?: string
  readonly tolerance: number
}

export function addTrace(program: Command): void {
  const command = program
    .command('trace')
    .description('Write every intermediate tensor of one reading to a file, or find where two readings part.')
    .option('--prompt-ids <ids>', 'tokens as they are, separated by commas; no tokenizer is needed')
    .option('--prompt <text>', 'a text as it stands, its special tokens read; pictures come before it')
    .option('--image <picture>', 'a picture for the next place in the prompt; can be given several times', collect)
    .option('--out <file>', 'where to write the tensors: a .safetensors file')
    .option('--compare <file>', 'compare with this trace, and end with status 1 where the two part')
    .option('--from <file>', 'compare this trace, instead of running a model')
    .option(
      '--tolerance <part>',
      'how far values may be apart, as a part of the largest value of a tensor',
      numberFrom(0, Number.MAX_VALUE),
      1e-4,
    )
    .addOption(windowOption())
  addModelOptions(command)
  addOutputOptions(command, 'print one JSON object: tokens, tensors, comparison')
    .addHelpText(
      'after',
      `
The tensors, in their order: pixels, vis.patch_embed, vis.patch_embed_pos, vis.ln_pre, vis.block.N, vis.resampler_kv,
vis.resampler_pos_k, vis.resampler_q, vis.resampler, vis.ln_post, vis.out, lm.embed, lm.rope_cos, lm.rope_sin, lm.input,
lm.layer.N, lm.ln_f, logits. Those that only one of two traces has are not compared.

Examples:
  qwen-vl trace --model Qwen/Qwen-VL-Chat --prompt "Describe it:" --image street.jpg --out trace.safetensors
  qwen-vl trace --model models/mine --prompt-ids 9707,1879 --out mine.safetensors
  qwen-vl trace --model models/mine --prompt-ids 9707,1879 --compare reference.safetensors
  qwen-vl trace --from mine.safetensors --compare reference.safetensors --tolerance 1e-3`,
    )
    .action(traceModel)
}

async function traceModel(options: TraceOptions): Promise<void> {
  checkCall(options)
  const { out, from, compare, tolerance, json } = options
  if (out !== undefined) await checkOutput(out, ['.safetensors'])
  const signal = watchInterrupts()
  // Read first: a wrong file should not cost the running of a model.
  const reference = compare === undefined ? undefined : await readTrace(compare)
  const { tensors, tokens } =
    from === undefined ? await runTrace(options, signal) : { tensors: await readTrace(from), tokens: undefined }
  signal.throwIfAborted()
  if (out !== undefined) await writeTrace(out, tensors, { model: modelOf(options), tokens: `${tokens}` }, signal)
  const { compareWith } = await import('./traceCompare.ts')
  const comparison =
    reference && compareWith({ ours: tensors, reference, file: compare as string, tolerance, print: !json })
  if (json) {
    const listed = Object.entries(tensors).map(([name, { shape }]) => ({ name, shape }))
    const { failure: _, ...told } = comparison ?? {}
    const object = { ...given({ tokens, out }), tensors: listed, ...(comparison && { comparison: told }) }
    process.stdout.write(`${JSON.stringify(object)}\n`)
  } else if (out !== undefined) {
    process.stdout.write(`${Object.keys(tensors).length} tensors of ${tokens?.length} tokens: ${out}\n`)
  }
  if (comparison?.failure) throw comparison.failure
}

/** Throws a UsageError for options that do not go together. */
function checkCall({ promptIds, prompt, image, out, from, compare, model }: TraceOptions): void {
  const refuse = (problem: string): never => {
    throw new UsageError(problem)
  }
  if (out === undefined && compare === undefined)
    refuse('there is nothing to do: add --out FILE to write the tensors, or --compare FILE to compare them')
  if (from !== undefined) {
    if (compare === undefined) refuse('--from needs --compare: it compares one trace with another')
    const others = { '--prompt-ids': promptIds, '--prompt': prompt, '--image': image, '--out': out, '--model': model }
    const other = Object.entries(others).find(([, value]) => value !== undefined)
    if (other) refuse(`--from takes a trace from a file, so ${other[0]} says nothing: leave one of them out`)
    return
  }
  if (promptIds === undefined && prompt === undefined)
    refuse('there is no prompt: add --prompt-ids 1,2,3 or --prompt TEXT')
  if (promptIds !== undefined && prompt !== undefined) refuse('there are two prompts: --prompt-ids and --prompt')
}

interface Traced {
  readonly tensors: Record<string, TensorValue>
  readonly tokens: readonly number[]
}

async function runTrace(options: TraceOptions, signal: AbortSignal): Promise<Traced> {
  const reference = modelOf(options)
  const pictures = await openPictures(options.image ?? [], signal)
  const { openModel } = await import('../generate/load.ts')
  const { trace } = await import('../generate/trace.ts')
  const { preprocess } = await import('../image/index.ts')
  const { openRuntime } = await import('../runtime/node.ts')
  await using opened = await openModel(reference, fileOptions(options))
  showRemarks(opened.remarks)
  const { config, load, weights } = opened
  const tokens = await makePrompt(opened, options, pictures.length)
  const size = config.visual.image_size
  const data = new Float32Array(pictures.length * 3 * size * size) // [pictures, 3, size, size]
  for (const [i, picture] of pictures.entries()) data.set(preprocess(picture, size), i * 3 * size * size)
  const pixels = pictures.length > 0 ? { pixels: { data, size, count: pictures.length } } : {}
  const done = showWaiting(`tracing ${reference} …`)
  try {
    await using runtime = await openRuntime(engineOptions(options))
    return { tensors: await trace(runtime, config, load, { tokens: [tokens], ...pixels }, weights.linear), tokens }
  } finally {
    done()
  }
}
