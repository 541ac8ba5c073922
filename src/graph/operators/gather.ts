/** Reading and writing by position: embedding look-up, one element per row, rows put in place. */
import { formatShape, type Shape, sameShape } from '../dimension.ts'
import { dataTypes } from '../onnx/attributes.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { zerosLike } from './broadcast.ts'
import { flatten, reshape } from './reshape.ts'

function checkIndices(name: string, inputs: readonly Tensor[], indices: Tensor): void {
  if (indices.type !== 'int64' && indices.type !== 'int32') refuse(name, inputs, 'the positions must be int64 or int32')
}

const gatherOperator: Operator<undefined> = {
  name: 'gather',
  infer(inputs) {
    const [table, positions] = inputs as readonly [Tensor, Tensor]
    checkIndices('gather', inputs, positions)
    if (table.rank < 1) refuse('gather', inputs, 'the table needs at least one axis')
    return [{ type: table.type, shape: [...positions.shape, ...table.shape.slice(1)] }]
  },
  gradient({ inputs }, [gradient]) {
    const [table, positions] = inputs as readonly [Tensor, Tensor]
    const rows = () => reshape(gradient as Tensor, [flatten(positions).size(0), ...table.shape.slice(1)])
    return [() => scatterAddRows(table.shape, flatten(positions), rows()), undefined]
  },
  onnx: (emit, inputs) => [emit.node('Gather', inputs, { axis: 0 })],
}

/**
 * Rows of a table: an embedding look-up.
 * table [N, ...], positions [...P] of integers in [-N, N) → [...P, ...]
 */
export const gather = (table: Tensor, positions: Tensor): Tensor => apply(gatherOperator, [table, positions], undefined)

/** Positions [M] as ScatterND wants them: int64 [M, 1]. */
function rowColumns(emit: Emitter, value: string, { type }: Tensor): string {
  const wide = type === 'int64' ? value : emit.node('Cast', [value], { to: dataTypes.int64 })
  return emit.node('Unsqueeze', [wide, emit.int64([-1])])
}

const scatterAddOperator: Operator<{ shape: Shape }> = {
  name: 'scatterAddRows',
  infer(inputs, { shape }) {
    const [positions, rows] = inputs as readonly [Tensor, Tensor]
    checkIndices('scatterAddRows', inputs, positions)
    const wanted = [...positions.shape, ...shape.slice(1)]
    if (positions.rank !== 1 || shape.length < 1 || !sameShape(rows.shape, wanted)) {
      refuse('scatterAddRows', inputs, `positions must be a vector and the rows ${formatShape(wanted)}`)
    }
    return [{ type: rows.type, shape }]
  },
  gradient: ({ inputs: [positions] }, [gradient]) => [undefined, () => gather(gradient as Tensor, positions as Tensor)],
  onnx(emit, [positions, rows], { inputs: [at, values], attributes: { shape } }) {
    const zeros = emit.node('Expand', [emit.scalar(0, (values as Tensor).type), emit.shape(shape)])
    const summands = [rowColumns(emit, positions as string, at as Tensor), rows as string] as const
    const table = emit.node('ScatterND', [zeros, ...summands], { reduction: 'add' })
    emit.scattered.set(table, summands)
    return [table]
  },
}

/** Sums rows into a table of zeros. positions [M], rows [M, ...] → `shape` */
export function scatterAddRows(shape: Shape, positions: Tensor, rows: Tensor): Tensor {
  return apply(scatterAddOperator, [positions, rows], { shape })
}

/** Writes x + y without the pass over zeros, where y is rows summed into zeros; else gives undefined. */
export function writeScatteredSum(emit: Emitter, x: string, y: string): string | undefined {
  const summands = emit.scattered.get(y)
  return summands && emit.node('ScatterND', [x, ...summands], { reduction: 'add' })
}

const scatterOperator: Operator<undefined> = {
  name: 'scatterRows',
  infer(inputs) {
    const [x, positions, rows] = inputs as readonly [Tensor, Tensor, Tensor]
    checkIndices('scatterRows', inputs, positions)
    const wanted = [...positions.shape, ...x.shape.slice(1)]
    if (positions.rank !== 1 || rows.type !== x.type || !sameShape(rows.shape, wanted)) {
      refuse('scatterRows', inputs, `positions must be a vector and the rows ${x.type} ${formatShape(wanted)}`)
    }
    return [x]
  },
  gradient({ inputs }, [gradient]) {
    const [, positions, rows] = inputs as readonly [Tensor, Tensor, Tensor]
    return [
      () => scatterRows(gradient as Tensor, positions, zerosLike(rows)),
      undefined,
      () => gather(gradient as Tensor, positions),
    ]
  },
  onnx: (emit, [x, positions, rows], { inputs: [, at] }) => [
    emit.node('ScatterND', [x as string, rowColumns(emit, positions as string, at as Tensor), rows as string]),
  ],
}

/**
 * x with some rows replaced: how picture embeddings take their places among token embeddings.
 * x [N, ...], positions [M] of distinct integers in [0, N), rows [M, ...] → [N, ...]
 */
export function scatterRows(x: Tensor, positions: Tensor, rows: Tensor): Tensor {
  return apply(scatterOperator, [x, positions, rows], undefined)
}

const pickOperator: Operator<undefined> = {
  name: 'pick',
  infer(inputs) {
    const [x, positions] = inputs as readonly [Tensor, Tensor]
    checkIndices('pick', inputs, positions)
    if (!sameShape(positions.shape, x.shape.slice(0, -1))) {
      refuse('pick', inputs, `needs one position for each row: ${formatShape(x.shape.slice(0, -1))}`)
    }
    return [{ type: x.type, shape: positions.shape }]
  },
  gradient({ inputs }, [gradient]) {
    const [x, positions] = inputs as readonly [Tensor, Tensor]
    return [() => place(x.shape, positions, gradient as Tensor), undefined]
  },
  onnx(emit, [x, positions]) {
    const last = emit.int64([-1])
    const column = emit.node('Unsqueeze', [positions as string, last])
    return [emit.node('Squeeze', [emit.node('GatherElements', [x as string, column], { axis: -1 }), last])]
  },
}

/** One element of each row. x [..., N], positions [...] → [...] */
export const pick = (x: Tensor, positions: Tensor): Tensor => apply(pickOperator, [x, positions], undefined)

const placeOperator: Operator<{ shape: Shape }> = {
  name: 'place',
  infer: ([, values], { shape }) => [{ type: (values as Tensor).type, shape }],
  gradient: ({ inputs: [positions] }, [gradient]) => [undefined, () => pick(gradient as Tensor, positions as Tensor)],
  onnx(emit, [positions, values], { inputs: [, value], attributes: { shape } }) {
    const last = emit.int64([-1])
    const zeros = emit.node('Expand', [emit.scalar(0, (value as Tensor).type), emit.shape(shape)])
    const columns = [positions, values].map(name => emit.node('Unsqueeze', [name as string, last]))
    return [emit.node('ScatterElements', [zeros, ...columns], { axis: -1 })]
  },
}

/** Zeros but for one element in each row. positions [...], values [...] → `shape` [..., N] */
function place(shape: Shape, positions: Tensor, values: Tensor): Tensor {
  return apply(placeOperator, [positions, values], { shape })
}
