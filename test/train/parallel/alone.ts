/** One process that opens MPI without others. */
import { openProcesses } from '../../../src/train/parallel/open.ts'

await using processes = await openProcesses({ mpi: process.argv[2] === 'mpi' })
const values = new Float32Array([1, 2])
await processes.allReduce(values)
const again = await openProcesses({ mpi: true }).catch((error: Error) => error.message)
process.stdout.write(`process ${processes.rank} of ${processes.size} got ${values}; opened again: ${again}\n`)
