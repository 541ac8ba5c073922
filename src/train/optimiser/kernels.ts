/**
 * The compiled loops of the optimiser, on a memory of one's own. They are WebAssembly, and no graphs for ONNX Runtime:
 * an update goes over seven arrays and does little with each number, and the engine would go over them once for each
 * operator. Knows addresses, and no tensors. The source is `assembly/kernels.ts`.
 */
import { kernelModule } from './kernelModule.ts'

/** Addresses and lengths are in bytes from the start of the memory, and multiples of 16. */
export interface Kernels {
  /** The sum of squares of each of `count` blocks of `block` bytes, as float64, to `sums`. */
  squares(gradient: number, block: number, count: number, sums: number): void
  /** sum += gradient */
  add(sum: number, gradient: number, length: number): void
  /** One step of AdamW: the formula is at the source. */
  update(
    parameter: number,
    gradient: number,
    first: number,
    second: number,
    length: number,
    scale: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    keep: number,
    rate: number,
    epsilon: number,
  ): void
  /** Sets to zero what is too small to be a normal number. */
  settle(values: number, length: number): void
}

let compiled: WebAssembly.Module | undefined

/** The loops, on this memory and no other. */
export function kernelsOn(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(Buffer.from(kernelModule, 'base64'))
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels
}
