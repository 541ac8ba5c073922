/**
 * Where parameters get their names. Model code walks into a scope for each part (`at('h').at(0).at('ln_1')`) and asks
 * it for parameters, so a parameter's name is the path that the published checkpoint gives it.
 *
 * A scope also says how two things are made that a model only names: its linear layers (plain, of small integers, with
 * an adapter beside them) and its repeated blocks (whose activations training may compute twice). So one description
 * serves them all.
 */
import { dimension, formatShape, isStatic, sameShape } from './dimension.ts'
import type { ElementType } from './elementType.ts'
import { parameterLeaf } from './leaf.ts'
import { linear } from './operators/matmul.ts'
import { ShapeError, type Tensor } from './tensor.ts'

/** What a linear layer is asked to be: x [..., in] → [..., out] */
export interface LinearShape {
  readonly out: number
  /** Default true. */
  readonly bias?: boolean
}

/** Makes the linear layer of a scope, whose parameters are `weight` [out, in] and `bias` [out]. */
export type LinearLayer = (at: Scope, x: Tensor, shape: LinearShape) => Tensor

export interface ScopeOptions {
  /** How linear layers are made (default `plainLinear`). */
  readonly linear?: LinearLayer
  /** How the repeated blocks of a model are made (default: as they are). `recompute` fits. */
  readonly block?: <Result>(build: () => Result) => Result
}

export interface Scope {
  /** The scope of a part: `at('h').at(3)` is `h.3`; `at('attn.c_attn')` walks two steps at once. */
  at(part: string | number): Scope
  /**
   * The parameter of that name in this scope. Asking twice gives the same tensor (shared weights).
   * Throws a ShapeError if it was asked for before with another shape or type.
   */
  parameter(name: string, shape: readonly number[], type?: ElementType): Tensor
  /** The linear layer of this scope. x [..., in] → [..., out] */
  linear(x: Tensor, shape: LinearShape): Tensor
  /** One of the repeated blocks of a model: everything that `build` makes. */
  block<Result>(build: () => Result): Result
  /** Full name of something in this scope. */
  path(name: string): string
  /** Every parameter asked for so far in the whole tree, in the order of asking. */
  readonly parameters: ReadonlyMap<string, Tensor>
}

/** A new tree of parameter names. `prefix` is put before every name. */
export function scope(prefix = '', options: ScopeOptions = {}): Scope {
  const { linear = plainLinear, block = build => build() } = options
  return subscope(prefix, new Map(), { linear, block })
}

/** x Wᵀ + bias, with the scope's own `weight` and `bias`. */
export const plainLinear: LinearLayer = (at, x, { out, bias = true }) =>
  linear(x, at.parameter('weight', [out, x.size(-1) as number]), bias ? at.parameter('bias', [out]) : undefined)

function subscope(prefix: string, parameters: Map<string, Tensor>, made: Required<ScopeOptions>): Scope {
  const path = (name: string) => (prefix === '' ? name : `${prefix}.${name}`)
  const here: Scope = {
    path,
    parameters,
    at: part => subscope(path(String(part)), parameters, made),
    linear: (x, shape) => made.linear(here, x, shape),
    block: made.block,
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
  return here
}
