/**
 * Opens a checkpoint among files: finds which of them hold tensors (one file or several with an index, safetensors or
 * PyTorch), reads their headers, and gives all tensors under one roof. Knows no file system: a folder and files chosen
 * in a browser are both a FileSet.
 */
import type { Checkpoint, CheckpointTensor } from './checkpoint.ts'
import { CheckpointError, FormatError } from './errors.ts'
import { isObject, readObject, readObjectIfPresent } from './jsonDocument.ts'
import { nearest } from './nearest.ts'
import { openPytorch } from './pytorch.ts'
import { openSafetensors } from './safetensors.ts'
import type { ByteSource, FileSet } from './source.ts'

type Format = Checkpoint['format']

/** In this order, which is also that of transformers, except that adapters come last. */
const wellKnown = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'adapter_model.safetensors',
]

/**
 * Opens the checkpoint of a set of files, or the one that `file` names (an index or a file of tensors). Throws a
 * CheckpointError, or a FormatError for damaged files.
 */
export async function openFiles(files: FileSet, file?: string): Promise<Checkpoint> {
  const start = file ?? findStart(files)
  const opened: ByteSource[] = []
  try {
    const index = start.endsWith('.index.json') ? await readShardIndex(files, start) : undefined
    const parts = await all(
      (index?.files ?? [start]).map(async name => {
        const source = await files.open(name)
        opened.push(source)
        return { name, source, ...(await openTensors(source, name)) }
      }),
    )
    const tensors = index === undefined ? parts[0]!.tensors : gather(files, start, index.places, parts)
    const [config, generationConfig] = await Promise.all([
      readObjectIfPresent(files, 'config.json'),
      readObjectIfPresent(files, 'generation_config.json'),
    ])
    return new OpenCheckpoint({
      origin: files.origin,
      format: parts[0]?.format ?? formatOf(start),
      tensors,
      config,
      generationConfig,
      metadata: Object.assign({}, ...parts.map(({ metadata }) => metadata)) as Record<string, string>,
      files: parts.map(({ name, source }) => ({ name, bytes: source.size })),
      sources: opened,
    })
  } catch (error) {
    await Promise.all(opened.map(source => source.close()))
    throw error
  }
}

/** As Promise.all, but waits for all of them before it rejects, so that every file that was opened can be closed. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}

function findStart({ names, origin }: FileSet): string {
  const found = wellKnown.find(name => names.has(name))
  if (found !== undefined) return found
  const candidates = [...names].filter(name => name.endsWith('.safetensors'))
  const indexes = [...names].filter(name => name.endsWith('.safetensors.index.json'))
  if (indexes.length === 1) return indexes[0]!
  if (candidates.length === 1 && !/-of-\d+\./.test(candidates[0]!)) return candidates[0]!
  const parts = [...names].filter(name => /-\d+-of-\d+\.(safetensors|bin)$/.test(name))
  if (parts.length > 0) {
    const index = parts[0]!.replace(/-\d+-of-\d+\.(safetensors|bin)$/, '.$1.index.json')
    throw new CheckpointError(`${origin}: ${index} is missing beside ${parts[0]}: copy or pull the whole folder again`)
  }
  if (candidates.length > 1) {
    throw new CheckpointError(`${origin} has several checkpoints (${candidates.sort().join(', ')}): name the file`)
  }
  const seen = [...names].sort().slice(0, 8).join(', ')
  throw new CheckpointError(
    `${origin} holds no checkpoint: there is no ${wellKnown.slice(0, 4).join(', ')}. It has ${seen === '' ? 'no files' : `${seen}${names.size > 8 ? ' …' : ''}`}`,
  )
}

const formatOf = (name: string): Format => (/\.(bin|pt|pth)(\.index\.json)?$/.test(name) ? 'pytorch' : 'safetensors')

async function openTensors(source: ByteSource, name: string) {
  const format = formatOf(name)
  if (format === 'pytorch') return { format, tensors: await openPytorch(source), metadata: {} }
  return { format, ...(await openSafetensors(source)) }
}

interface ShardIndex {
  /** Tensor → file. */
  readonly places: ReadonlyMap<string, string>
  readonly files: readonly string[]
}

