/**
 * Where parameters get their names. Model code walks into a scope for each part (`at('h').at(0).at('ln_1')`) and asks
 * it for parameters, so a parameter's name is the path that the published checkpoint gives it.
 */
import { dimension, formatShape, isStatic, sameShape } from './dimension.ts'
import type { ElementType } from './elementType.ts'
import { parameterLeaf } from './leaf.ts'
import { ShapeError, type Tensor } from './tensor.ts'

export interface Scope {
  /** The scope of a part: `at('h').at(3)` is `h.3`; `at('attn.c_attn')` walks two steps at once. */
  at(part: string | number): Scope
  /**
   * The parameter of that name in this scope. Asking twice gives the same tensor (shared weights).
   * Throws a ShapeError if it was asked for before with another shape or type.
   */
  parameter(name: string, shape: readonly number[], type?: ElementType): Tensor
  /** Full name of something in this scope. */
  path(name: string): string
  /** Every parameter asked for so far in the whole tree, in the order of asking. */
  readonly parameters: ReadonlyMap<string, Tensor>
}

/** A new tree of parameter names. `prefix` is put before every name. */
export function scope(prefix = ''): Scope {
  return subscope(prefix, new Map())
}

function subscope(prefix: string, parameters: Map<string, Tensor>): Scope {
  const path = (name: string) => (prefix === '' ? name : `${prefix}.${name}`)
  return {
    path,
    parameters,
    at: part => subscope(path(String(part)), parameters),
    parameter(name, shape, type = 'float32') {
      const full = path(name)
      shape.forEach(dimension)
      if (!isStatic(shape))
        throw new ShapeError(`parameter "${full}" has shape ${formatShape(shape)}: only numbers are allowed`)
      const known = parameters.get(full)
      if (known && (known.type !== type || !sameShape(known.shape, shape))) {
        throw new ShapeError(
          `parameter "${full}" is ${known.type} ${formatShape(known.shape)} and was now asked for as ${type} ${formatShape(shape)}`,
        )
      }
      const tensor = known ?? parameterLeaf(full, shape, type)
      parameters.set(full, tensor)
      return tensor
    },
  }
}
