/** Finding out whether a process is alone, from what launchers tell it. */
import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { agree } from '../../../src/train/parallel/agree.ts'
import { launchOf } from '../../../src/train/parallel/launch.ts'
import { openProcesses } from '../../../src/train/parallel/open.ts'
import { singleProcess } from '../../../src/train/parallel/processes.ts'
import { shareThreads } from '../../../src/train/parallel/threads.ts'
import { needs } from '../../requirements.ts'
import { runAlone } from './job.ts'

const openMpi = { OMPI_COMM_WORLD_RANK: '2', OMPI_COMM_WORLD_SIZE: '4', PMIX_RANK: '2' }
const slurm = { SLURM_PROCID: '3', SLURM_NTASKS: '8', SLURM_STEP_NUM_TASKS: '8' }

test.for([
  ['nothing', {}, undefined],
  ['mpirun of Open MPI', openMpi, { launcher: 'mpirun', rank: 2, size: 4 }],
  ['mpirun in a job of Slurm', { ...slurm, ...openMpi }, { launcher: 'mpirun', rank: 2, size: 4 }],
  ['mpiexec of MPICH', { PMI_RANK: '0', PMI_SIZE: '3' }, { launcher: 'mpiexec', rank: 0, size: 3 }],
  ['srun', slurm, { launcher: 'srun', rank: 3, size: 8 }],
  ['srun with PMIx', { ...slurm, PMIX_RANK: '3' }, { launcher: 'srun', rank: 3, size: 8 }],
  ['a batch script of Slurm', { SLURM_PROCID: '0', SLURM_NTASKS: '8' }, undefined],
  ['a launcher with PMIx that is not known', { PMIX_RANK: '1' }, { launcher: 'PMIx', rank: 1 }],
  ['something unreadable', { OMPI_COMM_WORLD_RANK: 'x', OMPI_COMM_WORLD_SIZE: '4' }, undefined],
] as const)('started by %s', ([, environment, launch]) => {
  expect(launchOf(environment)).toEqual(launch)
})

test('a process that is alone loads no MPI, and every operation of it is done at once', async () => {
  // A library that does not exist would be refused.
  const library = '/nowhere/libmpi.so'
  const alone = await openProcesses({ environment: {}, library })
  expect(alone).toBe(singleProcess)
  expect(await openProcesses({ environment: { ...openMpi, OMPI_COMM_WORLD_SIZE: '1' }, library })).toBe(singleProcess)
  const values = new Float32Array([1, 2])
  await alone.allReduce(values)
  await alone.allGather(values, [0, 2])
  expect([...values]).toEqual([1, 2])
  await agree(alone, { 'the recipe': 'steps: 3' })
  expect(await shareThreads(alone)).toEqual({ threads: availableParallelism(), idle: 0 })
})

test('without an MPI library it is said which was looked for and what to install', async () => {
  const environment = { ...openMpi }
  await expect(openProcesses({ environment, library: '/nowhere/libmpi.so' })).rejects.toThrow(
    /no MPI library could be loaded: .*\/nowhere\/libmpi\.so.* Install Open MPI \(Debian: apt-get install openmpi-bin\)/s,
  )
})

test.for([0, -1, Number.NaN, 1e9])('a wait of %d minutes is refused', async waitMinutes => {
  await expect(openProcesses({ environment: {}, waitMinutes })).rejects.toThrow(RangeError)
})

test('MPI can be asked for by a process that is alone', async context => {
  needs(context, 'mpirun')
  const { status, stdout, stderr } = await runAlone('alone.ts', ['mpi'])
  expect(status, stderr).toBe(0)
  expect(stdout).toBe(
    'process 0 of 1 got 1,2; opened again: MPI was started in this process before, and can be started only once\n',
  )
})

test('processes that srun started without MPI are refused, and told how to start', async context => {
  needs(context, 'mpirun')
  const { status, stderr } = await runAlone('alone.ts', [], slurm)
  expect(status).toBe(1)
  expect(stderr).toMatch(
    /ProcessesError: srun started this process as 3 of 8, but Open MPI v[\d.]+.* sees 1 in all: start with srun --mpi=pmix/,
  )
})
