/** What can go wrong between processes that train together. The message says which process, in what, and what to do. */

/**
 * The processes cannot work together: MPI is not there or failed, they were not started as one job, or they do
 * different things. There is no going on after one: end the process, which ends the job.
 */
export class ProcessesError extends Error {
  override name = 'ProcessesError'
}
