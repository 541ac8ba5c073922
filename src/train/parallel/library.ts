/**
 * The MPI library of this machine, found and called through koffi: each method is one call of MPI, checked. Knows the
 * handles of Open MPI (addresses of its symbols) and of MPICH and its relatives (fixed numbers); knows no order of
 * calls, no pieces and no time limits.
 *
 * Open MPI 4 and 5 are `libmpi.so.40`. MPICH, Intel MPI, MVAPICH2 and Cray's share `libmpi.so.12`, or `libmpich.so.12`
 * in Debian (the MPICH ABI compatibility initiative), and the numbers below, from mpi.h of MPICH 4.
 */
import type { LibraryHandle } from 'koffi'
import { ProcessesError } from './errors.ts'
import type { Launch } from './launch.ts'

export type Summable = Float32Array | Float64Array
export type Sendable = Summable | Uint8Array

/** MPI, started. Asynchronous calls run on a thread of Node's pool and reject with what MPI says; one at a time. */
export interface Mpi {
  /** First line of what the library says of itself: `Open MPI v4.1.4, …`. */
  readonly version: string
  readonly rank: number
  readonly size: number
  reduce(values: Summable, operation: 'sum' | 'max'): Promise<void>
  broadcast(values: Sendable, root: number): Promise<void>
  /** In place: process r gives `counts[r]` values from `starts[r]` on. */
  gatherParts(values: Float32Array, counts: Int32Array, starts: Int32Array): Promise<void>
  /** In place, `values.length / size` values of each process. */
  gatherEqual(values: Float64Array): Promise<void>
  /** Ends all processes with this status. Does not return. */
  abort(status: number): never
  /** Waits for all processes, blocking. Nothing may be called after it. */
  finalise(): void
}

type Family = 'Open MPI' | 'MPICH'
type Handle = bigint | number
type Native = ReturnType<LibraryHandle['func']>

const files: Readonly<Record<Family, readonly string[]>> = {
  'Open MPI': ['libmpi.so.40', 'libmpi.40.dylib', '/opt/homebrew/lib/libmpi.40.dylib'],
  MPICH: ['libmpi.so.12', 'libmpich.so.12', 'libmpi.12.dylib'],
}

/** Values of mpi.h that are the same everywhere. */
const THREAD_SERIALIZED = 2
const THREAD_MULTIPLE = 3
/** More than any MPI_MAX_ERROR_STRING and MPI_MAX_LIBRARY_VERSION_STRING. */
const TEXT_BYTES = 16_384
/** As a thread has by default. koffi gives 128 KiB to a call in another thread, in which MPICH's reduction crashes. */
const STACK_BYTES = 8 * 2 ** 20

/** Functions of MPI with handles for arguments: names on the left, numbers or addresses to pass on the right. */
interface Handles {
  readonly type: 'int' | 'void *'
  readonly world: Handle
  readonly float: Handle
  readonly double: Handle
  readonly byte: Handle
  readonly sum: Handle
  readonly max: Handle
  readonly errorsReturn: Handle
  /** The address that stands for "in place". */
  readonly inPlace: number
}

const mpichHandles: Handles = {
  type: 'int',
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  byte: 0x4c00010d,
  sum: 0x58000003,
  max: 0x58000001,
  errorsReturn: 0x54000001,
  inPlace: -1,
}

function openMpiHandles(library: LibraryHandle, address: (symbol: unknown) => bigint): Handles {
  const handle = (name: string): bigint => address(library.symbol(`ompi_mpi_${name}`))
  return {
    type: 'void *',
    world: handle('comm_world'),
    float: handle('float'),
    double: handle('double'),
    byte: handle('byte'),
    sum: handle('op_sum'),
    max: handle('op_max'),
    errorsReturn: handle('errors_return'),
    inPlace: 1,
  }
}

/**
 * Loads MPI and starts it. `file` names the library where the loader does not find it, or finds the wrong one.
 * Throws a ProcessesError where there is none, or none that can be called from several threads.
 */
