/** One of several processes: carries out every operation and writes down what it got. */
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { agree } from '../../../src/train/parallel/agree.ts'
import { openProcesses } from '../../../src/train/parallel/open.ts'
import { shareThreads } from '../../../src/train/parallel/threads.ts'
import { exampleBorders, exampleValues, noise } from './examples.ts'

const [folder, piece] = process.argv.slice(2)
await using processes = await openProcesses({ piece: Number(piece) })
const { rank, size } = processes
const results: Record<string, unknown> = {}

for (const length of [0, 1, 7, 101]) {
  const single = Float32Array.from(exampleValues(length, rank))
  await processes.allReduce(single)
  results[`sum of ${length} float32`] = [...single]
  const double = Float64Array.from(exampleValues(length, rank))
  await processes.allReduce(double, 'sum')
  results[`sum of ${length} float64`] = [...double]
  const largest = Float32Array.from(exampleValues(length, rank))
  await processes.allReduce(largest, 'max')
  results[`max of ${length} float32`] = [...largest]
  for (const kind of [Float32Array, Float64Array, Uint8Array]) {
    const sent = kind.from(exampleValues(length, rank))
    await processes.broadcast(sent, size - 1)
    results[`broadcast of ${length} ${kind.name}`] = [...sent]
  }
}
for (const [name, borders] of exampleBorders(size)) {
  const values = new Float32Array(borders[size]! + 2).fill(-1)
  for (let index = borders[rank]!; index < borders[rank + 1]!; index++) values[index] = 10 * rank + index
  await processes.allGather(values, borders)
  results[`gather of ${name}`] = [...values]
}

const middle = new Float32Array(9).fill(rank + 1)
await processes.allReduce(middle.subarray(3, 6))
results['part of an array'] = [...middle]

const memory = new Float32Array(new SharedArrayBuffer(20)).fill(rank + 1)
await processes.allReduce(memory)
results['shared memory'] = [...memory]

const random = noise(10_001, rank)
await processes.allReduce(random)
results['bits of noise'] = Buffer.from(random.buffer).toString('base64')

// Not awaited one by one: the order of the calls counts.
const [first, second] = [new Float32Array([rank + 1]), new Float64Array([rank + 1, 2])]
await Promise.all([processes.allReduce(first), processes.allReduce(second), processes.broadcast(first, 0)])
results['without waiting'] = [...first, ...second]

// Process 1 comes late: the others' event loops go on meanwhile.
let turns = 0
const timer = setInterval(() => turns++, 10)
if (rank === 1) await sleep(300)
await processes.barrier()
clearInterval(timer)
results['turns of the event loop'] = turns

const compare = (things: Record<string, string>) =>
  agree(processes, things).then(
    () => 'agreed',
    (error: Error) => `${error.name}: ${error.message}`,
  )
results['agree on the same'] = await compare({ 'the recipe': 'steps: 3', 'the version': '1' })
results['agree on others'] = await compare({ 'the recipe': `steps: ${rank}`, 'the version': '1' })

results['threads'] = { ...(await shareThreads(processes)), own: availableParallelism() }
// To files: mpirun mixes long lines of several processes.
writeFileSync(join(folder!, `${rank}.json`), JSON.stringify({ rank, size, results }))
