/**
 * Symbolic tensors: a value that will exist when the graph runs, known by element type and shape only.
 *
 * A graph is nothing but tensors that point at the nodes that make them. Nodes are immutable and are numbered in the
 * order of their making, so that order is always a valid order of execution.
 */
import { type Dimension, formatShape, type Shape } from './dimension.ts'
import type { ElementType } from './elementType.ts'
import type { Operator } from './operator.ts'

/** Element type and shape: all that is known of a tensor before it runs. */
export interface TensorType {
  readonly type: ElementType
  readonly shape: Shape
}

/** One application of an operator. */
export interface Node<Attributes = unknown> {
  readonly id: number
  readonly operator: Operator<Attributes>
  readonly inputs: readonly Tensor[]
  readonly attributes: Attributes
  readonly outputs: readonly Tensor[]
  /** The block whose activations are computed again in the backward pass, if the node belongs to one. */
  readonly block: object | undefined
}

export class Tensor implements TensorType {
  readonly node: Node
  /** Which of its node's outputs this is. */
  readonly index: number
  readonly type: ElementType
  readonly shape: Shape

  constructor(node: Node, index: number, { type, shape }: TensorType) {
    this.node = node
    this.index = index
    this.type = type
    this.shape = shape
  }

  get rank(): number {
    return this.shape.length
  }

  /** The size of one axis; negative axes count from the last. Throws a ShapeError when there is no such axis. */
  size(axis: number): Dimension {
    const size = this.shape.at(axis)
    if (size === undefined) throw new ShapeError(`there is no axis ${axis} in ${describe(this)}`)
    return size
  }
}

/** A mistake in how tensors are put together: it names the operator, the shapes and the parameters concerned. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/** `float32 [4, 8] (parameter "h.0.weight")`: how errors speak of a tensor. */
export function describe(tensor: Tensor): string {
  const { operator, attributes } = tensor.node
  const named = operator.name === 'parameter' || operator.name === 'input'
  const origin = named ? ` (${operator.name} "${(attributes as { name: string }).name}")` : ''
  return `${tensor.type} ${formatShape(tensor.shape)}${origin}`
}
