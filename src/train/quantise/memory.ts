/** What quantising takes in memory, from sizes alone; and the refusal where there is less. Reads nothing. */
import { formatBytes } from '../../checkpoint/index.ts'
import { languageLayers, parameterShapes, type QwenVLConfig } from '../../model/index.ts'
import { DataError } from '../data/errors.ts'
import { blockPath } from './graphs.ts'

export interface Wanted {
  /** Tokens of the calibration samples, and of those that are scored. */
  readonly calibration: number
  readonly evaluation: number
  /** Of the longest row. */
  readonly longest: number
}

/** What the program itself takes: Node and the engine. Bytes. */
const PROGRAM = 350e6

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)

/** Parts of the memory that quantising takes at most, in bytes. */
export function memoryFor(config: QwenVLConfig, { calibration, evaluation, longest }: Wanted) {
  const shapes = [...parameterShapes(config)]
  const sum = (belongs: (name: string) => boolean) =>
    4 * shapes.reduce((total, [name, shape]) => total + (belongs(name) ? count(shape) : 0), 0)
  const sizes = [...languageLayers(config).values()]
  const widest = Math.max(...sizes.map(size => size.in))
  const largest = Math.max(...sizes.map(size => size.in * size.out))
  const { hidden_size: hidden, num_attention_heads: heads } = config
  // A block as it was, as it becomes and rounded; six arrays of a layer's size; the moments, those of one row, what the
  // engine keeps of them for its next run, and their factor with its panels. One block of the published
  // sizes was measured: 8.4 GB, where 8.6 are estimated.
  const solving = 3 * sum(name => name.startsWith(`${blockPath(0)}.`)) + 6 * 4 * largest + 6 * 4 * widest ** 2
  // Activations of one row, of which the attention scores may be the most.
  const running = 4 * longest * (12 * hidden + 3 * widest) + 8 * heads * longest ** 2
  const isVisual = (name: string) => name.startsWith('transformer.visual.')
  const head = sum(name => name.startsWith('lm_head.'))
  return {
    /** Before the first block samples are there one by one and in rows. */
    states: 4 * hidden * (calibration + 3 * evaluation),
    /** Whichever is the most: seeing pictures, a block, or the scores at the end. */
    work: PROGRAM + Math.max(sum(isVisual), solving + running, evaluation > 0 ? head : 0),
  }
}

/** Bytes of memory that it takes. Throws a DataError where that is more than there is, with the arithmetic. */
export function requireMemory(config: QwenVLConfig, wanted: Wanted, available: number | undefined): number {
  const { states, work } = memoryFor(config, wanted)
  if (available === undefined || states + work <= available) return states + work
  const { calibration, evaluation } = wanted
  const tokens = calibration + 3 * evaluation
  const room = Math.floor((available - work) / (4 * config.hidden_size))
  const advice =
    room > 3 * evaluation
      ? `there is room for ${Math.max(0, room - 3 * evaluation).toLocaleString('en-US')} tokens of calibration data: take fewer with --samples`
      : 'use a machine with more'
  throw new DataError(
    `quantising takes ${formatBytes(states + work)} of memory, and ${formatBytes(available)} are free: ${formatBytes(work)} for the model's parts, and ${formatBytes(states)} for the hidden states of samples (${calibration.toLocaleString('en-US')} tokens, and 3 × ${evaluation.toLocaleString('en-US')} to be scored, ${tokens.toLocaleString('en-US')} × ${config.hidden_size} numbers). ${advice}`,
  )
}
