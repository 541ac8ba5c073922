/** Run by weights.test.ts in a process of its own: opens 256 MB of weights and writes what memory that took, in MB. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openRuntime, tensorValue } from '../../src/runtime/node.ts'
import { indices, tableGraph } from './graphs.ts'

const [how, folder] = process.argv.slice(2)
const [rows, width] = [2 ** 16, 2 ** 10]
const bytes = rows * width * 4

function report(): void {
  const status = readFileSync('/proc/self/status', 'utf8')
  const megabytes = (key: string) => Math.round(Number(new RegExp(`${key}:\\s*(\\d+)`).exec(status)![1]) / 1024)
  process.stdout.write(`${JSON.stringify({ anonymous: megabytes('RssAnon'), peak: megabytes('VmHWM') })}\n`)
}

function writeFile(path: string): string {
  const file = openSync(path, 'w')
  const chunk = new Float32Array(2 ** 20).fill(1)
  for (let written = 0; written < bytes; written += chunk.byteLength) writeSync(file, chunk)
  closeSync(file)
  return path
}

const table =
  how === 'file'
    ? { path: writeFile(join(folder!, '256MB')), offset: 0, length: bytes }
    : tensorValue('float32', [rows, width], new Float32Array(rows * width).fill(1))
const runtime = await openRuntime()
const small = await runtime.openSession(tableGraph(2, 2), {
  weights: { table: tensorValue('float32', [2, 2], [1, 2, 3, 4]) },
})
await small.run(indices(0))
report()
const session = await runtime.openSession(tableGraph(rows, width), { weights: { table } })
const answer = await session.run(indices(...Array.from({ length: 256 }, (_, i) => i * 256)))
if ((answer['rows']!.data as Float32Array).some(value => value !== 1)) throw new Error('wrong values')
report()
await runtime.dispose()
