/** What a command opens before it asks: pictures first, since a wrong path should not cost the loading of a model. */
import { stat } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import type { QwenVL } from '../generate/qwenVL.ts'
import type { Picture, RawPixels } from '../image/index.ts'
import type { RuntimeOptions } from '../runtime/runtime.ts'
import { UsageError } from './failure.ts'
import { type GenerationOptions, given, type ModelOptions } from './options.ts'

/** The model that a command was told to load. Throws a UsageError that says how to get one. */
export function modelOf({ model }: Pick<ModelOptions, 'model'>): string {
  if (model !== undefined) return model
  throw new UsageError(
    'no model was named: add --model with a folder or a name; "qwen-vl pull Qwen/Qwen-VL-Chat" downloads one, and then --model Qwen/Qwen-VL-Chat loads it',
  )
}

/** The options of an engine. Ctrl-C is heard between two steps of it, or at once where it has a thread of its own. */
export const engineOptions = ({ device, threads }: ModelOptions): RuntimeOptions => ({ device, ...given({ threads }) })

/** Loads the model. The caller disposes of it. */
export async function openModelFor(options: ModelOptions & GenerationOptions): Promise<QwenVL> {
  const reference = modelOf(options)
  const { QwenVL } = await import('../generate/qwenVL.ts')
  const { window } = options
  const done = showWaiting(`loading ${reference} …`)
  const model = await QwenVL.load(reference, {
    ...engineOptions(options),
    ...fileOptions(options),
    ...given({ window }),
  }).finally(done)
  showRemarks(model.remarks)
  return model
}

/** The options that say what a model is made of. */
export const fileOptions = ({ cache, weights, adapter }: ModelOptions) => given({ cache, weights, adapter })

/** Says on standard error what came out other than asked: a fallback is never silent. */
export function showRemarks(remarks: readonly string[]): void {
  for (const remark of remarks) process.stderr.write(`(${remark})\n`)
}

/** Says what is waited for, on terminals only, until the returned function is called. */
export function showWaiting(what: string): () => void {
  const { stderr } = process
  if (!stderr.isTTY) return () => {}
  stderr.write(what)
  return () => void stderr.write('\r\u001b[K')
}

/** Decodes pictures, from files and addresses. Throws a PictureError for the first that is none. */
export async function openPictures(paths: readonly string[], signal: AbortSignal): Promise<Picture[]> {
  const { decode, ownMachine } = await import('../image/index.ts')
  const pictures: Picture[] = []
  for (const path of paths) pictures.push(await decode(path, { allow: ownMachine, signal }))
  return pictures
}

/** A decoded picture as the library takes it. */
export const pixelsOf = ({ rgb, width, height }: Picture): RawPixels => ({ data: rgb, width, height, channels: 3 })

/** Throws unless a file could be written there; a UsageError if it would be of none of these kinds. */
export async function checkOutput(path: string, extensions: readonly string[]): Promise<void> {
  if (!extensions.includes(extname(path).toLowerCase())) {
    const kinds = extensions.join(', ').replace(/, ([^,]*)$/, ' or $1')
    throw new UsageError(`"${path}" must end in ${kinds}`)
  }
  const isFolder = (place: string) =>
    stat(place).then(
      info => info.isDirectory(),
      () => undefined,
    )
  if (await isFolder(path)) throw new Error(`${path} is a folder: name a file`)
  if (!(await isFolder(dirname(path)))) throw new Error(`there is no folder ${dirname(path)} to write ${path} into`)
}

/** Kinds of files that boxes can be drawn to. */
export const drawings = ['.png', '.jpg', '.jpeg', '.svg'] as const
