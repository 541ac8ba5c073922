/** Traces on disk: safetensors files with float32 tensors under the names of `trace`. */
import type { TensorValue } from '../runtime/runtime.ts'

/** The names of a trace in the order in which they are computed; `block.N` stands for all blocks. */
const order = [
  'pixels',
  'vis.patch_embed',
  'vis.patch_embed_pos',
  'vis.ln_pre',
  'vis.block.N',
  'vis.resampler_kv',
  'vis.resampler_pos_k',
  'vis.resampler_q',
  'vis.resampler',
  'vis.ln_post',
  'vis.out',
  'lm.embed',
  'lm.rope_cos',
  'lm.rope_sin',
  'lm.input',
  'lm.layer.N',
  'lm.ln_f',
  'logits',
]

/** Where a name stands in the order: files list tensors by name. */
function rank(name: string): [number, number] {
  const at = order.indexOf(name.replace(/\.\d+$/, '.N'))
  return [at < 0 ? order.length : at, Number(/\.(\d+)$/.exec(name)?.[1] ?? 0)]
}

const inOrder = (a: string, b: string): number => {
  const [[kindA, numberA], [kindB, numberB]] = [rank(a), rank(b)]
  return kindA - kindB || numberA - numberB
}

/** Reads a trace, or any other file of tensors, in the order of a trace. */
export async function readTrace(path: string): Promise<Record<string, TensorValue>> {
  const { openCheckpoint } = await import('../checkpoint/index.ts')
  await using file = await openCheckpoint(path)
  const tensors: Record<string, TensorValue> = {}
  for (const name of [...file.names].sort(inOrder)) {
    const tensor = file.get(name)
    tensors[name] = { type: 'float32', shape: tensor.shape, data: await tensor.readAs('float32') }
  }
  return tensors
}

/** Writes a trace: whole, or not at all. `about` goes into the header. */
export async function writeTrace(
  path: string,
  tensors: Readonly<Record<string, TensorValue>>,
  about: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const { tensorFromMemory, writeSafetensors } = await import('../checkpoint/index.ts')
  const written = Object.entries(tensors).map(([name, { shape, data }]) =>
    tensorFromMemory(name, 'float32', shape, data as Float32Array),
  )
  await writeSafetensors(path, written, { metadata: { format: 'pt', ...about }, signal })
}
