/**
 * The ONNX model as an engine is to see it: each weight points to where its values really are. Parses and writes the
 * model, computes nothing. A compiled graph says of each weight only that it is external data under its own name.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  type ModelProto,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../graph/onnx/onnx_pb.ts'
import { ModelError } from './errors.ts'
import type { Placement } from './protocol.ts'

/** Reads ONNX bytes. Throws a ModelError for anything else. */
export function parseModel(onnx: Uint8Array): ModelProto {
  const advice = 'the bytes are truncated or no ONNX model: compile or download them again'
  let model: ModelProto
  try {
    model = fromBinary(ModelProtoSchema, onnx)
  } catch (cause) {
    throw new ModelError(`cannot read the model (${(cause as Error).message}): ${advice}`, { cause })
  }
  if (model.graph === undefined) throw new ModelError(`the model holds no graph: ${advice}`)
  return model
}

/** Points the model's weights to their places. Throws a ModelError for a weight that has none. */
export function placeWeights(model: ModelProto, placements: Readonly<Record<string, Placement>>): void {
  for (const weight of model.graph?.initializer ?? []) {
    if (weight.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue
    const placement = placements[weight.name]
    if (placement === undefined) {
      throw new ModelError(`the model has a weight "${weight.name}" that its compiled graph does not list`)
    }
    if ('bytes' in placement) {
      weight.rawData = placement.bytes
      weight.dataLocation = TensorProto_DataLocation.DEFAULT
      weight.externalData = []
    } else {
      weight.externalData = Object.entries(placement).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value: `${value}` }),
      )
    }
  }
}

/** Adds an output that costs nothing, before all others: a constant scalar. Gives its name. */
export function addFirstOutput(model: ModelProto): string {
  const graph = model.graph!
  const taken = new Set([...graph.output, ...graph.input, ...graph.initializer].map(({ name }) => name))
  let name = 'first'
  while (taken.has(name) || graph.node.some(node => node.output.includes(name))) name += '_'
  graph.initializer.push(
    create(TensorProtoSchema, { name, dataType: TensorProto_DataType.FLOAT, rawData: new Uint8Array(4) }),
  )
  const value = { elemType: TensorProto_DataType.FLOAT, shape: { dim: [] } }
  graph.output.unshift(create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value } } }))
  return name
}

export const writeModel = (model: ModelProto): Uint8Array => toBinary(ModelProtoSchema, model)

/** The smallest model that makes an engine start its device: one addition. */
export function probeModel(): Uint8Array {
  const value = {
    case: 'tensorType' as const,
    value: {
      elemType: TensorProto_DataType.FLOAT,
      shape: { dim: [{ value: { case: 'dimValue' as const, value: 1n } }] },
    },
  }
  const node = [{ opType: 'Add', input: ['x', 'x'], output: ['y'] }]
  const graph = {
    name: 'probe',
    node,
    input: [{ name: 'x', type: { value } }],
    output: [{ name: 'y', type: { value } }],
  }
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ domain: '', version: 17n }], graph }),
  )
}
