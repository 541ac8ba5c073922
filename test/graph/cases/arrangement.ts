/** Cases of what moves elements without changing them: shapes, parts, positions. */
import {
  add,
  concat,
  expand,
  flatten,
  gather,
  mul,
  pad,
  pick,
  reshape,
  scatterAddRows,
  scatterRows,
  slice,
  split,
  sumTo,
  transpose,
} from '../../../src/graph/index.ts'
import { distinctPositions, given, normal, type OperatorCase, operatorCase, positions, whole } from './define.ts'

const cube = (m: number, n: number, k: number) => ({ x: normal([m, n, k]) })

const shapes: OperatorCase[] = [
  operatorCase('reshape', cube, ({ x }, m, n, k) => reshape(x, [k, m * n])),
  operatorCase('reshape, one size left open', cube, ({ x }, m) => reshape(x, [-1, 1, m])),
  operatorCase('reshape of a reshape', cube, ({ x }, m, n, k) => reshape(reshape(x, [m * n, k]), [n, m * k, 1])),
  operatorCase(
    'reshape to no axes',
    () => ({ x: normal([1, 1]) }),
    ({ x }) => reshape(x, []),
  ),
  operatorCase('flatten', cube, ({ x }) => [flatten(x), flatten(x, 1), flatten(x, 0, 1)]),
  operatorCase('transpose, the last two axes', cube, ({ x }) => transpose(x)),
  operatorCase('transpose, an order of axes', cube, ({ x }) => [transpose(x, [2, 0, 1]), transpose(x, [1, 0, -1])]),
  operatorCase('transpose of a transpose', cube, ({ x }) => transpose(transpose(x, [2, 0, 1]), [2, 0, 1])),
  operatorCase(
    'expand',
    (m, _, k) => ({ x: normal([m, 1, k]) }),
    ({ x }, m, n, k) => expand(x, [2, m, n, k]),
  ),
  operatorCase('sumTo', cube, ({ x }, _, n, k) => [sumTo(x, [n, k]), sumTo(x, [n, 1]), sumTo(x, [])]),
  operatorCase(
    'the same tensor used by several',
    (m, n) => ({ x: normal([m, n]) }),
    ({ x }) => [add(mul(x, x), x), mul(transpose(x), 2), x],
  ),
]

const parts: OperatorCase[] = [
  operatorCase(
    'concat, the first axis',
    (m, n, k) => ({ a: normal([m, k]), b: normal([n, k]) }),
    ({ a, b }) => concat([a, b], 0),
  ),
  operatorCase(
    'concat, three along the last axis, one of them twice',
    (m, n, k) => ({ a: normal([m, n]), b: normal([m, k]) }),
    ({ a, b }) => concat([a, b, a]),
  ),
  operatorCase(
    'concat of one',
    m => ({ a: normal([m]) }),
    ({ a }) => concat([a]),
  ),
  operatorCase(
    'split, equal parts',
    (m, n) => ({ x: normal([m, 3 * n]) }),
    ({ x }) => split(x, 3),
  ),
  operatorCase(
    'split, given sizes',
    (m, n, k) => ({ x: normal([m + n, k]) }),
    ({ x }, m, n) => split(x, [m, n], 0),
  ),
  operatorCase(
    'split, one part used',
    (m, n) => ({ x: normal([m, 2 * n]) }),
    ({ x }) => split(x, 2)[1]!,
  ),
  operatorCase(
    'slice, the middle',
    (m, n) => ({ x: normal([m + 2, n]) }),
    ({ x }, m) => slice(x, { axis: 0, start: 1, end: m + 1 }),
  ),
  operatorCase(
    'slice, from a start',
    (m, n) => ({ x: normal([m, n + 1]) }),
    ({ x }) => slice(x, { axis: -1, start: 1 }),
  ),
  operatorCase(
    'slice, up to an end',
    (m, n) => ({ x: normal([m, n + 1]) }),
    ({ x }, _, n) => slice(x, { axis: 1, end: n }),
  ),
  operatorCase(
    'pad',
    (m, n) => ({ x: normal([m, n]) }),
    ({ x }) => [pad(x, { axis: 0, before: 2, after: 1 }), pad(x, { axis: -1, after: 2, value: -0.5 })],
  ),
]

const lookups: OperatorCase[] = [
  operatorCase(
    'gather, repeated rows',
    (n, k, m) => ({ table: normal([n, k]), at: positions([m + 2], n) }),
    ({ table, at }) => gather(table, at),
  ),
  operatorCase(
    'gather, positions of two axes',
    (n, k, m) => ({ table: normal([n, k, 2]), at: positions([2, m], n) }),
    ({ table, at }) => gather(table, at),
  ),
  operatorCase(
    'gather from a vector, int32 positions',
    (n, m) => ({ table: normal([n]), at: positions([m], n, 'int32') }),
    ({ table, at }) => gather(table, at),
  ),
  operatorCase(
    'gather, positions from the end',
    (n, k) => ({ table: normal([n, k]), at: given('int64', [3], [-1, 0, -n]) }),
    ({ table, at }) => gather(table, at),
  ),
  operatorCase(
    'gather at one position without axes',
    (n, k) => ({ table: normal([n, k]), at: whole([], 0, n) }),
    ({ table, at }) => gather(table, at),
  ),
  operatorCase(
    'gather twice from one table',
    (n, k, m) => ({ table: normal([n, k]), a: positions([m], n), b: positions([2], n) }),
    ({ table, a, b }) => [gather(table, a), gather(table, b)],
  ),
  operatorCase(
    'pick',
    (m, n, k) => ({ x: normal([m, n, k]), at: whole([m, n], 0, k) }),
    ({ x, at }) => pick(x, at),
  ),
  operatorCase(
    'pick, one row, int32 positions',
    k => ({ x: normal([k]), at: whole([], 0, k, 'int32') }),
    ({ x, at }) => pick(x, at),
  ),
  operatorCase(
    'scatterRows',
    (n, k, m) => ({ x: normal([n + m, k]), at: distinctPositions(m, n + m), rows: normal([m, k]) }),
    ({ x, at, rows }) => scatterRows(x, at, rows),
  ),
  operatorCase(
    'scatterRows of elements',
    (n, m) => ({ x: normal([n + m]), at: distinctPositions(m, n + m), rows: normal([m]) }),
    ({ x, at, rows }) => scatterRows(x, at, rows),
  ),
  operatorCase(
    'scatterRows and scatterAddRows, int32 positions',
    (n, k) => ({ x: normal([n, k]), at: given('int32', [1], [n - 1]), rows: normal([1, k]) }),
    ({ x, at, rows }, n, k) => [scatterRows(x, at, rows), scatterAddRows([n, k], at, rows)],
  ),
  operatorCase(
    'scatterAddRows, repeated rows',
    (n, k, m) => ({ at: positions([m + 2], n), rows: normal([m + 2, k]) }),
    ({ at, rows }, n, k) => scatterAddRows([n, k], at, rows),
  ),
  operatorCase(
    'scatterAddRows onto a tensor',
    (n, k, m) => ({ x: normal([n, k]), at: positions([m], n), rows: normal([m, k]) }),
    ({ x, at, rows }, n, k) => [add(x, scatterAddRows([n, k], at, rows)), add(scatterAddRows([n, k], at, rows), x)],
  ),
]

export const arrangementCases: readonly OperatorCase[] = [...shapes, ...parts, ...lookups]
