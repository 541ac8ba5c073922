/**
 * Reverse-mode differentiation as a graph transformation: gradients are tensors of the same graph.
 *
 * Only nodes that lie between the loss and what was asked for are visited, and a rule is built only for inputs on such
 * a path: freezing a parameter is not asking for its gradient.
 */
import { decomposeForGradient } from './decomposition.ts'
import { constant } from './leaf.ts'
import { outsideBlocks } from './operator.ts'
import { add } from './operators/arithmetic.ts'
import { zerosLike } from './operators/broadcast.ts'
import { Recomputation } from './recompute.ts'
import { describe, type Node, ShapeError, type Tensor } from './tensor.ts'

/**
 * Gradients of a scalar loss, one for each tensor of `wrt`, of that tensor's shape and type. What is asked for need not
 * be a parameter: any tensor that the loss was made from will do. One that the loss does not depend on gets zeros.
 * Throws a ShapeError if the loss is no float32 scalar, or if an operator on the way has no gradient.
 */
export function gradient(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.rank !== 0 || loss.type !== 'float32') {
    throw new ShapeError(`gradient: the loss must be a float32 scalar, not ${describe(loss)}; take its mean or sum`)
  }
  return outsideBlocks(() => {
    const found = backpropagate([[loss, constant(1)]], wrt, new Set(), new Recomputation())
    return wrt.map(tensor => found.get(tensor) ?? zerosLike(tensor))
  })
}

type Gradients = Map<Tensor, Tensor>

/**
 * Carries the gradients of `seeds` back to the tensors of `wrt`. The walk does not go past `boundary`.
 * Tensors that the seeds do not depend on are missing from the result.
 */
function backpropagate(
  seeds: readonly (readonly [Tensor, Tensor])[],
  wrt: readonly Tensor[],
  boundary: ReadonlySet<Tensor>,
  recomputation: Recomputation,
): Gradients {
  const wanted = new Set(wrt)
  const path = nodesBetween(
    seeds.map(([tensor]) => tensor),
    wanted,
    boundary,
  )
  const gradients: Gradients = new Map()
  for (const [tensor, value] of seeds) accumulate(gradients, tensor, value)
  for (const node of [...path].reverse()) {
    const isOnPath = (input: Tensor) => wanted.has(input) || (!boundary.has(input) && path.has(input.node))
    differentiate(node, gradients, isOnPath, recomputation)
  }
  return gradients
}

function accumulate(gradients: Gradients, tensor: Tensor, contribution: Tensor): void {
  const sum = gradients.get(tensor)
  gradients.set(tensor, sum ? add(sum, contribution) : contribution)
}

/** Adds to the gradients of a node's inputs what arrives through it. */
function differentiate(
  node: Node,
  gradients: Gradients,
  isOnPath: (input: Tensor) => boolean,
  recomputation: Recomputation,
): void {
  const arrived = node.outputs.map(output => gradients.get(output))
  const first = arrived.find(value => value !== undefined)
  if (!first) return
  const source = recomputation.of(node, first)
  if (source.operator.gradient) {
    const rules = source.operator.gradient(source, arrived)
    node.inputs.forEach((input, i) => {
      const contribution = isOnPath(input) ? rules[i]?.() : undefined
      if (contribution) accumulate(gradients, input, contribution)
    })
    return
  }
  const decomposition = decomposeForGradient(source)
  if (!decomposition) throw new ShapeError(`gradient: operator "${node.operator.name}" has no gradient`)
  const inner = backpropagate(
    decomposition.outputs.flatMap((output, i) => (arrived[i] ? [[output, arrived[i]] as const] : [])),
    source.inputs.filter((_, i) => isOnPath(node.inputs[i] as Tensor)),
    new Set(source.inputs),
    recomputation,
  )
  for (const [i, input] of node.inputs.entries()) {
    const isFirstUse = source.inputs.indexOf(source.inputs[i] as Tensor) === i
    const contribution = isFirstUse && isOnPath(input) ? inner.get(source.inputs[i] as Tensor) : undefined
    if (contribution) accumulate(gradients, input, contribution)
  }
}

/** Nodes that some root depends on and that depend on some wanted tensor themselves; inputs before users. */
function nodesBetween(roots: readonly Tensor[], wanted: ReadonlySet<Tensor>, boundary: ReadonlySet<Tensor>): Set<Node> {
  const path = new Set<Node>()
  const done = new Set<Node>()
  const pending = roots.map(({ node }) => ({ node, ready: false }))
  for (let top = pending.pop(); top; top = pending.pop()) {
    const { node, ready } = top
    if (ready) {
      if (node.inputs.some(input => wanted.has(input) || (!boundary.has(input) && path.has(input.node)))) path.add(node)
    } else if (!done.has(node)) {
      done.add(node)
      pending.push({ node, ready: true })
      for (const input of node.inputs) if (!boundary.has(input)) pending.push({ node: input.node, ready: false })
    }
  }
  return path
}
