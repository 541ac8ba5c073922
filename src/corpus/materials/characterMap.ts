/**
 * Which characters a font has glyphs for: the `cmap` table of TrueType and OpenType, in the two forms (4 and 12) that
 * fonts for Unicode have. Reference: https://learn.microsoft.com/typography/opentype/spec/cmap. Draws nothing.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { MaterialsError } from './errors.ts'

/** Tells whether there is a glyph for a code point. */
export type CharacterMap = (codePoint: number) => boolean

/** Reads a .ttf or .otf file, without the outlines. Throws a MaterialsError for one without a table that it knows. */
export function readCharacterMap(path: string): CharacterMap {
  const file = openSync(path, 'r')
  try {
    const read = (at: number, length: number) => {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, at))
    }
    const tables = read(4, 2).readUInt16BE()
    const directory = read(12, tables * 16)
    for (let entry = 0; entry < tables; entry++) {
      if (directory.toString('latin1', entry * 16, entry * 16 + 4) !== 'cmap') continue
      return characterMap(read(directory.readUInt32BE(entry * 16 + 8), directory.readUInt32BE(entry * 16 + 12)))
    }
  } catch (error) {
    throw new MaterialsError(`${path} is no font that can be read: ${(error as Error).message}`, { cause: error })
  } finally {
    closeSync(file)
  }
  throw new MaterialsError(`${path} is no font that can be read: it has no table of characters`)
}

/** The map in the bytes of a `cmap` table: of format 12 where there is one, which has all planes, else of format 4. */
export function characterMap(table: Buffer): CharacterMap {
  const offsets = Array.from({ length: table.readUInt16BE(2) }, (_, each) => table.readUInt32BE(8 + each * 8))
  const inFormat = (format: number) => offsets.find(offset => table.readUInt16BE(offset) === format)
  const groups = inFormat(12)
  if (groups !== undefined) return inGroups(table.subarray(groups))
  const segments = inFormat(4)
  if (segments !== undefined) return inSegments(table.subarray(segments))
  throw new MaterialsError('its table of characters is of neither format 4 nor 12')
}

/** Groups of start, end and first glyph. */
function inGroups(table: Buffer): CharacterMap {
  const groups = Array.from({ length: table.readUInt32BE(12) }, (_, each) => 16 + each * 12)
  return codePoint => {
    const at = groups.find(group => codePoint <= table.readUInt32BE(group + 4))
    if (at === undefined || codePoint < table.readUInt32BE(at)) return false
    return table.readUInt32BE(at + 8) + codePoint - table.readUInt32BE(at) !== 0
  }
}

/** Four lists, of ends, starts, differences and places in a list of glyphs, two bytes each. */
function inSegments(table: Buffer): CharacterMap {
  const bytes = table.readUInt16BE(6)
  const [ends, starts, differences, places] = [14, 16 + bytes, 16 + bytes * 2, 16 + bytes * 3]
  return codePoint => {
    for (let segment = 0; segment < bytes; segment += 2) {
      if (codePoint > table.readUInt16BE(ends + segment)) continue
      const start = table.readUInt16BE(starts + segment)
      if (codePoint < start) return false
      const difference = table.readUInt16BE(differences + segment)
      const place = table.readUInt16BE(places + segment)
      if (place === 0) return ((codePoint + difference) & 0xffff) !== 0
      // Counted from where the place itself is written.
      const glyph = table.readUInt16BE(places + segment + place + (codePoint - start) * 2)
      return glyph !== 0 && ((glyph + difference) & 0xffff) !== 0
    }
    return false
  }
}
