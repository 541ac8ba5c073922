/** Looks into compiled graphs: the ONNX model that the bytes hold. */
import { fromBinary } from '@bufbuild/protobuf'
import type { CompiledGraph } from '../../src/graph/index.ts'
import { type GraphProto, type ModelProto, ModelProtoSchema, type NodeProto } from '../../src/graph/onnx/onnx_pb.ts'

export const modelOf = ({ onnx }: CompiledGraph): ModelProto => fromBinary(ModelProtoSchema, onnx)

export const graphOf = (compiled: CompiledGraph): GraphProto => modelOf(compiled).graph!

export const nodesOf = (compiled: CompiledGraph): readonly NodeProto[] => graphOf(compiled).node

/** ONNX types of all nodes, in the order of the file. */
export const typesOf = (compiled: CompiledGraph): string[] => nodesOf(compiled).map(({ opType }) => opType)

/** How many nodes of a type there are. */
export const countOf = (compiled: CompiledGraph, type: string): number =>
  typesOf(compiled).filter(one => one === type).length
