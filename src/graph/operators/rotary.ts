/** Rotary position embedding in the half-split layout: element i turns together with element i + half. */
import { type Dimension, formatShape, type Shape } from '../dimension.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { add, mul, neg, sub } from './arithmetic.ts'
import { concat, split } from './join.ts'
import { reshape } from './reshape.ts'

/** [sequence, half] → [sequence, 1, half], to broadcast over heads. */
const overHeads = (table: Tensor): Tensor => reshape(table, [...table.shape.slice(0, -1), 1, table.size(-1)])

const rotaryOperator: Operator<undefined> = {
  name: 'rotary',
  infer(inputs) {
    const [x, cosines, sines] = inputs as readonly [Tensor, Tensor, Tensor]
    const width = x.size(-1)
    const half = cosines.size(-1)
    if (x.rank !== 4 || typeof width !== 'number' || typeof half !== 'number' || 2 * half > width) {
      refuse('rotary', inputs, 'needs x [batch, sequence, heads, width] and tables of at most width / 2 angles')
    }
    for (const table of [cosines, sines]) {
      const sequence = table.size(-2)
      const isPerRow = table.rank === 3 && (table.size(0) === x.size(0) || table.size(0) === 1)
      if (
        (table.rank !== 2 && !isPerRow) ||
        sequence !== x.size(1) ||
        table.size(-1) !== half ||
        table.type !== x.type
      ) {
        refuse(
          'rotary',
          inputs,
          `the tables must be ${x.type} ${formatShape([x.size(1), half])}, or that for each row of the batch`,
        )
      }
    }
    return [x]
  },
  // Turning back by the same angles.
  gradient: ({ inputs: [, cosines, sines] }, [gradient]) => [
    () => rotary(gradient as Tensor, cosines as Tensor, neg(sines as Tensor)),
    undefined,
    undefined,
  ],
  decompose: ([x, cosines, sines]) => [turn(x as Tensor, cosines as Tensor, sines as Tensor)],
  onnx(emit, [value, cosines, sines], { inputs: [x, table] }) {
    const [batch, sequence, heads, width] = (x as Tensor).shape as [Dimension, Dimension, number, number]
    const rows = [batch, sequence, heads * width]
    const { shape } = table as Tensor
    const tables = [cosines, sines].map(angles =>
      shape.length === 2
        ? (angles as string)
        : emit.node('Reshape', [angles as string, emit.int64([-1, shape.at(-1) as number])]),
    )
    // One table for all rows: position 0 is its first row. One for each: token t of row r has row r · sequence + t.
    const positions = shape.length === 2 ? emit.int64([0]) : countUp(emit, [batch, sequence])
    const turned = emit.microsoft(
      'RotaryEmbedding',
      [emit.reshape(value as string, (x as Tensor).shape, rows), positions, ...tables],
      { num_heads: heads },
    )
    return [emit.reshape(turned, rows, (x as Tensor).shape)]
  },
}

/** 0, 1, 2 … in rows. */
function countUp(emit: Emitter, shape: Shape): string {
  const [rows, columns] = shape.map(size => emit.dimension(size)) as [string, string]
  const numbers = emit.node('Range', [emit.int64([0], []), emit.node('Mul', [rows, columns]), emit.int64([1], [])])
  return emit.node('Reshape', [numbers, emit.shape(shape)])
}

function turn(x: Tensor, cosines: Tensor, sines: Tensor): Tensor {
  const width = x.size(-1) as number
  const half = cosines.size(-1) as number
  const sizes = [half, half, width - 2 * half].filter(size => size > 0)
  const [first, second, rest] = split(x, sizes) as [Tensor, Tensor, Tensor | undefined]
  const [c, s] = [overHeads(cosines), overHeads(sines)]
  const turned = [sub(mul(first, c), mul(second, s)), add(mul(second, c), mul(first, s))]
  return concat(rest ? [...turned, rest] : turned)
}

/**
 * Turns each pair (x[i], x[i + half]) by the angle of its position (arXiv 2104.09864, half-split as in GPT-NeoX).
 * Elements beyond 2·half pass. The tables carry no gradient.
 * x [batch, sequence, heads, width], cosines and sines [sequence, half] or [batch, sequence, half]
 */
export function rotary(x: Tensor, cosines: Tensor, sines: Tensor): Tensor {
  const turned = apply(rotaryOperator, [x, cosines, sines], undefined)
  // The fused form wants tables as wide as the heads, of heads known in number, one or as many as there are rows.
  const isOnePerRow = cosines.rank === 3 && cosines.size(0) === x.size(0)
  const isFusable =
    (cosines.rank === 2 || isOnePerRow) && x.size(-1) === 2 * Number(cosines.size(-1)) && typeof x.size(2) === 'number'
  return isFusable ? turned : turn(x, cosines, sines)
}
