/**
 * How this process was started: alone, or as one of many by mpirun or srun. Reads the environment that these give to
 * what they start; loads no MPI and does not know what is trained.
 */

export interface Launch {
  /** The program that started it, as one types it. */
  readonly launcher: 'mpirun' | 'mpiexec' | 'srun' | 'PMIx'
  /** Where the launcher tells them. */
  readonly rank?: number
  readonly size?: number
}

/**
 * What the environment says, or undefined for a process that was started alone. A batch script of Slurm is alone even
 * where its job has many tasks (SLURM_NTASKS): only what srun starts has SLURM_STEP_NUM_TASKS.
 */
export function launchOf(environment: Readonly<Record<string, string | undefined>>): Launch | undefined {
  const number = (name: string): number | undefined => {
    const text = environment[name]
    return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
  }
  const launch = (launcher: Launch['launcher'], rank: string, size: string): Launch | undefined => {
    const [ownRank, ownSize] = [number(rank), number(size)]
    return ownRank === undefined || ownSize === undefined ? undefined : { launcher, rank: ownRank, size: ownSize }
  }
  // In this order: mpirun and mpiexec may themselves run inside a job of Slurm.
  return (
    launch('mpirun', 'OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE') ??
    launch('mpiexec', 'PMI_RANK', 'PMI_SIZE') ??
    launch('srun', 'SLURM_PROCID', 'SLURM_STEP_NUM_TASKS') ??
    (number('PMIX_RANK') === undefined ? undefined : { launcher: 'PMIx', rank: number('PMIX_RANK')! })
  )
}
