/**
 * The tensors of a merged model, in the order of the base. Most are the base's own, read when they are written; a merged
 * matrix is computed when its turn comes and let go of when it is written, so that one is in memory at a time. (Of an int4
 * layer the scales wait until they are written, which is a 64th of its floats.)
 */
import {
  type Adapter,
  CheckpointError,
  convertTensor,
  dequantiseGptq,
  type FloatType,
  type ReadableTensor,
  readGptqLayer,
  type StoredType,
} from '../../checkpoint/index.ts'
import { layerOf, type MergeBase } from './base.ts'
import { type MatrixChange, ratio } from './events.ts'
import { add, changeOf, mergeMatrix, type Products, store } from './matrix.ts'
import { requantise } from './requantise.ts'

export interface Merging {
  readonly base: MergeBase
  readonly adapter: Adapter
  readonly products: Products
  /** Type of all floats of the merged model; the base's own unless it is told. */
  readonly dtype?: FloatType
  /** Told each matrix when it is merged. */
  readonly onMatrix: (change: MatrixChange) => void
}

type Bytes = Uint8Array<ArrayBuffer>

/** What of an int4 layer is computed and not yet written. */
interface Parts {
  readonly qweight: Bytes | undefined
  readonly scales: Bytes | undefined
}

const isFloat = (dtype: StoredType): dtype is FloatType => /float/.test(dtype)

/** Everything that a merged model's files hold. */
export function mergedTensors(merging: Merging): ReadableTensor[] {
  const { base, adapter, dtype } = merging
  const int4 = new Map<string, readonly ReadableTensor[]>()
  return base.checkpoint.tensors.flatMap((tensor): readonly ReadableTensor[] => {
    const path = layerOf(tensor.name)
    const saved = adapter.saved.get(tensor.name)
    if (saved) return [{ ...convertTensor(saved, dtype ?? floatType(tensor)), name: tensor.name }]
    if (base.int4.has(path)) {
      // All parts of the layer stand where its first part does.
      if (int4.has(path)) return []
      const parts = int4Layer(path, merging)
      int4.set(path, parts)
      return parts
    }
    const module = tensor.name === `${path}.weight` ? adapter.modules.get(path) : undefined
    const stored = dtype ?? tensor.dtype
    if (module === undefined)
      return [dtype !== undefined && isFloat(tensor.dtype) ? convertTensor(tensor, dtype) : tensor]
    return [
      computed(tensor.name, floatType({ ...tensor, dtype: stored }), tensor.shape, async () => {
        const delta = await merging.products.delta(module)
        const { bytes, change } = mergeMatrix(path, await tensor.readAs('float32'), delta, stored as FloatType)
        merging.onMatrix(change)
        return bytes
      }),
    ]
  })
}

function floatType({ name, dtype }: Pick<ReadableTensor, 'name' | 'dtype'>): FloatType {
  if (isFloat(dtype)) return dtype
  throw new CheckpointError(`tensor "${name}" is ${dtype}: an adapter can be merged into floats only`)
}

/** The tensors of a GPTQ layer: merged if it has an adapter, and as floats if a type of floats was asked for. */
function int4Layer(path: string, merging: Merging): readonly ReadableTensor[] {
  const { base, adapter, products, dtype, onMatrix } = merging
  const { checkpoint } = base
  const own = checkpoint.tensors.filter(({ name }) => layerOf(name) === path)
  const module = adapter.modules.get(path)
  if (dtype !== undefined) return floatLayer(path, merging, dtype)
  if (module === undefined) return own
  const { qweight, scales } = { qweight: checkpoint.get(`${path}.qweight`), scales: checkpoint.get(`${path}.scales`) }
  const scaleType = scales.dtype === 'float32' ? 'float32' : 'float16'
  let made: Promise<Parts> | undefined
  const make = async (): Promise<Parts> => {
    const layer = await readGptqLayer(checkpoint, path)
    const weights = dequantiseGptq(layer)
    const measured = add(weights, await products.delta(module), path)
    const { kept, squares, errorSquares, ...result } = requantise(layer, weights, scaleType)
    onMatrix({ ...changeOf(path, weights.length, kept, measured), requantisation: ratio(errorSquares, squares) })
    return { qweight: new Uint8Array(result.qweight.buffer), scales: store(result.scales, scaleType) }
  }
  const part = (name: keyof Parts) => async () => {
    const waiting = await made
    const all = waiting?.[name] ? waiting : await make()
    // What is taken is let go of: the words are large.
    made = Promise.resolve({ ...all, [name]: undefined })
    return all[name] as Bytes
  }
  return own.map(tensor => {
    if (tensor.name === qweight.name) return computed(tensor.name, 'int32', tensor.shape, part('qweight'))
    if (tensor.name === scales.name) return computed(tensor.name, scaleType, tensor.shape, part('scales'))
    return tensor
  })
}

/** A GPTQ layer as floats, merged if it has an adapter: nothing is rounded to integers again. */
function floatLayer(path: string, { base, adapter, products, onMatrix }: Merging, dtype: FloatType): ReadableTensor[] {
  const { checkpoint } = base
  const module = adapter.modules.get(path)
  const [words, out] = checkpoint.get(`${path}.qweight`).shape as [number, number]
  const weight = computed(`${path}.weight`, dtype, [out, 8 * words], async () => {
    await refuseBias(path, base)
    const floats = dequantiseGptq(await readGptqLayer(checkpoint, path))
    if (module === undefined) return store(floats, dtype)
    const { bytes, change } = mergeMatrix(path, floats, await products.delta(module), dtype)
    onMatrix(change)
    return bytes
  })
  // Of the language model's linear layers only this one has a bias in the float layout.
  return path.endsWith('.c_attn') ? [weight, convertTensor(checkpoint.get(`${path}.bias`), dtype)] : [weight]
}

/** GPTQ files give every layer a bias. Where the model has none, it must be zero. */
async function refuseBias(path: string, { checkpoint }: MergeBase): Promise<void> {
  const name = `${path}.bias`
  if (path.endsWith('.c_attn') || !checkpoint.has(name)) return
  if ((await checkpoint.get(name).readAs('float32')).every(value => value === 0)) return
  throw new CheckpointError(
    `tensor "${name}" is not zero, and the float layout of this model has no place for it: merge without --dtype, into int4`,
  )
}

/** A tensor whose bytes are computed when the first of them are read, and let go of after the last. */
function computed(
  name: string,
  dtype: StoredType,
  shape: readonly number[],
  compute: () => Promise<Bytes>,
): ReadableTensor {
  let made: Promise<Bytes> | undefined
  return {
    name,
    dtype,
    shape,
    async read(offset = 0, length) {
      made ??= compute()
      const all = await made
      const end = length === undefined ? all.byteLength : offset + length
      if (end >= all.byteLength) made = undefined
      return all.slice(offset, end)
    },
  }
}
