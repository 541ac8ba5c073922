/**
 * Where the features of pictures are kept on disk: a file for each picture, named by its content and size. What the
 * features depend on beside these (the frozen part of the model) has to choose the folder.
 */
import { join } from 'node:path'

/** Where features are kept, and how many numbers one picture has. */
export interface FeatureFolder {
  readonly folder: string
  /** Numbers of one picture: slots × width. A file of another length counts as none. */
  readonly length: number
}

/** The file of a picture's features, float32 in little-endian order: `folder/ab/abcdef…-448.f32` for `abcdef…:448`. */
export const featurePath = (folder: string, key: string): string =>
  join(folder, key.slice(0, 2), `${key.replace(':', '-')}.f32`)