async function readShardIndex(files: FileSet, name: string): Promise<ShardIndex> {
  const source = await files.open(name)
  try {
    const { weight_map: map } = await readObject(source)
    const refuse = (problem: string) => new FormatError(source.name, problem)
    if (!isObject(map)) throw refuse('it is no index of a checkpoint: it has no weight_map')
    const places = new Map<string, string>()
    for (const [tensor, file] of Object.entries(map)) {
      if (typeof file !== 'string' || !/^[^/\\]+\.(safetensors|bin)$/.test(file))
        throw refuse(`tensor "${tensor}" is said to lie in ${JSON.stringify(file)}, which is no file of a checkpoint`)
      places.set(tensor, file)
    }
    const listed = [...new Set(places.values())].sort()
    if (listed.length === 0) throw refuse('it lists no tensors')
    const missing = listed.filter(file => !files.names.has(file))
    if (missing.length > 0) {
      throw new CheckpointError(
        `${files.origin}: ${missing.length} of ${listed.length} files are missing: ${missing.join(', ')}. Pull or copy the checkpoint again`,
      )
    }
    return { places, files: listed }
  } finally {
    await source.close()
  }
}

interface Part {
  readonly name: string
  readonly tensors: readonly CheckpointTensor[]
}

/** The tensors of all parts. Where two parts have the same tensor, the index decides. */
function gather(
  files: FileSet,
  index: string,
  places: ReadonlyMap<string, string>,
  parts: readonly Part[],
): CheckpointTensor[] {
  const tensors = parts.flatMap(({ name: file, tensors }) =>
    tensors.filter(({ name }) => (places.get(name) ?? file) === file),
  )
  const found = new Set(tensors.map(({ name }) => name))
  const absent = [...places].filter(([name]) => !found.has(name))
  if (absent.length > 0) {
    const some = absent.slice(0, 5).map(([name, file]) => `"${name}" in ${file}`)
    throw new CheckpointError(
      `${files.origin}: ${absent.length} tensors of ${index} are not in their files: ${some.join(', ')}${absent.length > 5 ? ' …' : ''}. ` +
        'The files belong to different checkpoints: pull or copy all of them again',
    )
  }
  const twice = tensors.find(({ name }) => !found.delete(name))
  if (twice !== undefined)
    throw new CheckpointError(
      `${files.origin}: the tensor "${twice.name}" is in two files, and ${index} does not say in which`,
    )
  return tensors
}

type Parts = Pick<
  Checkpoint,
  'origin' | 'format' | 'tensors' | 'config' | 'generationConfig' | 'metadata' | 'files'
> & { readonly sources: readonly ByteSource[] }

class OpenCheckpoint implements Checkpoint {
  readonly origin: string
  readonly format: Format
  readonly names: readonly string[]
  readonly tensors: readonly CheckpointTensor[]
  readonly config: Checkpoint['config']
  readonly generationConfig: Checkpoint['generationConfig']
  readonly metadata: Checkpoint['metadata']
  readonly files: Checkpoint['files']
  readonly totalBytes: number
  readonly #byName: ReadonlyMap<string, CheckpointTensor>
  readonly #sources: readonly ByteSource[]

  constructor(parts: Parts) {
    this.origin = parts.origin
    this.format = parts.format
    this.tensors = parts.tensors
    this.config = parts.config
    this.generationConfig = parts.generationConfig
    this.metadata = parts.metadata
    this.files = parts.files
    this.#sources = parts.sources
    this.#byName = new Map(parts.tensors.map(tensor => [tensor.name, tensor]))
    this.names = [...this.#byName.keys()]
    this.totalBytes = parts.tensors.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  get(name: string): CheckpointTensor {
    const tensor = this.#byName.get(name)
    if (tensor !== undefined) return tensor
    const similar = nearest(name, this.names, 3).map(other => `"${other}"`)
    throw new CheckpointError(
      `${this.origin} has no tensor "${name}"${similar.length > 0 ? `; the most similar ones are ${similar.join(', ')}` : ''}`,
    )
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#sources.map(source => source.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }
}
