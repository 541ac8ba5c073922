/**
 * What a compiled graph promises its runner: ONNX bytes, and the names, element types and shapes of what goes in and
 * what comes out. This file is the whole contract between graph/ and runtime/.
 */
import type { Shape } from './dimension.ts'
import type { ElementType } from './elementType.ts'

/** Name, element type and shape of one tensor at the border of a compiled graph. */
export interface TensorSpecification {
  readonly name: string
  readonly type: ElementType
  readonly shape: Shape
}

export interface CompiledGraph {
  /** A whole ONNX model. Each weight is declared in it as external data whose location is the weight's own name. */
  readonly onnx: Uint8Array
  /** What every run is fed: the graph's inputs, then the parameters compiled as inputs (those being trained). */
  readonly inputs: readonly TensorSpecification[]
  /** Parameters compiled as weights: given once, when a session is opened. */
  readonly weights: readonly TensorSpecification[]
  readonly outputs: readonly TensorSpecification[]
}
