/** Comparisons and logic, element by element, with broadcasting. Results are bool and carry no gradient. */
import type { ElementType } from '../elementType.ts'
import { binary, unary } from './elementwise.ts'

const BOOL: readonly ElementType[] = ['bool']

const comparison = (name: string, onnx: string, holds: (a: number, b: number) => boolean) =>
  binary(name, { onnx, result: 'bool', value: (a, b) => (holds(a, b) ? 1 : 0) })

export const equal = comparison('equal', 'Equal', (a, b) => a === b)
export const greater = comparison('greater', 'Greater', (a, b) => a > b)
export const greaterOrEqual = comparison('greaterOrEqual', 'GreaterOrEqual', (a, b) => a >= b)
export const less = comparison('less', 'Less', (a, b) => a < b)
export const lessOrEqual = comparison('lessOrEqual', 'LessOrEqual', (a, b) => a <= b)

export const and = binary('and', { onnx: 'And', types: BOOL, value: (a, b) => a & b })
export const or = binary('or', { onnx: 'Or', types: BOOL, value: (a, b) => a | b })
export const not = unary('not', { onnx: 'Not', types: BOOL, value: x => 1 - x })
