/**
 * Activation checkpointing: what a marked block computes on the way to the loss is thrown away and computed again when
 * its gradient is due. Memory for time, and no change in the model (Chen et al., arXiv 1604.06174).
 */
import { inputOperator } from './leaf.ts'
import { copyNode, inBlock } from './operator.ts'
import { after } from './operators/after.ts'
import type { Node, Tensor } from './tensor.ts'

/**
 * Runs a piece of model code as one block of recomputation: `recompute(() => block(x))`. Its inner tensors are not kept
 * for the backward pass. A block inside a block belongs to the outer one.
 */
export function recompute<Result>(build: () => Result): Result {
  return inBlock({}, build)
}

/** The second computation of every block that a backward pass goes through. */
export class Recomputation {
  readonly #copies = new Map<Node, Node>()
  /** For each block, its inputs as the second computation reads them: not before the first gradient arrives there. */
  readonly #entries = new Map<object, Map<Tensor, Tensor>>()
  readonly #arrivals = new Map<object, Tensor>()

  /** The node to read values from when differentiating `node`: itself, or its copy in the second computation. */
  of(node: Node, arrived: Tensor): Node {
    if (!node.block) return node
    if (!this.#arrivals.has(node.block)) this.#arrivals.set(node.block, arrived)
    return this.#copy(node, node.block)
  }

  #copy(node: Node, block: object): Node {
    const known = this.#copies.get(node)
    if (known) return known
    const inputs = node.inputs.map(input => {
      if (input.node.block === block) return this.#copy(input.node, block).outputs[input.index] as Tensor
      return this.#enter(input, block)
    })
    const copy = copyNode(node, inputs)
    this.#copies.set(node, copy)
    return copy
  }

  /**
   * An input of the block, tied to the gradient that sets the second computation off. Without the tie the copies would
   * be equal to the first computation's nodes, and would be shared with them or run just after them. Parameters and
   * constants are read as they are: what is made from nothing else is the same both times.
   */
  #enter(input: Tensor, block: object): Tensor {
    const { inputs, operator } = input.node
    if (inputs.length === 0 && operator.name !== inputOperator.name) return input
    const entries = this.#entries.get(block) ?? new Map<Tensor, Tensor>()
    this.#entries.set(block, entries)
    const entry = entries.get(input) ?? after(input, this.#arrivals.get(block) as Tensor)
    entries.set(input, entry)
    return entry
  }
}
