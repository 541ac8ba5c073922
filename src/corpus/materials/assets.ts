/** Where the lists and pictures of this package lie that materials are made of. Knows nothing of what they say. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Three folders up from the source and from the built file alike. */
export const assetsFolder = join(import.meta.dirname, '../../../assets/materials')

/** A file of `assets/materials` as text. */
export const readAsset = (name: string): string => readFileSync(join(assetsFolder, name), 'utf8')
