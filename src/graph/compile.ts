/**
 * Tensors in, ONNX out: plans what is needed, lets every node write its ONNX form, and packs the model.
 *
 * The same graph gives the same bytes: names are counted in the order of writing, never taken from a clock or from what
 * else the process has built.
 */
import { create, toBinary } from '@bufbuild/protobuf'
import { isStatic } from './dimension.ts'
import { bytesPerElement } from './elementType.ts'
import { inputOperator, parameterOperator } from './leaf.ts'
import { dataTypes, MICROSOFT } from './onnx/attributes.ts'
import { Emitter, type Target } from './onnx/emitter.ts'
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx/onnx_pb.ts'
import { Plan } from './plan.ts'
import type { CompiledGraph, TensorSpecification } from './specification.ts'
import { ShapeError, type Tensor } from './tensor.ts'

/** ONNX 1.12: the newest operator set that the checkers of today's distributions know. */
const OPERATOR_SET = 17n
const IR_VERSION = 8n

export interface CompileOptions {
  /**
   * Parameters to feed at every run instead of once: those being trained. `'all'`, or their names.
   * Fed arrays are used in place, so an optimiser may write into them between runs.
   */
  readonly trained?: 'all' | Iterable<string>
  /** Write ONNX Runtime's fused operators (default true). `false` writes decompositions: standard ONNX where it can. */
  readonly fused?: boolean
  /** Where it will run best (default `cpu`); it runs everywhere. */
  readonly device?: Target['device']
}

/**
 * Compiles tensors, by the names that the outputs shall have. Nothing that they do not need is written.
 * Throws a ShapeError for clashing or reserved names, and a RangeError for a named dimension that no input carries.
 */
export function compile(outputs: Readonly<Record<string, Tensor>>, options: CompileOptions = {}): CompiledGraph {
  const target: Target = { fused: options.fused ?? true, device: options.device ?? 'cpu' }
  const plan = new Plan(Object.values(outputs), target.fused)
  const fed = leaves(plan, inputOperator.name)
  const parameters = leaves(plan, parameterOperator.name)
  const trained = trainedNames(options, parameters)
  const inputs = [...fed, ...parameters.filter(({ name }) => trained.has(name))]
  const weights = parameters.filter(({ name }) => !trained.has(name))
  const produced = Object.entries(outputs).map(([name, { type, shape }]) => ({ name, type, shape }))
  checkNames([...fed, ...parameters], produced)

  const { emitter, values } = writeNodes(plan, target, fed)
  const nodes = nameOutputs(emitter, outputs, tensor => values.get(plan.resolve(tensor)) as string)
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'qwen-vl',
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: '', version: OPERATOR_SET }),
      create(OperatorSetIdProtoSchema, { domain: MICROSOFT, version: 1n }),
    ],
    graph: create(GraphProtoSchema, {
      name: 'graph',
      node: nodes,
      initializer: [...weights.map(externalWeight), ...neededInitializers(emitter.initializers, nodes)],
      input: inputs.map(valueInfo),
      output: produced.map(valueInfo),
    }),
  })
  return { onnx: toBinary(ModelProtoSchema, model), inputs, weights, outputs: produced }
}

/** Inputs or parameters that the plan needs, sorted by name: the order must not hang on how the graph is walked. */
function leaves(plan: Plan, operator: string): TensorSpecification[] {
  return plan.nodes
    .filter(node => node.operator.name === operator)
    .map(node => node.attributes as TensorSpecification)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function trainedNames({ trained = [] }: CompileOptions, parameters: readonly TensorSpecification[]): Set<string> {
  return new Set(trained === 'all' ? parameters.map(({ name }) => name) : trained)
}

function checkNames(given: readonly TensorSpecification[], produced: readonly TensorSpecification[]): void {
  const seen = new Set<string>()
  for (const { name } of [...given, ...produced]) {
    if (name === '' || name.includes(':')) {
      throw new ShapeError(`compile: "${name}" cannot be a name: it must not be empty and must not hold a colon`)
    }
    if (seen.has(name)) throw new ShapeError(`compile: the name "${name}" is used by two inputs, parameters or outputs`)
    seen.add(name)
  }
}

function writeNodes(plan: Plan, target: Target, inputs: readonly TensorSpecification[]) {
  const emitter = new Emitter(target, inputs, tensor => plan.isUsed(tensor))
  const values = new Map<Tensor, string>()
  for (const node of plan.nodes) {
    const { operator } = node
    if (!operator.onnx) {
      const { name } = node.attributes as TensorSpecification
      values.set(node.outputs[0] as Tensor, name)
      continue
    }
    const names = operator.onnx(
      emitter,
      node.inputs.map(input => values.get(plan.resolve(input)) as string),
      node,
    )
    node.outputs.forEach((output, i) => {
      values.set(output, names[i] as string)
    })
  }
  return { emitter, values }
}

/** Gives the outputs their names, by renaming the values behind them where that is possible, and drops dead nodes. */
function nameOutputs(
  emitter: Emitter,
  outputs: Readonly<Record<string, Tensor>>,
  valueNamed: (tensor: Tensor) => string,
): NodeProto[] {
  const made = new Set(emitter.nodes.flatMap(({ output }) => output))
  const names = new Map<string, string>()
  const copies: NodeProto[] = []
  for (const [name, tensor] of Object.entries(outputs)) {
    const value = valueNamed(tensor)
    if (made.has(value) && !names.has(value)) names.set(value, name)
    else copies.push(create(NodeProtoSchema, { opType: 'Identity', name, input: [value], output: [name] }))
  }
  const rename = (value: string) => names.get(value) ?? value
  const nodes = [...emitter.nodes, ...copies]
  for (const node of nodes) {
    node.input = node.input.map(rename)
    node.output = node.output.map(rename)
  }
  return liveNodes(nodes, new Set(Object.keys(outputs)))
}

/** Operators may write more than turns out to be read: the steps to a shape, or an output that is not wanted. */
function liveNodes(nodes: readonly NodeProto[], wanted: Set<string>): NodeProto[] {
  const live = [...nodes].reverse().filter(node => {
    if (!node.output.some(value => wanted.has(value))) return false
    for (const value of node.input) wanted.add(value)
    return true
  })
  return live.reverse()
}

function neededInitializers(initializers: readonly TensorProto[], nodes: readonly NodeProto[]): TensorProto[] {
  const read = new Set(nodes.flatMap(({ input }) => input))
  return initializers.filter(({ name }) => read.has(name))
}

function externalWeight({ name, type, shape }: TensorSpecification): TensorProto {
  const elements = shape.reduce<number>((product, size) => product * Number(size), 1)
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value })
  return create(TensorProtoSchema, {
    name,
    dataType: dataTypes[type],
    dims: shape.map(size => BigInt(size)),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      entry('location', name),
      entry('offset', '0'),
      entry('length', `${elements * bytesPerElement(type)}`),
    ],
  })
}

function valueInfo({ name, type, shape }: TensorSpecification): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: dataTypes[type],
          shape: {
            dim: shape.map(size =>
              isStatic([size])
                ? { value: { case: 'dimValue' as const, value: BigInt(size) } }
                : { value: { case: 'dimParam' as const, value: String(size) } },
            ),
          },
        },
      },
    },
  })
}
