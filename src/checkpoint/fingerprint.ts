/**
 * Tells one checkpoint from another without reading it whole: for adapters, which fit many models by their shapes and
 * belong to one. Node only.
 */
import { createHash } from 'node:crypto'
import type { Checkpoint } from './checkpoint.ts'

/** Bytes read at either end of a tensor. */
const SAMPLE = 4096

/**
 * SHA-256 in hexadecimal over every tensor's name, type, shape, and first and last 4 KiB, in the order of the names: the
 * same for the same tensors in whatever files, another after training. The published model takes 7 MB of reading.
 *
 * Throws the signal's reason, or a FormatError for damaged files.
 */
export async function fingerprint(
  { tensors }: Pick<Checkpoint, 'tensors'>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<string> {
  const hash = createHash('sha256')
  for (const tensor of [...tensors].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))) {
    signal?.throwIfAborted()
    const { name, dtype, shape, bytes } = tensor
    hash.update(`${JSON.stringify([name, dtype, shape])}\n`)
    hash.update(await tensor.read(0, Math.min(SAMPLE, bytes)))
    if (bytes > SAMPLE) hash.update(await tensor.read(Math.max(SAMPLE, bytes - SAMPLE)))
  }
  return hash.digest('hex')
}
