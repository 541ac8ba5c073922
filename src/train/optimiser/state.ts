/**
 * An optimiser's state in files: the moments, and the number of steps. Each process writes one file with what it has;
 * whoever goes on, in whatever number, reads all headers and then the parts that it needs. Knows no memory layout and no
 * values of parameters.
 *
 * A file is named as one of a set, `optimiser-00001-of-00002.safetensors`. It holds float32 tensors `first.NAME@OFFSET`
 * and `second.NAME@OFFSET`: consecutive numbers of the moments of the parameter NAME, from number OFFSET on.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { openFile } from '../../checkpoint/folder.ts'
import {
  type ByteSource,
  CheckpointError,
  type CheckpointTensor,
  FormatError,
  tensorFromMemory,
  writeSafetensors,
} from '../../checkpoint/index.ts'
import { openSafetensors } from '../../checkpoint/safetensors.ts'

/** The moments of consecutive numbers of a parameter, from number `offset` on. */
export interface MomentPiece {
  readonly name: string
  readonly offset: number
  readonly first: Float32Array
  readonly second: Float32Array
}

export interface StateOptions {
  readonly signal?: AbortSignal
}

/** What a process writes. */
export interface ProcessState {
  readonly rank: number
  readonly size: number
  readonly steps: number
  readonly pieces: readonly MomentPiece[]
}

/** Bytes read at once. */
const CHUNK = 32 * 2 ** 20

const BYTES = Float32Array.BYTES_PER_ELEMENT

const fileName = /^optimiser-(\d{5})-of-(\d{5})\.safetensors$/
const tensorName = /^(first|second)\.(.+)@(\d{1,15})$/s

const header = z.object({
  kind: z.literal('qwen-vl optimiser'),
  version: z.literal('1'),
  steps: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
})

const number = (value: number) => String(value).padStart(5, '0')
const stateFile = (rank: number, size: number) => `optimiser-${number(rank + 1)}-of-${number(size)}.safetensors`

/** Writes the file of one process, complete or not at all, and gives its name. Rejects as `writeSafetensors` does. */
export async function writeState(
  folder: string,
  { rank, size, steps, pieces }: ProcessState,
  { signal }: StateOptions,
): Promise<string> {
  const file = stateFile(rank, size)
  const tensors = pieces.flatMap(({ name, offset, first, second }) => [
    tensorFromMemory(`first.${name}@${offset}`, 'float32', [first.length], first),
    tensorFromMemory(`second.${name}@${offset}`, 'float32', [second.length], second),
  ])
  const metadata = { kind: 'qwen-vl optimiser', version: '1', steps: String(steps) }
  await writeSafetensors(join(folder, file), tensors, { metadata, ...(signal ? { signal } : {}) })
  return file
}

/**
 * Fills pieces from the files of a folder, and gives the number of steps. `lengths` are all parameters of the optimiser
 * with their numbers: the files must have the moments of exactly these. That is checked before the first is filled.
 *
 * Rejects with a CheckpointError, a FormatError for damaged files, or the signal's reason.
 */
export async function readState(
  folder: string,
  lengths: ReadonlyMap<string, number>,
  pieces: readonly MomentPiece[],
  { signal }: StateOptions,
): Promise<number> {
  const names = await listFiles(folder)
  const sources: ByteSource[] = []
  try {
    const stored = new Map<string, StoredPiece[]>()
    let steps: number | undefined
    for (const name of names) {
      signal?.throwIfAborted()
      const source = await openFile(join(folder, name))
      sources.push(source)
      const found = await readHeader(source, stored)
      steps ??= found
      if (found !== steps) {
        throw new CheckpointError(
          `${folder}: ${names[0]} was written after ${steps} steps, and ${name} after ${found}: they are of different checkpoints, resume from another one`,
        )
      }
    }
    checkCover(folder, stored, lengths)
    for (const piece of pieces) {
      for (const part of stored.get(piece.name)!) await fill(piece, part, signal)
    }
    return steps!
  } finally {
    await Promise.all(sources.map(source => source.close()))
  }
}

