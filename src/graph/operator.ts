/**
 * What an operator is: its shape rule, its gradient rule and its ONNX form, in one definition.
 *
 * A composite operator has a fused ONNX form (`onnx`) and a decomposition into other operators (`decompose`). Inference
 * runs the fused form. The gradient goes through the decomposition, unless the operator has a cheaper rule of its own.
 */
import type { Emitter } from './onnx/emitter.ts'
import { describe, type Node, ShapeError, Tensor, type TensorType } from './tensor.ts'

/** An input's gradient, built only when somebody asks for it; undefined where there is none (integers, constants). */
export type GradientRule = (() => Tensor) | undefined

export interface Operator<Attributes> {
  /** As errors, listings and ONNX value names write it. */
  readonly name: string
  /** Types of the outputs. Throws a ShapeError for inputs that do not fit. */
  infer(inputs: readonly Tensor[], attributes: Attributes): readonly TensorType[]
  /**
   * A simpler equal of this application: the tensors of its outputs, or undefined to apply the operator as it stands.
   * Called after `infer` found no fault.
   */
  simplify?(inputs: readonly Tensor[], attributes: Attributes): Tensor | undefined
  /**
   * One rule per input, given the gradients of the outputs (undefined for an output that the loss does not use).
   * `node` is the application to read inputs and outputs from: in a recomputed block it is the second computation.
   */
  gradient?(node: Node<Attributes>, outputGradients: readonly (Tensor | undefined)[]): readonly GradientRule[]
  /** The same values by other operators. */
  decompose?(inputs: readonly Tensor[], attributes: Attributes): readonly Tensor[]
  /** Writes ONNX nodes for the application and returns the names of its outputs. */
  onnx?(emit: Emitter, inputs: readonly string[], node: Node<Attributes>): readonly string[]
}

let nodesMade = 0
let openBlock: object | undefined

/** Applies an operator: checks the inputs, simplifies, and makes the node. Gives all outputs. */
export function applyAll<Attributes>(
  operator: Operator<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): readonly Tensor[] {
  const types = operator.infer(inputs, attributes)
  const simpler = operator.simplify?.(inputs, attributes)
  if (simpler) return [simpler]
  // What a graph begins with is no computation that a block could do again, wherever it was asked for.
  return makeNode(operator, inputs, attributes, types, inputs.length === 0 ? undefined : openBlock).outputs
}

/** As `applyAll`, for operators with one output (or whose first output is the one that users want). */
export function apply<Attributes>(
  operator: Operator<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): Tensor {
  return applyAll(operator, inputs, attributes)[0] as Tensor
}

/** The same application on other inputs of the same types, outside any block and without simplification. */
export function copyNode(node: Node, inputs: readonly Tensor[]): Node {
  return makeNode(node.operator, inputs, node.attributes, node.outputs, undefined)
}

function makeNode<Attributes>(
  operator: Operator<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
  types: readonly TensorType[],
  block: object | undefined,
): Node<Attributes> {
  const outputs: Tensor[] = []
  const node: Node<Attributes> = { id: nodesMade++, operator, inputs, attributes, outputs, block }
  types.forEach((type, index) => {
    // A node is read by code that knows its operator; elsewhere its attributes are opaque.
    outputs.push(new Tensor(node as unknown as Node, index, type))
  })
  return node
}

/** Runs `build` with every node that it makes belonging to `block`. Blocks do not nest: the outermost one counts. */
export function inBlock<Result>(block: object, build: () => Result): Result {
  if (openBlock) return build()
  openBlock = block
  try {
    return build()
  } finally {
    openBlock = undefined
  }
}

/** Runs `build` and tells which nodes it made: those with `first <= id < end`. */
export function nodesMadeBy<Result>(build: () => Result): { result: Result; first: number; end: number } {
  const first = nodesMade
  const result = build()
  return { result, first, end: nodesMade }
}

/** Runs `build` outside any block: gradients built inside a block's function must not be recomputed themselves. */
export function outsideBlocks<Result>(build: () => Result): Result {
  const outer = openBlock
  openBlock = undefined
  try {
    return build()
  } finally {
    openBlock = outer
  }
}

/** Throws a ShapeError that names the operator and everything it was given. */
export function refuse(operator: string, inputs: readonly Tensor[], why: string): never {
  throw new ShapeError(`${operator}(${inputs.map(describe).join(', ')}): ${why}`)
}
