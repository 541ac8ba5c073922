/**
 * AdamW: start reading here. It holds the trained parameters and their gradients, takes the norm of all gradients, clips
 * them, and moves the parameters; over several processes each one keeps the moments of its share and moves that. The
 * arithmetic is float32 (norms float64) and always in the same order: the same numbers give the same bits, also after a
 * resumption. Knows no model and no schedule: who is trained is told by `groups.ts`, how fast by `schedule.ts`.
 */
import type { TensorValue } from '../../runtime/runtime.ts'
import { type Processes, singleProcess } from '../parallel/processes.ts'
import { Arena, type GradientSource } from './arena.ts'
import { ARENA_BYTES, BLOCK, planArenas } from './arenaPlan.ts'
import { type MomentPiece, readState, type StateOptions, writeState } from './state.ts'

export interface TrainedParameter {
  readonly name: string
  readonly shape: readonly number[]
  /** Factor of the learning rate. */
  readonly rate: number
  /** Whether it decays. */
  readonly decays: boolean
}

export interface AdamWOptions {
  readonly beta1: number
  readonly beta2: number
  /** From 1e-30 on. */
  readonly epsilon: number
  /** What a parameter loses in a step, as a multiple of the learning rate. */
  readonly decay: number
  /** The largest norm of all gradients together; 0: they are never clipped. */
  readonly clip: number
}

export interface OptimiserStep {
  /** Of all gradients together, before clipping: NaN or infinite if any of them is. The same on all processes. */
  readonly norm: number
  readonly clipped: boolean
  /** Whether a step was taken: not where the norm is NaN or infinite. */
  readonly applied: boolean
}

/** What processes add up at once. Floats. */
const BUCKET = 4 * 2 ** 20

/** Moments that have faded away are set to zero whenever the number of steps is a multiple of this. */
const SETTLE_EVERY = 64

const countElements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)

/**
 *     const optimiser = new Optimiser(parameterGroups(shapes, trained, {}, layers), options)
 *     await session.run({ ...optimiser.parameters, ...batch }, { into: optimiser.gradients })
 *     const { norm } = await optimiser.step(1e-4)
 */
export class Optimiser {
  /** By name, to be fed to a session of the caller's thread, and to be filled before the first step: all zeros at first. */
  readonly parameters: Readonly<Record<string, TensorValue<'float32'>>>
  /** By `d.${name}`, to be filled by a session. */
  readonly gradients: Readonly<Record<string, TensorValue<'float32'>>>
  readonly #trained: ReadonlyMap<string, TrainedParameter>
  readonly #options: AdamWOptions
  readonly #processes: Processes
  readonly #arenas: readonly Arena[]
  #accumulated = false
  #steps = 0

  /**
   * Finds the memory: 16 bytes for each number that is trained and 4 more with accumulation; over n processes the half
   * of the 16 falls to 8 / n. All processes give the same parameters in the same order, and fill them with the same values.
   * `arenaBytes` is the size of the pieces of memory in which tensors stand together; a tensor that takes more (by
   * default one of more than 214 million numbers, on one process) stands by itself, and its step takes longer: see
   * `arena.ts`. The results are the same to the bit.
   *
   * Throws an EngineMemoryError if there is no room, and a RangeError for names that appear twice and numbers out of range.
   */
  constructor(
    parameters: readonly TrainedParameter[],
    options: AdamWOptions,
    processes: Processes = singleProcess,
    arenaBytes: number = ARENA_BYTES,
  ) {
    check(parameters, options)
    this.#trained = new Map(parameters.map(parameter => [parameter.name, parameter]))
    this.#options = options
    this.#processes = processes
    const tensors = parameters.map(({ name, shape }) => ({ name, length: countElements(shape) }))
    this.#arenas = planArenas(tensors, processes.size, arenaBytes).map(plan => new Arena(plan, processes.rank))
    this.parameters = this.#tensors('', ({ parameters: values }) => values)
    this.gradients = this.#tensors('d.', ({ gradients }) => gradients)
  }

  /** Steps that were taken; those that changed nothing do not count. */
  get steps(): number {
    return this.#steps
  }

