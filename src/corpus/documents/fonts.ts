/**
 * Which font can write a text as it was meant: one that has every character, and that tells small letters from capitals
 * where the text has small ones. Knows no sizes and no colours.
 */
import type { Font } from '../materials/materials.ts'
import type { Random } from '../random.ts'
import { letterSize } from './measure.ts'

/** Family → whether it has only capitals. */
const capitalsOnly = new Map<string, boolean>()
/** Family and character → whether there is a glyph. */
const glyphs = new Map<string, boolean>()

/** No font has a glyph for it: it shows what a font draws for what it lacks. */
const nothing = '\u{10FFFE}'

/** Whether the font has a glyph that is read as such for every character: small letters for the small ones, too. */
export function canWrite(font: Font, text: string): boolean {
  for (const character of text) {
    if (character !== ' ' && !hasGlyph(font, character)) return false
  }
  return !/[a-z]/.test(text) || !onlyCapitals(font)
}

/** A font of the list that can write all the texts, each as often as any other that can; undefined where none can. */
export function fontFor(random: Random, fonts: readonly Font[], texts: readonly string[]): Font | undefined {
  return random.shuffle(fonts).find(font => texts.every(text => canWrite(font, text)))
}

function hasGlyph(font: Font, character: string): boolean {
  if (font.lacks.has(character)) return false
  const key = font.family + character
  let has = glyphs.get(key)
  if (has === undefined) {
    // Canvas does not fall back to other families: what is lacking looks like anything else that is.
    const [own, none] = [letterSize(font, character), letterSize(font, nothing)]
    has = own.advance !== none.advance || own.ink.some((side, index) => side !== none.ink[index])
    if (character === '.' && looksLikeComma(font)) has = false
    glyphs.set(key, has)
  }
  return has
}

/** True for a font in which 3.50 would be read as 3,50. */
function looksLikeComma(font: Font): boolean {
  const [stop, comma] = [letterSize(font, '.').ink[3], letterSize(font, ',').ink[3]]
  return comma > 0 && stop > comma * 0.5
}

/** True for a font whose small letters look like capitals: `hello` would be read as HELLO. */
function onlyCapitals(font: Font): boolean {
  let only = capitalsOnly.get(font.family)
  if (only === undefined) {
    const height = (letter: string) => -letterSize(font, letter).ink[1]
    only = height('d') < height('a') * 1.1 || height('h') < height('n') * 1.1
    capitalsOnly.set(font.family, only)
  }
  return only
}