/** The files of the one set that is there, all of them. */
async function listFiles(folder: string): Promise<string[]> {
  const all = await readdir(folder).catch((cause: unknown) => {
    throw new CheckpointError(`${folder} cannot be read: there is no such folder`, { cause })
  })
  const found = all.filter(name => fileName.test(name)).sort()
  const sizes = new Set(found.map(name => Number(fileName.exec(name)![2])))
  if (sizes.size === 0)
    throw new CheckpointError(`${folder} holds no state of an optimiser: there is no ${stateFile(0, 1)}`)
  if (sizes.size > 1) {
    throw new CheckpointError(
      `${folder} holds states of ${[...sizes].sort((a, b) => a - b).join(' and of ')} processes: remove the files (optimiser-…) of all but one`,
    )
  }
  const size = [...sizes][0]!
  if (found.length === size) return found
  const missing = Array.from({ length: size }, (_, rank) => stateFile(rank, size)).filter(name => !found.includes(name))
  const some = missing.slice(0, 5).join(', ')
  throw new CheckpointError(
    `${folder}: ${missing.length} of the ${size} files of the optimiser's state are missing: ${some}${missing.length > 5 ? ' …' : ''}. Copy the whole checkpoint, or resume from another one`,
  )
}

/** A part of a parameter's moments in a file. Numbers, not bytes. */
interface StoredPiece {
  readonly offset: number
  readonly length: number
  readonly first: CheckpointTensor
  readonly second: CheckpointTensor
}

/** Adds what a file has to what is stored, and gives the number of steps that it tells. */
async function readHeader(source: ByteSource, stored: Map<string, StoredPiece[]>): Promise<number> {
  const { tensors, metadata } = await openSafetensors(source)
  const about = header.safeParse(metadata)
  if (!about.success) throw new FormatError(source.name, 'it is no state of an optimiser that this version can read')
  const byName = new Map(tensors.map(tensor => [tensor.name, tensor]))
  for (const tensor of tensors) {
    const [, which, name, offset] = tensorName.exec(tensor.name) ?? []
    const second = byName.get(`second.${name}@${offset}`)
    const first = byName.get(`first.${name}@${offset}`)
    const right = first?.shape.length === 1 && first.bytes === second?.bytes && tensor.dtype === 'float32'
    if (first === undefined || second === undefined || !right)
      throw new FormatError(source.name, 'it is no pair of moments', { tensor: tensor.name })
    if (which === 'second') continue
    const list = stored.get(name!) ?? []
    list.push({ offset: Number(offset), length: first.shape[0]!, first, second })
    stored.set(name!, list)
  }
  return about.data.steps
}

/** Throws a CheckpointError unless every number of every parameter is there once, and nothing else is. */
function checkCover(
  folder: string,
  stored: ReadonlyMap<string, StoredPiece[]>,
  lengths: ReadonlyMap<string, number>,
): void {
  const wanted = [...lengths].filter(([, length]) => length > 0).map(([name]) => name)
  const missing = wanted.filter(name => !stored.has(name))
  const extra = [...stored.keys()].filter(name => !lengths.has(name))
  if (missing.length + extra.length > 0) {
    const told = [tell('has no moments for', missing), tell('has moments of', extra)].filter(text => text !== '')
    throw new CheckpointError(
      `the optimiser's state in ${folder} is of a run that trained other parameters: it ${told.join(', and ')}. Resume with the recipe that wrote it, or begin a new run from its weights`,
    )
  }
  for (const [name, parts] of stored) {
    let at = 0
    for (const { offset, length } of parts.sort((a, b) => a.offset - b.offset)) {
      if (offset !== at) break
      at += length
    }
    if (at !== lengths.get(name) || at !== parts.reduce((sum, { length }) => sum + length, 0)) {
      const has = parts.map(({ offset, length }) => `${offset} to ${offset + length}`).join(', ')
      throw new CheckpointError(
        `the optimiser's state in ${folder} does not fit "${name}", which has ${lengths.get(name)} numbers: it has the moments of numbers ${has}`,
      )
    }
  }
}

function tell(what: string, names: readonly string[]): string {
  if (names.length === 0) return ''
  const some = names.slice(0, 3).map(name => `"${name}"`)
  return `${what} ${some.join(', ')}${names.length > 3 ? ` and ${names.length - 3} others` : ''}`
}

/** Reads what a piece and a stored part have in common. */
async function fill(piece: MomentPiece, part: StoredPiece, signal: AbortSignal | undefined): Promise<void> {
  const from = Math.max(piece.offset, part.offset)
  const to = Math.min(piece.offset + piece.first.length, part.offset + part.length)
  for (let at = from; at < to; at += CHUNK / BYTES) {
    const length = Math.min(CHUNK / BYTES, to - at)
    for (const moment of ['first', 'second'] as const) {
      signal?.throwIfAborted()
      const bytes = await part[moment].read(BYTES * (at - part.offset), BYTES * length)
      piece[moment].set(new Float32Array(bytes.buffer), at - piece.offset)
    }
  }
}
