/** Short texts from every process to every process. */
import type { Processes } from './processes.ts'

/** The texts of all processes, in the order of their ranks. Every process calls it. */
export async function exchange(processes: Processes, text: string): Promise<string[]> {
  if (processes.size === 1) return [text]
  const own = new TextEncoder().encode(text)
  const lengths = new Float64Array(processes.size)
  lengths[processes.rank] = own.byteLength
  await processes.allReduce(lengths)
  const texts: string[] = []
  for (let rank = 0; rank < processes.size; rank++) {
    const bytes = rank === processes.rank ? own : new Uint8Array(lengths[rank] as number)
    await processes.broadcast(bytes, rank)
    texts.push(new TextDecoder().decode(bytes))
  }
  return texts
}
