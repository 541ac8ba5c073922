/** Makes sure that all processes were given the same. Knows no recipe: whatever has bytes can be compared. */
import { createHash } from 'node:crypto'
import { ProcessesError } from './errors.ts'
import type { Processes } from './processes.ts'

/** A SHA-256 as this many whole numbers below 2¹⁶, whose sums with zeros float64 holds exactly. */
const WORDS = 16

/**
 * Compares texts or bytes over all processes, by their SHA-256; the names are what a message calls them. Called by all
 * at the same point with the same names. All of them throw a ProcessesError that says what differs, and where.
 *
 *     await agree(processes, { 'the recipe': text, 'the version of qwen-vl': version })
 */
export async function agree(
  processes: Processes,
  things: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  const { rank, size } = processes
  if (size === 1) return
  const names = Object.keys(things)
  const digests = new Float64Array(size * names.length * WORDS)
  const place = (process: number, thing: number) => (process * names.length + thing) * WORDS
  for (const [index, name] of names.entries()) {
    const digest = createHash('sha256').update(things[name]!).digest()
    for (let word = 0; word < WORDS; word++) digests[place(rank, index) + word] = digest.readUInt16BE(2 * word)
  }
  await processes.allReduce(digests)

  const of = (process: number, thing: number) => digests.subarray(place(process, thing), place(process, thing) + WORDS)
  const differences = names.flatMap((name, index) => {
    const others = Array.from({ length: size }, (_, process) => process).filter(process =>
      of(process, index).some((word, at) => word !== of(0, index)[at]),
    )
    if (others.length === 0) return []
    const hash = (process: number) => [...of(process, index).subarray(0, 4)].map(hexadecimal).join('')
    const named = others.slice(0, 4).map(other => `process ${other} has ${hash(other)}`)
    const more = others.length > named.length ? ` and ${others.length - named.length} more differ` : ''
    return [`${name}: process 0 has ${hash(0)}, ${named.join(', ')}${more} (SHA-256)`]
  })
  if (differences.length === 0) return
  throw new ProcessesError(
    `the processes were not started with the same: ${differences.join('; ')}. Give every machine the same files, ` +
      'versions and options',
  )
}

const hexadecimal = (word: number): string => word.toString(16).padStart(4, '0')
