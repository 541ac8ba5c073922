/**
 * Decides what a compiled graph computes: the nodes that the outputs need, each composite in the form that is cheapest
 * as a whole, in an order of execution that depends on nothing but the graph.
 */
import { decompose, differentiatedForm } from './decomposition.ts'
import type { Node, Tensor } from './tensor.ts'

export class Plan {
  /** Every node to write, inputs before users. */
  readonly nodes: readonly Node[]
  readonly #forms = new Map<Node, readonly Tensor[]>()
  readonly #used = new Set<Tensor>()
  readonly #fused: boolean

  constructor(outputs: readonly Tensor[], fused: boolean) {
    this.#fused = fused
    let nodes = this.#reach(outputs)
    // Choosing a form changes what is reached, which may bring in more composites: until nothing changes.
    for (let known = -1; known !== this.#forms.size; ) {
      known = this.#forms.size
      for (const node of nodes) this.#chooseForm(node, nodes)
      nodes = this.#reach(outputs)
    }
    this.nodes = nodes
  }

  /** The tensor that stands for this one in the compiled graph. */
  resolve(tensor: Tensor): Tensor {
    const form = this.#forms.get(tensor.node)
    return form ? this.resolve(form[tensor.index] as Tensor) : tensor
  }

  /** Whether a node to be written, or an output of the graph, reads this tensor. */
  isUsed(tensor: Tensor): boolean {
    return this.#used.has(tensor)
  }

  #chooseForm(node: Node, reached: readonly Node[]): void {
    if (this.#forms.has(node) || !node.operator.decompose) return
    // A composite whose gradient goes through its decomposition has the decomposition's values in the graph already.
    // Its own output is then taken from there too: nothing is computed twice.
    const differentiated = differentiatedForm(node)
    if (differentiated && reached.some(inner => differentiated.contains(inner))) {
      this.#forms.set(node, differentiated.outputs)
    } else if (!this.#fused || !node.operator.onnx) {
      this.#forms.set(node, decompose(node).outputs)
    }
  }

  /** Post-order walk from the outputs: inputs come before users, whatever the order of making was. */
  #reach(outputs: readonly Tensor[]): Node[] {
    const order: Node[] = []
    const seen = new Set<Node>()
    const pending: { node: Node; ready: boolean }[] = []
    this.#used.clear()
    const visit = (tensor: Tensor) => {
      const resolved = this.resolve(tensor)
      this.#used.add(resolved)
      if (!seen.has(resolved.node)) pending.push({ node: resolved.node, ready: false })
    }
    for (const output of outputs) {
      visit(output)
      for (let top = pending.pop(); top; top = pending.pop()) {
        if (top.ready) order.push(top.node)
        else if (!seen.has(top.node)) {
          seen.add(top.node)
          pending.push({ node: top.node, ready: true })
          for (const input of [...top.node.inputs].reverse()) visit(input)
        }
      }
    }
    return order
  }
}
