/**
 * What pictures are made of, as the makers ask for it. `openMaterials.ts` gets it from packages; tests give their own.
 */
import type { Category, Kind } from './kind.ts'

/**
 * `seen`: what training pictures may have. `unseen`: what only held-out ones have. A background is on one side by the
 * hash of its name, one in eight unseen; of the fonts, `packages.json` says so, that both have some of every style.
 */
export type Side = 'seen' | 'unseen'

/** Pixels with straight (not premultiplied) alpha, row by row: 4 bytes each. */
export interface Raster {
  readonly width: number
  readonly height: number
  readonly data: Uint8ClampedArray
}

/** A picture of a kind, and where it comes from. */
export interface Look {
  /** `fluent-3d:1f34e`. */
  readonly id: string
  /** `fluent-3d`, `fluent`, `fluent-flat`, `noto`, `twemoji`: how it is drawn. */
  readonly style: string
}

export interface Font {
  /** Names it in canvas: ctx.font = `20px "${family}"`. Unlike the families of the machine. */
  readonly family: string
  readonly style: 'sans' | 'serif' | 'mono' | 'hand' | 'display'
  /** What it can write. Fonts for Chinese write English too. */
  readonly languages: readonly ('en' | 'zh')[]
  /** Characters of the language's list that it has no glyph for. */
  readonly lacks: ReadonlySet<string>
}

export interface Materials {
  readonly kinds: readonly Kind[]
  readonly categories: readonly Category[]
  /** At least one for each kind that has emoji. */
  looksOf(kind: string): readonly Look[]
  /** Trimmed to its visible pixels, the longer side at most 256. Kept in memory within a bound. Throws for an unknown id. */
  sprite(look: string): Promise<Raster>
  /** Names of photographs and paintings that scenes may stand before. */
  backgrounds(side: Side): readonly string[]
  /** At most 640 pixels on the longer side. Kept in memory within a bound. */
  background(name: string): Promise<Raster>
  /** Ready to be drawn with. */
  fonts(side: Side, language: 'en' | 'zh'): readonly Font[]
  /** Everyday English words of 2 to 10 letters, lower case, most frequent first (at least 2,000). */
  readonly englishWords: readonly string[]
  /** Single Chinese characters, most frequent first (at least 800), and everyday words of 2 to 4 of them. */
  readonly chineseCharacters: readonly string[]
  readonly chineseWords: readonly string[]
}
