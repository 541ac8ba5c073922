/**
 * checkpoint/ in a browser: everything that needs no file system. A checkpoint is opened from files that a person chose
 * or a page fetched; `index.ts` is the same for Node, with folders, downloads and writing.
 */
import type { Checkpoint } from './checkpoint.ts'
import { openFiles } from './open.ts'
import { blobSource, type FileSet, memorySource } from './source.ts'

export {
  type BlockTensor,
  blockTensors,
  bytesOfBlocks,
  dequantiseBlocks,
  describeBlocks,
  type QuantisedBlocks,
} from './blocks.ts'
export type {
  Checkpoint,
  CheckpointTensor,
  FileRegion,
  ReadableTensor,
  TensorSource,
} from './checkpoint.ts'
export * from './errors.ts'
export {
  compareTensors,
  type Differences,
  type ExpectedTensor,
  type ExpectOptions,
  expectTensors,
} from './expect.ts'
export {
  checkGptqConfig,
  dequantiseGptq,
  type GptqFormat,
  type GptqGroups,
  type GptqLayer,
  gptqBlocks,
  gptqFormat,
  gptqGroupSize,
  gptqLayerNames,
  readGptqGroups,
  readGptqLayer,
} from './gptq.ts'
export {
  type GptqShape,
  type GptqSource,
  gptqConfigOf,
  gptqTensors,
  lazyGptqTensors,
  type QuantisedToGptq,
  quantiseToGptq,
} from './gptqWrite.ts'
export { convertFloats } from './halfPrecision.ts'
export {
  type ConfigSummary,
  type Figures,
  type InspectedTensor,
  type Inspection,
  inspect,
  inspectCheckpoint,
  type PartName,
  partOf,
  type WeightMemory,
} from './inspect.ts'
export { openFiles } from './open.ts'
export { type QuantisationError, type Quantised, type QuantiseOptions, quantise } from './quantise.ts'
export { type ByteSource, blobSource, type FileSet, memorySource } from './source.ts'
export { type FloatType, formatBytes, type StoredType, storedBytes, storedTypes } from './storedType.ts'
export { convertTensor, tensorFromMemory, tensorSource } from './tensor.ts'

/** A file of a checkpoint in a browser. */
export type BrowserFile = Blob | ArrayBuffer | Uint8Array

/**
 * Opens a checkpoint from files by name: one safetensors file, or several with their index; `config.json` and
 * `generation_config.json` too if they are among them. Of a Blob only what is asked for is read.
 *
 *     const chosen = [...input.files].map(file => [file.name, file])
 *     const checkpoint = await openBrowserFiles(Object.fromEntries(chosen))
 *
 * Throws a CheckpointError, or a FormatError for damaged files.
 */
export function openBrowserFiles(
  files: Readonly<Record<string, BrowserFile>>,
  { origin = 'the chosen files' }: { readonly origin?: string } = {},
): Promise<Checkpoint> {
  const byName = new Map(Object.entries(files))
  const set: FileSet = {
    origin,
    names: new Set(byName.keys()),
    async open(name) {
      const file = byName.get(name)!
      return file instanceof Blob ? blobSource(file, name) : memorySource(file, name)
    },
  }
  return openFiles(set)
}
