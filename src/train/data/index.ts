/**
 * data/: sources in, training steps out. Read `batch.ts` (what a step is given) and `loader.ts` (how it comes about)
 * first. What the rest of the product uses is here.
 */
export type * from './batch.ts'
export {
  type CheckDataOptions,
  checkData,
  type DataSummary,
  type ShownRefusal,
  type ShownSample,
  type TaskCount,
} from './checkData.ts'
export { describeSupervision, drawSample } from './describe.ts'
export { encodePieces, encodeSample } from './encode.ts'
export { DataError, type Refused, SampleError } from './errors.ts'
export { type FeatureFolder, featurePath } from './featureFiles.ts'
export { DataLoader, type DataLoaderOptions, type LoadOptions } from './loader.ts'
export type { Packing } from './pack.ts'
export { encodePair, type Pair, PairLoader, type PairLoaderOptions, type PairStep } from './pairLoader.ts'
export { PictureWorkers } from './pictureWorkers.ts'
