/** The element types that checkpoints store: those of graphs, and bfloat16, which exists on disk only. */
import { formatShape } from '../graph/dimension.ts'

export const storedTypes = ['float32', 'float16', 'bfloat16', 'int64', 'int32', 'int8', 'uint8', 'bool'] as const

export type StoredType = (typeof storedTypes)[number]

export type FloatType = 'float32' | 'float16' | 'bfloat16'

const sizes: Record<StoredType, number> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int8: 1,
  uint8: 1,
  bool: 1,
}

/** Bytes of one element. */
export const storedBytes = (type: StoredType): number => sizes[type]

export const isFloatType = (type: StoredType): type is FloatType =>
  type === 'float32' || type === 'float16' || type === 'bfloat16'

/** The number of elements of a shape; 1 for a scalar. */
export const countElements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** `float16 [4, 8]`, as errors and listings write it. */
export const describeTensor = (tensor: { readonly dtype?: string; readonly shape: readonly number[] }): string =>
  `${tensor.dtype === undefined ? '' : `${tensor.dtype} `}${formatShape(tensor.shape)}`

/** `19.3 GB`: decimal units, as disks and hubs count. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let value = bytes
  for (; value >= 999.95 && unit < units.length - 1; unit++) value /= 1000
  return unit === 0 ? `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}` : `${value.toFixed(1)} ${units[unit]}`
}
