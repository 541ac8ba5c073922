/** Small graphs that the runtime's tests run, and ONNX models that `compile` would never write. */
import { create, toBinary } from '@bufbuild/protobuf'
import { add, type CompiledGraph, compile, gather, input, matmul, type Tensor } from '../../src/graph/index.ts'
import { dataTypes } from '../../src/graph/onnx/attributes.ts'
import { ModelProtoSchema } from '../../src/graph/onnx/onnx_pb.ts'
import { scope } from '../../src/graph/scope.ts'
import { type TensorSpecification, type TensorValue, tensorValue } from '../../src/runtime/node.ts'

/** y = a + b, both of any one length. */
export const sumGraph = (): CompiledGraph =>
  compile({ y: add(input('a', 'float32', ['n']), input('b', 'float32', ['n'])) })

export const sumFeeds = (a: readonly number[], b: readonly number[]) => ({
  a: tensorValue('float32', [a.length], a),
  b: tensorValue('float32', [b.length], b),
})

/** Rows of a weight `table` [rows, width], by index. */
export const tableGraph = (rows: number, width: number): CompiledGraph =>
  compile({ rows: gather(scope().parameter('table', [rows, width]), input('index', 'int64', ['n'])) })

export const indices = (...values: number[]) => ({ index: tensorValue('int64', [values.length], values) })

/** x times itself, `times` times: takes as long as one likes. */
export function slowGraph(times: number): CompiledGraph {
  let y: Tensor = input('x', 'float32', ['n', 'n'])
  const x = y
  for (let i = 0; i < times; i++) y = matmul(y, x)
  return compile({ y })
}

export const slowFeeds = (n: number) => ({ x: tensorValue('float32', [n, n], new Float32Array(n * n).fill(1 / n)) })

/** Some 100 ms to a second. */
export const slow = { graph: () => slowGraph(25), feeds: () => slowFeeds(1024) }

/** A model of one operator, as given. */
export function operatorGraph(
  operator: string,
  inputs: readonly TensorSpecification[],
  outputs: readonly TensorSpecification[],
): CompiledGraph {
  const value = ({ name, type, shape }: TensorSpecification) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: dataTypes[type],
          shape: {
            dim: shape.map(size => ({
              value:
                typeof size === 'number'
                  ? { case: 'dimValue' as const, value: BigInt(size) }
                  : { case: 'dimParam' as const, value: size },
            })),
          },
        },
      },
    },
  })
  const node = { opType: operator, input: inputs.map(({ name }) => name), output: outputs.map(({ name }) => name) }
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: { name: 'graph', node: [node], input: inputs.map(value), output: outputs.map(value) },
  })
  return { onnx: toBinary(ModelProtoSchema, model), inputs, weights: [], outputs }
}

export const numbers = (value: TensorValue | undefined): number[] => Array.from(value!.data as Float32Array, Number)
