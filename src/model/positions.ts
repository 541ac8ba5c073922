/**
 * Where a token stands, in numbers: rotary angles, their dynamic stretching for long texts (NTK), and the growth of
 * queries with length (logn). Plain arrays: they depend on the text's length only, and are fed to the graph.
 * Source: `modeling_qwen.py`, `RotaryEmbedding` and `logn_tensor`.
 */
import { type QwenVLConfig, rotaryWidth } from './config.ts'

export interface RotaryTables {
  /** [positions.length, rotary / 2], row after row. */
  readonly cosines: Float32Array
  readonly sines: Float32Array
}

/**
 * The stretching of a text of `length` tokens: 1 up to the trained length, then 3, 7, 15 … with every doubling.
 * It is chosen when a text is first read; tokens written after it keep it, since keys are kept turned.
 */
export function ntkAlpha(length: number, { use_dynamic_ntk, seq_length }: QwenVLConfig): number {
  if (!use_dynamic_ntk) return 1
  return Math.max(2 ** Math.ceil(Math.log2(length / seq_length) + 1) - 1, 1)
}

/** Cosines and sines for tokens at the given positions (0 is the first token), under a stretching `alpha`. */
export function rotaryTables(positions: ArrayLike<number>, alpha: number, config: QwenVLConfig): RotaryTables {
  const width = rotaryWidth(config)
  const half = width / 2
  const frequencies = inverseFrequencies(width, config.rotary_emb_base * alpha ** (width / (width - 2)))
  const cosines = new Float32Array(positions.length * half)
  const sines = new Float32Array(positions.length * half)
  for (let row = 0; row < positions.length; row++) {
    for (let i = 0; i < half; i++) {
      // The original multiplies in float32: at position 8,000 that is worth three digits.
      const angle = Math.fround((positions[row] as number) * (frequencies[i] as number))
      cosines[row * half + i] = Math.cos(angle)
      sines[row * half + i] = Math.sin(angle)
    }
  }
  return { cosines, sines }
}

/** base^(-2i / width), with every step rounded to float32 as the original's tensors are. */
function inverseFrequencies(width: number, base: number): Float32Array {
  const rounded = Math.fround(base)
  return Float32Array.from({ length: width / 2 }, (_, i) => 1 / Math.fround(rounded ** Math.fround((2 * i) / width)))
}

/** What queries at the given positions are multiplied by: log(p + 1) / log(trained length) beyond it, else 1. */
export function queryScales(positions: ArrayLike<number>, { use_logn_attn, seq_length }: QwenVLConfig): Float32Array {
  return Float32Array.from({ length: positions.length }, (_, row) => {
    const ordinal = (positions[row] as number) + 1
    return use_logn_attn && ordinal > seq_length ? Math.log(ordinal) / Math.log(seq_length) : 1
  })
}