  /**
   * Adds what is in `gradients` to the sum of this step. Either every part of a step is followed by this, and `step`
   * uses the sum; or the step has a single part, and this is not called at all.
   */
  accumulate(): void {
    for (const arena of this.#arenas) arena.accumulate(!this.#accumulated)
    this.#accumulated = true
  }

  /** Makes all gradients zero: for a process that has nothing to compute while others have. */
  clear(): void {
    for (const { gradients } of this.#arenas) gradients.fill(0)
  }

  /**
   * Adds up the gradients of all processes, takes their norm and clips them, moves this process's share of the
   * parameters, and completes the parameters everywhere. When the norm is not finite, nothing is changed; with a
   * norm of 0 parameters still decay, as PyTorch has it. What `gradients` holds afterwards is undefined.
   *
   * Rejects with a RangeError unless the learning rate is a finite number from 0 on.
   */
  async step(learningRate: number): Promise<OptimiserStep> {
    if (!(learningRate >= 0 && Number.isFinite(learningRate)))
      throw new RangeError(`the learning rate is ${learningRate}: it must be a finite number from 0 on`)
    const source = this.#accumulated ? 'sums' : 'gradients'
    this.#accumulated = false
    if (this.#processes.size > 1) await this.#addUp(source)
    const norm = Math.sqrt(await this.#sumOfSquares(source))
    if (!Number.isFinite(norm)) return { norm, clipped: false, applied: false }
    const { clip } = this.#options
    // As torch.nn.utils.clip_grad_norm_ has it.
    const scale = clip === 0 ? 1 : Math.min(1, clip / (norm + 1e-6))
    this.#steps++
    for (const arena of this.#arenas) this.#update(arena, source, learningRate, scale)
    if (this.#steps % SETTLE_EVERY === 0) for (const arena of this.#arenas) arena.settle()
    if (this.#processes.size > 1) {
      for (const { parameters, plan } of this.#arenas) await this.#processes.allGather(parameters, plan.borders)
    }
    return { norm, clipped: scale < 1, applied: true }
  }

  /**
   * Writes the moments of this process's share, and the number of steps, into `optimiser-00001-of-00002.safetensors`
   * (process 1 of 2), and gives the name of the file. All processes do it, into a folder that holds no other state; the
   * state is complete when all of them have. No step may be taken meanwhile. Parameters are not part of it.
   *
   * Rejects with a DiskSpaceError, or with the signal's reason.
   */
  saveState(folder: string, options: StateOptions = {}): Promise<string> {
    const { rank, size } = this.#processes
    return writeState(folder, { rank, size, steps: this.#steps, pieces: this.#pieces() }, options)
  }

  /**
   * Goes on from a state that the same parameters had, whatever number of processes wrote it. After a rejection the
   * moments are undefined.
   *
   * Rejects with a CheckpointError that says what is missing or belongs to other parameters, a FormatError for damaged
   * files, or the signal's reason.
   */
  async loadState(folder: string, options: StateOptions = {}): Promise<void> {
    const lengths = new Map([...this.#trained].map(([name, { shape }]) => [name, countElements(shape)]))
    this.#steps = await readState(folder, lengths, this.#pieces(), options)
    this.#accumulated = false
  }

  #tensors(prefix: string, section: (arena: Arena) => Float32Array): Record<string, TensorValue<'float32'>> {
    return Object.fromEntries(
      this.#arenas.flatMap(arena =>
        arena.plan.places.map(({ name, from, to }) => {
          const { shape } = this.#trained.get(name)!
          return [prefix + name, { type: 'float32', shape: [...shape], data: section(arena).subarray(from, to) }]
        }),
      ),
    )
  }

  async #addUp(source: GradientSource): Promise<void> {
    for (const { [source]: values } of this.#arenas) {
      for (let at = 0; at < values.length; at += BUCKET)
        await this.#processes.allReduce(values.subarray(at, at + BUCKET), 'sum')
    }
  }

  /**
   * Each process has the blocks of its share, and zeros for those of the others, to which nothing is lost when they are
   * added; then all add the blocks in the same order. So the result does not depend on the number of processes.
   */
  async #sumOfSquares(source: GradientSource): Promise<number> {
    const blocks = new Float64Array(this.#arenas.reduce((sum, { plan }) => sum + plan.length / BLOCK, 0))
    let at = 0
    for (const arena of this.#arenas) {
      blocks.set(arena.squares(source), at + arena.from / BLOCK)
      at += arena.plan.length / BLOCK
    }
    if (this.#processes.size > 1) await this.#processes.allReduce(blocks, 'sum')
    return blocks.reduce((sum, block) => sum + block, 0)
  }

  #update(arena: Arena, source: GradientSource, learningRate: number, scale: number): void {
    const { beta1, beta2, epsilon, decay } = this.#options
    // The correction of the second moment comes out of the root, and goes into the rate and epsilon.
    const root = Math.sqrt(1 - beta2 ** this.#steps)
    const corrected = root / (1 - beta1 ** this.#steps)
    for (const part of arena.parts) {
      const { rate, decays } = this.#trained.get(part.name)!
      arena.update(part, source, {
        scale,
        beta1,
        beta2,
        keep: decays ? 1 - learningRate * rate * decay : 1,
        rate: learningRate * rate * corrected,
        epsilon: epsilon * root,
      })
    }
  }

  #pieces(): MomentPiece[] {
    return this.#arenas.flatMap(arena =>
      arena.parts.map(part => ({ name: part.name, offset: part.offset, ...arena.moments(part) })),
    )
  }
}

function check(parameters: readonly TrainedParameter[], options: AdamWOptions): void {
  const names = new Set<string>()
  for (const { name, shape, rate } of parameters) {
    if (names.has(name)) throw new RangeError(`the parameter "${name}" is to be trained twice: name it once`)
    if (shape.some(size => !Number.isSafeInteger(size) || size < 0))
      throw new RangeError(`the parameter "${name}" has the shape [${shape.join(', ')}], which is none`)
    if (!(rate >= 0 && Number.isFinite(rate)))
      throw new RangeError(`the learning rate of "${name}" has the factor ${rate}: it must be a number from 0 on`)
    names.add(name)
  }
  const { beta1, beta2, epsilon, decay, clip } = options
  const refuse = (what: string, value: number, range: string) => {
    throw new RangeError(`${what} is ${value}: it must be ${range}`)
  }
  if (!(beta1 >= 0 && beta1 < 1)) refuse('beta1', beta1, 'from 0 to below 1')
  if (!(beta2 >= 0 && beta2 < 1)) refuse('beta2', beta2, 'from 0 to below 1')
  // Where a gradient has always been 0 the formula divides by it, in float32.
  if (!(epsilon >= 1e-30 && Number.isFinite(epsilon))) refuse('epsilon', epsilon, 'a number from 1e-30 on')
  if (!(decay >= 0 && Number.isFinite(decay))) refuse('decay', decay, 'a number from 0 on')
  if (!(clip >= 0 && Number.isFinite(clip))) refuse('clip', clip, 'a number from 0 on, and 0 means no clipping')
}
