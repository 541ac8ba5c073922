/**
 * How much memory the values between inputs and outputs of a graph take while it runs, from the graph alone: each is
 * counted from the node that makes it to the last one that reads it, in the order of execution. An estimate: engines
 * order and fuse in their own way.
 */
import { elementCount, evaluateDimension } from './dimension.ts'
import { bytesPerElement } from './elementType.ts'
import { constantOperator, inputOperator, parameterOperator } from './leaf.ts'
import { Plan } from './plan.ts'
import type { Node, Tensor } from './tensor.ts'

/** Operators whose output is their first input under another shape or name. */
const ALIASES: ReadonlySet<string> = new Set(['reshape', 'stopGradient', 'after'])

/** Operators that cannot write over an input that nobody reads any more. */
const FRESH: ReadonlySet<string> = new Set(['matmul', 'concat', 'gather', 'transpose', 'expand', 'sum', 'attention'])

const LEAVES: ReadonlySet<string> = new Set([inputOperator.name, parameterOperator.name, constantOperator.name])

/**
 * The most bytes of intermediate values that are held at one time. Inputs, parameters, constants and the outputs
 * themselves are not counted. `sizes` gives the named dimensions. Throws a RangeError for one without a size.
 */
export function peakActivationBytes(
  outputs: Readonly<Record<string, Tensor>>,
  sizes: Readonly<Record<string, number>>,
): number {
  // In the order of their making, which for gradients is from the last layer to the first.
  const made = Object.values(outputs).sort((a, b) => a.node.id - b.node.id)
  const plan = new Plan(made, true)
  const names = new Map(Object.entries(sizes))
  const owner = owners(plan)
  const wanted = new Set(made.map(owner))
  const readers = countReaders(plan, owner)
  const bytes = (tensor: Tensor) => evaluateDimension(elementCount(tensor.shape), names) * bytesPerElement(tensor.type)
  let held = 0
  let most = 0
  for (const node of plan.nodes) {
    if (LEAVES.has(node.operator.name)) continue
    const fresh = node.outputs.filter(output => owner(output) === output && !wanted.has(output) && plan.isUsed(output))
    const ended = lastReads(node, owner, readers).filter(tensor => !wanted.has(tensor) && !isLeaf(tensor))
    const size = fresh.reduce((sum, tensor) => sum + bytes(tensor), 0)
    const freed = ended.reduce((sum, tensor) => sum + bytes(tensor), 0)
    if (!FRESH.has(node.operator.name)) held -= freed
    held += size
    most = Math.max(most, held)
    if (FRESH.has(node.operator.name)) held -= freed
  }
  return most
}

const isLeaf = ({ node }: Tensor): boolean => LEAVES.has(node.operator.name)

/** The tensor whose memory a tensor lies in. */
function owners(plan: Plan): (tensor: Tensor) => Tensor {
  const owner = (tensor: Tensor): Tensor => {
    const resolved = plan.resolve(tensor)
    const [source] = resolved.node.inputs
    return ALIASES.has(resolved.node.operator.name) && source ? owner(source) : resolved
  }
  return owner
}

function countReaders(plan: Plan, owner: (tensor: Tensor) => Tensor): Map<Tensor, number> {
  const readers = new Map<Tensor, number>()
  for (const node of plan.nodes) {
    for (const tensor of new Set(node.inputs.map(owner))) readers.set(tensor, (readers.get(tensor) ?? 0) + 1)
  }
  return readers
}

/** What nobody reads after this node. */
function lastReads(node: Node, owner: (tensor: Tensor) => Tensor, readers: Map<Tensor, number>): Tensor[] {
  return [...new Set(node.inputs.map(owner))].filter(tensor => {
    const left = (readers.get(tensor) ?? 0) - 1
    readers.set(tensor, left)
    return left === 0
  })
}