export async function startMpi(launch: Launch | undefined, file?: string): Promise<Mpi> {
  const koffi = await loadKoffi()
  const { library, path } = loadLibrary(koffi, launch, file)
  const isOpenMpi = has(library, 'ompi_mpi_comm_world')
  const handles = isOpenMpi ? openMpiHandles(library, koffi.address) : mpichHandles
  const H = handles.type
  const bind = (name: string, ...parameters: string[]): Native => library.func(name, 'int', parameters)

  const errorString = bind('MPI_Error_string', 'int', 'void *', 'int *')
  const check = (name: string, code: number): void => {
    if (code === 0) return
    const [text, length] = [Buffer.alloc(TEXT_BYTES), new Int32Array(1)]
    const reason = errorString(code, text, length) === 0 ? text.toString('utf8', 0, length[0]) : `error ${code}`
    throw new ProcessesError(`${name} failed: ${reason.trim()}`)
  }
  const now = (name: string, native: Native, ...values: unknown[]): void => check(name, native(...values) as number)

  const text = Buffer.alloc(TEXT_BYTES)
  const length = new Int32Array(1)
  bind('MPI_Get_library_version', 'void *', 'int *')(text, length)
  const version = text.toString('utf8', 0, length[0]).split('\n')[0]!.trim()
  if (!isOpenMpi && !/MPICH|Intel|MVAPICH/i.test(version)) {
    throw new ProcessesError(
      `${path} is "${version}", and its handles are not known: only Open MPI, and MPICH with its relatives (Intel MPI, ` +
        'MVAPICH2), can be used',
    )
  }
  const flag = new Int32Array(1)
  bind('MPI_Initialized', 'int *')(flag)
  if (flag[0] !== 0) throw new ProcessesError('MPI was started in this process before, and can be started only once')
  const provided = new Int32Array(1)
  now(
    'MPI_Init_thread',
    bind('MPI_Init_thread', 'void *', 'void *', 'int', 'int *'),
    null,
    null,
    THREAD_MULTIPLE,
    provided,
  )
  if (provided[0]! < THREAD_SERIALIZED) {
    throw new ProcessesError(`${version} cannot be called from several threads: use a build of it that can`)
  }
  now('MPI_Comm_set_errhandler', bind('MPI_Comm_set_errhandler', H, H), handles.world, handles.errorsReturn)
  const number = (name: string): number => {
    const value = new Int32Array(1)
    now(name, bind(name, H, 'int *'), handles.world, value)
    return value[0]!
  }

  const [rank, size] = [number('MPI_Comm_rank'), number('MPI_Comm_size')]
  const reduce = bind('MPI_Allreduce', 'intptr_t', 'void *', 'int', H, H, H)
  const broadcast = bind('MPI_Bcast', 'void *', 'int', H, 'int', H)
  const gatherParts = bind('MPI_Allgatherv', 'intptr_t', 'int', H, 'void *', 'int *', 'int *', H, H)
  const gatherEqual = bind('MPI_Allgather', 'intptr_t', 'int', H, 'void *', 'int', H, H)
  const abort = bind('MPI_Abort', H, 'int')
  const finalise = bind('MPI_Finalize')

  const { world, inPlace } = handles
  const typeOf = (values: Sendable): Handle =>
    values instanceof Float32Array ? handles.float : values instanceof Float64Array ? handles.double : handles.byte
  // The arrays are held by `values` until the call is over, so that they are not collected during it.
  const later = (name: string, native: Native, ...values: unknown[]): Promise<void> =>
    new Promise((resolve, reject) => {
      native.async(...values, (error: unknown, code: number) => {
        try {
          if (error) throw error
          check(name, code)
          resolve(void values)
        } catch (failure) {
          reject(failure)
        }
      })
    })

  return {
    version,
    rank,
    size,
    reduce: (values, operation) =>
      later('MPI_Allreduce', reduce, inPlace, values, values.length, typeOf(values), handles[operation], world),
    broadcast: (values, root) => later('MPI_Bcast', broadcast, values, values.length, typeOf(values), root, world),
    gatherParts: (values, counts, starts) => {
      const type = typeOf(values)
      return later('MPI_Allgatherv', gatherParts, inPlace, 0, type, values, counts, starts, type, world)
    },
    gatherEqual: values => {
      const type = typeOf(values)
      return later('MPI_Allgather', gatherEqual, inPlace, 0, type, values, values.length / size, type, world)
    },
    abort: status => {
      abort(world, status)
      process.kill(process.pid, 'SIGKILL') // an MPI that returns from it has failed to end us
      throw new ProcessesError('MPI_Abort returned')
    },
    finalise: () => now('MPI_Finalize', finalise),
  }
}

type Koffi = Pick<typeof import('koffi'), 'load' | 'address' | 'config'>

async function loadKoffi(): Promise<Koffi> {
  const koffi = await importKoffi()
  if ((koffi.config().async_stack_size ?? 0) >= STACK_BYTES) return koffi
  try {
    koffi.config({ async_stack_size: STACK_BYTES, resident_async_pools: 1 })
  } catch (cause) {
    const message =
      'koffi was used in this process before: open the processes first, since MPI needs larger stacks of it'
    throw new ProcessesError(message, { cause })
  }
  return koffi
}

async function importKoffi(): Promise<Koffi> {
  try {
    return await import('koffi')
  } catch (cause) {
    const message =
      'many processes need the package koffi, through which MPI is called. It is an optional dependency, and is not ' +
      'installed here or has no build for this system: npm install koffi'
    throw new ProcessesError(message, { cause })
  }
}

function loadLibrary(koffi: Koffi, launch: Launch | undefined, file: string | undefined) {
  // The launcher's own family first: mpirun of the one cannot start processes of the other as one job.
  const families: Family[] = launch?.launcher === 'mpiexec' ? ['MPICH', 'Open MPI'] : ['Open MPI', 'MPICH']
  const candidates = file === undefined ? families.flatMap(family => files[family]) : [file]
  const refusals: string[] = []
  for (const path of candidates) {
    try {
      // Global symbols: Open MPI's plug-ins, which it loads itself, look for its symbols there.
      return { library: koffi.load(path, { global: true }), path }
    } catch (error) {
      refusals.push(`${path}: ${error instanceof Error ? error.message : error}`)
    }
  }
  const advice = 'Install Open MPI (Debian: apt-get install openmpi-bin), or name the file of the library'
  throw new ProcessesError(`no MPI library could be loaded: ${refusals.join('; ')}. ${advice}`)
}

function has(library: LibraryHandle, symbol: string): boolean {
  try {
    library.symbol(symbol)
    return true
  } catch {
    return false
  }
}
