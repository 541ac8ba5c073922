/** Finds out with whom this process trains. Knows the choice, and not what either side of it does. */
import { ProcessesError } from './errors.ts'
import { type Launch, launchOf } from './launch.ts'
import type { Mpi } from './library.ts'
import { type Processes, singleProcess } from './processes.ts'

export interface OpenProcessesOptions {
  /** Start MPI even in a process that was started alone. */
  readonly mpi?: boolean
  /** File of the MPI library; without it, the usual names of Open MPI and MPICH are tried. */
  readonly library?: string
  /** Longest wait in one operation before all processes are ended, in minutes. */
  readonly waitMinutes?: number
  /** Most values in one call of MPI: lower than the default only to test the cutting. */
  readonly piece?: number
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** 1 GiB of float32 in one call. */
const PIECE = 2 ** 28

/**
 * The processes of this job, in a process that mpirun, mpiexec or srun started with others; alone, `singleProcess`, and
 * nothing is loaded. Once for each process. One that ends without `dispose`, by an error for example, ends them all.
 *
 * Throws a ProcessesError where MPI or koffi is missing, or where MPI does not see the others (which would otherwise
 * train one by one, over each other's files).
 *
 *     await using processes = await openProcesses()
 *     await processes.allReduce(gradients)
 */
export async function openProcesses({
  mpi: isForced = false,
  library,
  waitMinutes = 30,
  piece = PIECE,
  environment = process.env,
}: OpenProcessesOptions = {}): Promise<Processes> {
  const longest = (2 ** 31 - 1) / 60_000 // of a timer of Node
  if (!(waitMinutes > 0 && waitMinutes <= longest)) {
    throw new RangeError(`waitMinutes must be above 0 and at most ${Math.floor(longest)}, not ${waitMinutes}`)
  }
  if (!(Number.isInteger(piece) && piece > 0 && piece < 2 ** 31)) {
    throw new RangeError(`piece must be a whole number from 1 to 2147483647, not ${piece}`)
  }
  const launch = launchOf(environment)
  if (!isForced && (launch === undefined || launch.size === 1)) return singleProcess
  const { startMpi } = await import('./library.ts')
  const { MpiProcesses } = await import('./mpiProcesses.ts')
  const mpi = await startMpi(launch, library)
  checkSize(launch, mpi)
  return new MpiProcesses(mpi, { waitMs: waitMinutes * 60_000, piece })
}

function checkSize(launch: Launch | undefined, mpi: Mpi): void {
  if (launch?.size === undefined || launch.size === mpi.size) return
  const { launcher, rank, size } = launch
  const advice =
    launcher === 'srun'
      ? 'start with srun --mpi=pmix (srun --mpi=list shows what this Slurm has)'
      : `start with the ${launcher} of that MPI, or name the library of the ${launcher} that is used`
  throw new ProcessesError(
    `${launcher} started this process as ${rank} of ${size}, but ${mpi.version} sees ${mpi.size} in all: ${advice}`,
  )
}
