/** The fonts that pictures are written in. A font is registered with the canvas when it is first asked for. */
import { join } from 'node:path'
import { GlobalFonts } from '@napi-rs/canvas'
import { readCharacterMap } from './characterMap.ts'
import { MaterialsError } from './errors.ts'
import { packageFolder } from './folder.ts'
import type { Font, Side } from './materials.ts'
import type { FontPackage } from './packages.ts'
import { chineseCharacters, chineseWords } from './words.ts'

/** What is written in English: letters, figures and the marks of ASCII. */
const latin = Array.from({ length: 94 }, (_, each) => String.fromCharCode(33 + each))

const chinese = new Set([...chineseCharacters, ...chineseWords.join('')])

export class Fonts {
  readonly #folder: string
  readonly #packages: readonly FontPackage[]
  readonly #ready = new Map<FontPackage, readonly Font[]>()

  constructor(folder: string, packages: readonly FontPackage[]) {
    this.#folder = folder
    this.#packages = packages
  }

  /** Those of a side that write the language. Throws a MaterialsError for a file that is no font. */
  of(side: Side, language: 'en' | 'zh'): readonly Font[] {
    return this.#packages
      .filter(each => (each.unseen === true) === (side === 'unseen') && each.languages.includes(language))
      .flatMap(each => this.#open(each))
  }

  #open(each: FontPackage): readonly Font[] {
    const known = this.#ready.get(each)
    if (known !== undefined) return known
    const fonts = each.files.map((file): Font => {
      const path = join(packageFolder(this.#folder, each), file)
      const family = `qwen-vl ${file.slice(file.lastIndexOf('/') + 1, -'.ttf'.length)}`
      if (GlobalFonts.registerFromPath(path, family) === null) {
        throw new MaterialsError(`${path} cannot be drawn with: remove the folder above it, and it is fetched anew`)
      }
      const has = readCharacterMap(path)
      const needed = each.languages.includes('zh') ? [...latin, ...chinese] : latin
      const lacks = new Set(needed.filter(character => !has(character.codePointAt(0) as number)))
      return { family, style: each.style, languages: each.languages, lacks }
    })
    this.#ready.set(each, fonts)
    return fonts
  }
}
