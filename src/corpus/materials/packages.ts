/**
 * The packages that materials come from, as `assets/materials/packages.json` pins them: which, under what licence, and
 * what is used of each. Knows not how they are fetched.
 */
import { readAsset } from './assets.ts'
import type { Font } from './materials.ts'

interface Package {
  /** As the npm registry has it. */
  readonly name: string
  readonly version: string
  /** Of the archive: `sha512-…`, as lock files have it. */
  readonly integrity: string
  /** SPDX. Of the pictures or the font, not of what packs them. */
  readonly licence: string
  readonly copyright: string
  /** What is kept of it: paths, or folders where they end with `/`. */
  readonly files: readonly string[]
}

/** Emoji drawn in one style. */
export interface LooksPackage extends Package {
  readonly use: 'looks'
  readonly style: string
  /** Another package that says which character each of its icons shows, where this does not. */
  readonly namesFrom?: string
}

/** Photographs and paintings. */
export interface BackgroundsPackage extends Package {
  readonly use: 'backgrounds'
  /** How much of each picture is cut off on every side, as a share: frames, edges of paper. */
  readonly margin: number
}

/** One family; each of `files` is a weight of it. */
export interface FontPackage extends Package {
  readonly use: 'fonts'
  readonly style: Font['style']
  readonly languages: Font['languages']
  /** Only for held-out pictures. */
  readonly unseen?: boolean
}

export type MaterialPackage = LooksPackage | BackgroundsPackage | FontPackage

/** In the order in which they are fetched. */
export const materialPackages = JSON.parse(readAsset('packages.json')) as readonly MaterialPackage[]
