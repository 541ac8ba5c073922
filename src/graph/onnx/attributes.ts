/** ONNX's attribute messages and data type numbers, from plain TypeScript values. */
import { create } from '@bufbuild/protobuf'
import type { ElementType } from '../elementType.ts'
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  TensorProto_DataType,
} from './onnx_pb.ts'

/** The domain of ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft'

/** A float attribute: ONNX tells 1 from 1.0, JavaScript does not. */
export class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

export const float = (value: number): Float => new Float(value)

export type Attributes = Readonly<Record<string, number | Float | string | readonly number[] | undefined>>

export const dataTypes = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  int8: TensorProto_DataType.INT8,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
} as const satisfies Record<ElementType, TensorProto_DataType>

/** ONNX's number for unsigned 32-bit integers: a type that only the inside of an operator uses (random bits). */
export const UINT32 = TensorProto_DataType.UINT32

export function attributeProto(name: string, value: Attributes[string]): AttributeProto {
  if (value instanceof Float) {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value.value })
  }
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.STRING,
      s: new TextEncoder().encode(value),
    })
  }
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) })
  }
  return create(AttributeProtoSchema, {
    name,
    type: AttributeProto_AttributeType.INTS,
    ints: (value ?? []).map(BigInt),
  })
}
