/** Decompositions of composites, made once per node and remembered, so that gradients and compilation share them. */
import { nodesMadeBy, outsideBlocks } from './operator.ts'
import type { Node, Tensor } from './tensor.ts'

export interface Decomposition {
  readonly outputs: readonly Tensor[]
  /** Whether a node was made as part of the decomposition. */
  contains(node: Node): boolean
}

const differentiated = new WeakMap<Node, Decomposition>()

/** The decomposition that gradients of this node go through, made on the first call. */
export function decomposeForGradient(node: Node): Decomposition | undefined {
  const known = differentiated.get(node)
  if (known || !node.operator.decompose) return known
  const made = decompose(node)
  differentiated.set(node, made)
  return made
}

/** The decomposition if a gradient has gone through it, else undefined. */
export const differentiatedForm = (node: Node): Decomposition | undefined => differentiated.get(node)

/** A new decomposition of a composite node. */
export function decompose(node: Node): Decomposition {
  const { operator, inputs, attributes } = node
  if (!operator.decompose) throw new Error(`operator "${operator.name}" has no decomposition`)
  const { result, first, end } = nodesMadeBy(() => outsideBlocks(() => operator.decompose?.(inputs, attributes) ?? []))
  return { outputs: result, contains: ({ id }) => id >= first && id < end }
}
