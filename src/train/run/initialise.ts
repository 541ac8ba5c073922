/**
 * Values for parameters that no checkpoint gives: drawn from a seed, each name from a stream of its own, so that what one
 * part draws does not depend on which others are drawn.
 *
 * Source: `_init_weights` of `modeling_qwen.py` and the constructors of `visual.py` in the published model.
 */
import { createHash } from 'node:crypto'
import { seededRandom } from '../../generate/sampling.ts'
import type { QwenVLConfig } from '../../model/index.ts'

/** `initializer_range` of the published configuration. */
const DEVIATION = 0.02

/** A parameter's first values. shape as in the checkpoint; row-major. */
export function initialValues(
  name: string,
  shape: readonly number[],
  config: QwenVLConfig,
  seed: number,
): Float32Array<ArrayBuffer> {
  const count = shape.reduce((product, size) => product * size, 1)
  if (/\bln_\w+\.weight$/.test(name)) return new Float32Array(count).fill(1)
  if (/bias$/.test(name)) return new Float32Array(count)
  if (name.endsWith('attn_pool.pos_embed')) return sineTable(shape as readonly [number, number])
  const { deviation, cut } = spread(name, shape, config)
  const draw = gaussian(streamOf(name, seed))
  return Float32Array.from({ length: count }, () => {
    let value = draw()
    while (Math.abs(value) > cut) value = draw()
    return deviation * value
  })
}

function spread(name: string, shape: readonly number[], { num_hidden_layers: layers }: QwenVLConfig) {
  const whole = { cut: Number.POSITIVE_INFINITY }
  if (/positional_embedding$|\bproj$/.test(name)) return { ...whole, deviation: (shape.at(-1) as number) ** -0.5 }
  // What writes into the residual stream is smaller, as in GPT-2.
  if (/c_proj\.weight$/.test(name)) return { ...whole, deviation: DEVIATION / Math.sqrt(2 * layers) }
  if (name.includes('attn_pool')) return { deviation: DEVIATION, cut: 2 / DEVIATION } // trunc_normal_: cut at ±2
  return { ...whole, deviation: DEVIATION }
}

function streamOf(name: string, seed: number): () => number {
  return seededRandom(createHash('sha256').update(`${seed}:${name}`).digest().readUInt32LE(0))
}

/** Standard normal numbers: Box and Muller's method. */
export function gaussian(random: () => number): () => number {
  let kept: number | undefined
  return () => {
    if (kept !== undefined) {
      const value = kept
      kept = undefined
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    const angle = 2 * Math.PI * random()
    kept = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}

/**
 * The adapter's position table: sines and cosines of the column in the first half of the channels, of the row in the
 * second (MAE's two-dimensional table). [queries, width], queries row by row on a square grid
 */
function sineTable([queries, width]: readonly [number, number]): Float32Array<ArrayBuffer> {
  const side = Math.sqrt(queries)
  const quarter = width / 4
  const frequencies = Float32Array.from({ length: quarter }, (_, i) => 1 / 10000 ** (i / quarter))
  const table = new Float32Array(queries * width)
  for (let query = 0; query < queries; query++) {
    const places = [query % side, Math.floor(query / side)]
    places.forEach((place, half) => {
      for (let i = 0; i < quarter; i++) {
        const angle = Math.fround(place * (frequencies[i] as number))
        const at = query * width + half * 2 * quarter + i
        table[at] = Math.sin(angle)
        table[at + quarter] = Math.cos(angle)
      }
    })
  }
  return table
}
