/** How element-by-element operators are defined: one line each gives name, ONNX type, value and gradient. */
import { type Dimension, formatShape, isStatic, type Shape, sameShape } from '../dimension.ts'
import type { ElementType, TypedArray } from '../elementType.ts'
import { type ConstantValue, constant, constantOf, scalarLike } from '../leaf.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, type GradientRule, type Operator, refuse } from '../operator.ts'
import type { Node, Tensor } from '../tensor.ts'
import { sumTo } from './broadcast.ts'

/** A number stands for a scalar constant of the other operand's element type. */
export type Operand = Tensor | number

export interface UnaryDefinition {
  readonly onnx: string
  /** The value for one element, to fold constants. */
  readonly value?: (x: number) => number
  /** Gradient of x, given that of y = f(x). */
  readonly gradient?: (gradient: Tensor, x: Tensor, y: Tensor) => Tensor
  readonly types?: readonly ElementType[]
}

const FLOATS: readonly ElementType[] = ['float32', 'float16']
const NUMBERS: readonly ElementType[] = ['float32', 'float16', 'int64', 'int32']

/** Defines y = f(x), element by element. */
export function unary(name: string, definition: UnaryDefinition): (x: Tensor) => Tensor {
  const { value } = definition
  const operator: Operator<undefined> = {
    name,
    infer([x]) {
      const operand = x as Tensor
      const types = definition.types ?? FLOATS
      if (!types.includes(operand.type)) refuse(name, [operand], `needs one of ${types.join(', ')}`)
      return [operand]
    },
    ...(value && { simplify: inputs => fold(inputs, inputs[0] as Tensor, ([x]) => value(x as number)) }),
    ...(definition.gradient && {
      gradient: ({ inputs: [x], outputs: [y] }, [gradient]) => [
        () =>
          (definition.gradient as NonNullable<UnaryDefinition['gradient']>)(
            gradient as Tensor,
            x as Tensor,
            y as Tensor,
          ),
      ],
    }),
    onnx: (emit, inputs) => [emit.node(definition.onnx, inputs)],
  }
  return x => apply(operator, [x], undefined)
}

export interface BinaryDefinition {
  readonly onnx: string
  readonly value: (a: number, b: number) => number
  /** Gradients of a and b under the result's shape: broadcasting is undone afterwards. */
  readonly gradient?: (gradient: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [() => Tensor, () => Tensor]
  readonly simplify?: (a: Tensor, b: Tensor) => Tensor | undefined
  /** A cheaper ONNX form for values of one shape, where there is one. */
  readonly write?: (emit: Emitter, a: string, b: string) => string | undefined
  /** Element type of the result; that of the operands unless given. */
  readonly result?: ElementType
  readonly types?: readonly ElementType[]
}

/** Defines y = f(a, b), element by element, with broadcasting as in NumPy. Operands must have one element type. */
export function binary(name: string, definition: BinaryDefinition): (a: Operand, b: Operand) => Tensor {
  const operator: Operator<undefined> = {
    name,
    infer(inputs) {
      const types = definition.types ?? NUMBERS
      const [a, b] = inputs as readonly [Tensor, Tensor]
      if (a.type !== b.type) refuse(name, inputs, 'the element types differ; use cast')
      if (!types.includes(a.type)) refuse(name, inputs, `needs one of ${types.join(', ')}`)
      return [{ type: definition.result ?? a.type, shape: broadcastShapes(name, inputs) }]
    },
    simplify(inputs) {
      const [a, b] = inputs as readonly [Tensor, Tensor]
      const shape = broadcastShapes(name, inputs)
      const simpler = definition.simplify?.(a, b)
      // Dropping an operand must not drop the broadcasting that it did.
      if (simpler && sameShape(simpler.shape, shape)) return simpler
      return fold(inputs, { type: definition.result ?? a.type, shape }, ([x, y]) =>
        definition.value(x as number, y as number),
      )
    },
    ...(definition.gradient && {
      gradient: (node: Node<undefined>, [gradient]: readonly (Tensor | undefined)[]): readonly GradientRule[] => {
        const [a, b] = node.inputs as readonly [Tensor, Tensor]
        const rules = definition.gradient?.(gradient as Tensor, a, b, node.outputs[0] as Tensor)
        return [a, b].map((operand, i) => rules?.[i] && (() => sumTo((rules[i] as () => Tensor)(), operand.shape)))
      },
    }),
    onnx(emit, names, { inputs: [a, b] }) {
      const isOneShape = sameShape((a as Tensor).shape, (b as Tensor).shape)
      const cheaper = isOneShape ? definition.write?.(emit, names[0] as string, names[1] as string) : undefined
      return [cheaper ?? emit.node(definition.onnx, names)]
    },
  }
  return (a, b) => apply(operator, operands(a, b), undefined)
}

function operands(a: Operand, b: Operand): readonly [Tensor, Tensor] {
  if (typeof a === 'number') {
    if (typeof b === 'number') return [constant(a), constant(b)]
    return [scalarLike(a, b), b]
  }
  return [a, typeof b === 'number' ? scalarLike(b, a) : b]
}

/** The shape that all inputs broadcast to. Throws a ShapeError, in the operator's name, when there is none. */
export function broadcastShapes(name: string, inputs: readonly Tensor[]): Shape {
  const rank = Math.max(...inputs.map(input => input.rank))
  return Array.from({ length: rank }, (_, axis) => {
    let common: Dimension = 1
    for (const input of inputs) {
      const size = input.shape[axis - rank + input.rank] ?? 1
      if (common === 1) common = size
      else if (size !== 1 && size !== common) {
        refuse(
          name,
          inputs,
          `the shapes do not broadcast: axis ${axis} of the result would be both ${common} and ${size}`,
        )
      }
    }
    return common
  })
}

/** Constants of more elements than this stay as they are: folding them would swell the file. */
const LARGEST_FOLD = 4096

/** The constant result of an element-by-element function of constants; undefined if some input is none. */
function fold(
  inputs: readonly Tensor[],
  result: { type: ElementType; shape: Shape },
  value: (elements: readonly number[]) => number,
): Tensor | undefined {
  const values = inputs.map(constantOf)
  const { type, shape } = result
  if (!isStatic(shape) || values.some(known => !known || known.type === 'float16')) return undefined
  const count = shape.reduce((product, size) => product * size, 1)
  if (count > LARGEST_FOLD) return undefined
  const folded = Array.from({ length: count }, (_, i) =>
    value(values.map(known => elementAt(known as ConstantValue, shape, i))),
  )
  const whole = folded.map(Math.trunc)
  // What a double cannot hold exactly, or what would overflow, is left to the engine.
  if (type === 'int64') return whole.every(Number.isSafeInteger) ? constant(whole, shape, type) : undefined
  if (type === 'int32') return whole.every(x => x === (x | 0)) ? constant(whole, shape, type) : undefined
  return constant(folded, shape, type)
}

/** Element of a constant that broadcasting puts at a flat position of the result. */
function elementAt({ data, shape: own }: ConstantValue, shape: readonly number[], position: number): number {
  let rest = position
  let offset = 0
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number
    const ownSize = own[axis - shape.length + own.length] ?? 1
    if (ownSize !== 1) offset += (rest % size) * stride
    stride *= ownSize
    rest = Math.floor(rest / size)
  }
  const element = (data as TypedArray)[offset]
  if (element === undefined) throw new RangeError(`constant ${formatShape(own)} has no element ${offset}`)
  return Number(element)
}
