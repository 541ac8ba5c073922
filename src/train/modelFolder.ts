/**
 * The folder of a model that is made from another (merged, quantised): whether it may be written, what goes beside the
 * tensors, and its appearing whole or not at all. Knows no tensors.
 */
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { CheckpointError } from '../checkpoint/index.ts'

/** Beside the tensors: what was done to the source, and how. A folder that has its report was made by the same work. */
const reports = { merged: 'merge.json', quantised: 'quantize.json' } as const

/** What is done to the source. */
export type Making = keyof typeof reports

/** The name of the report. */
export const reportOf = (making: Making): string => reports[making]

/**
 * Throws a CheckpointError unless the folder is new, empty, or may be replaced: it was made by the same work, or `force`
 * says so and it holds a model. `sources` are folders that must not be lost with it.
 */
export async function checkOut(
  out: string,
  making: Making,
  { force, sources }: { readonly force: boolean; readonly sources: readonly string[] },
): Promise<void> {
  const info = await stat(out).catch(() => undefined)
  if (info === undefined) return
  if (!info.isDirectory()) throw new CheckpointError(`${out} is a file: name a folder for the ${making} model`)
  const names = await readdir(out)
  if (names.length === 0) return
  const place = await realpath(out)
  for (const source of sources) {
    const way = relative(place, await realpath(source))
    if (!way.startsWith('..') && !isAbsolute(way))
      throw new CheckpointError(`${out} holds ${source}, which is being ${making}: name another folder`)
  }
  if (names.includes(reports[making])) return
  if (!force)
    throw new CheckpointError(`${out} is not empty: name another folder, or replace what is there with --force`)
  if (!names.includes('config.json'))
    throw new CheckpointError(
      `${out} is not empty and holds no model, so that even --force leaves it: name another folder`,
    )
}

/** A new folder beside `out`, under a name that nobody looks for. */
export async function makeStaging(out: string): Promise<string> {
  const target = resolve(out)
  const staging = join(dirname(target), `${basename(target)}.partial-${process.pid}-${randomBytes(3).toString('hex')}`)
  await mkdir(staging, { recursive: true })
  return staging
}

/** Gives a complete folder its name, in place of what was there. */
export async function publish(staging: string, out: string): Promise<void> {
  const there = await readdir(out).catch(() => undefined)
  const old = `${staging}.old`
  if (there !== undefined) await rename(out, old)
  try {
    await rename(staging, resolve(out))
  } catch (error) {
    if (there !== undefined) await rename(old, out)
    throw error
  }
  await rm(old, { recursive: true, force: true })
}

/** Files of weights, in any format: the model that is made has its own. */
const weights = /\.(safetensors|bin|pt|pth|ckpt|h5|msgpack|onnx|gguf)(\.index\.json)?$/

/** Larger files are not taken along. The largest of the published ones, a font, has 10 MB. Bytes. */
const LARGEST = 100e6

/** What is said of the source, and not of what is made of it. */
const made: ReadonlySet<string> = new Set(Object.values(reports))

/** Copies what lies beside a model's weights: configuration, vocabulary, licence, code. `but` is left out. */
export async function copyCompanions(from: string, to: string, but: readonly string[]): Promise<void> {
  for (const name of await readdir(from)) {
    if (weights.test(name) || name.startsWith('.') || made.has(name) || but.includes(name)) continue
    const info = await stat(join(from, name)).catch(() => undefined)
    if (!info?.isFile() || info.size > LARGEST) continue
    await copyFile(join(from, name), join(to, name))
  }
}

/** Changes fields of a folder's `config.json`; undefined takes one away. */
export async function editConfig(folder: string, edits: Readonly<Record<string, unknown>>): Promise<void> {
  const path = join(folder, 'config.json')
  const config = { ...(JSON.parse(await readFile(path, 'utf8')) as object), ...edits }
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`)
}
