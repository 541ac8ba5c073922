/**
 * The processes that train one model together, as seen by one of them. Start here: the rest of the folder is one
 * implementation for a single process and one over MPI. Knows numbers, and nothing of models.
 *
 * Every process calls the same operations in the same order; each settles when its part is done. A process that dies
 * ends all of them: the run is then resumed from its last checkpoint.
 */
export interface Processes extends AsyncDisposable {
  /** Which one this is: 0 to `size` - 1. */
  readonly rank: number
  readonly size: number
  /** Adds up (or takes the largest of) the values of all processes, element by element and in place. */
  allReduce(values: Float32Array | Float64Array, operation?: 'sum' | 'max'): Promise<void>
  /** Overwrites the values of all others with those of process `root`. */
  broadcast(values: Float32Array | Float64Array | Uint8Array, root: number): Promise<void>
  /**
   * Completes a shared array of which each process has a part: process r gives `values[borders[r]]` up to
   * `values[borders[r + 1]]`, and all get everything. `borders` has `size` + 1 entries and is the same everywhere.
   */
  allGather(values: Float32Array, borders: readonly number[]): Promise<void>
  /** Waits for all. */
  barrier(): Promise<void>
  /** Ends all processes at once, with a failure status: called when this one cannot go on. */
  abort(): void
  dispose(): Promise<void>
}

/** One process alone: every operation is done before it begins. */
export const singleProcess: Processes = {
  rank: 0,
  size: 1,
  allReduce: async () => {},
  broadcast: async () => {},
  allGather: async () => {},
  barrier: async () => {},
  abort: () => {},
  dispose: async () => {},
  [Symbol.asyncDispose]: async () => {},
}
