/** Where the cache of frozen features keeps a picture's. Knows nothing else of them. */
import { join } from 'node:path'

/** `folder/ab/abcdef….f32`, from a key of hexadecimal digits and a size. */
export const featurePath = (folder: string, key: string): string =>
  join(folder, key.slice(0, 2), `${key.replaceAll(':', '-')}.f32`)
