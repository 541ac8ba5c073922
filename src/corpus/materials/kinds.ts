/** The kinds of things and their categories, as `assets/materials/kinds.json` has them. Knows no pictures. */
import { readAsset } from './assets.ts'
import type { Category, Kind } from './kind.ts'

const catalogue = JSON.parse(readAsset('kinds.json')) as {
  readonly categories: readonly Category[]
  readonly excludedLooks: readonly string[]
  readonly kinds: readonly Kind[]
}

/** In an order that does not change: new ones are added at the end of their category. */
export const kinds = catalogue.kinds

/** The groups that kinds belong to. */
export const categories = catalogue.categories

/** Looks that show something else than the kind whose emoji they draw: `noto:1f3b3`. */
export const excludedLooks: ReadonlySet<string> = new Set(catalogue.excludedLooks)
