import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { characterMap, readCharacterMap } from '../../../src/corpus/materials/characterMap.ts'

const assets = join(import.meta.dirname, '../../../assets/label-font')

/** The `cmap` table of a WOFF2 file. Reference: https://www.w3.org/TR/WOFF2. */
function tableOf(woff2: Buffer): Buffer {
  let at = 48
  const variable = () => {
    for (let value = 0; ; ) {
      const byte = woff2[at++] as number
      value = value * 128 + (byte & 127)
      if (byte < 128) return value
    }
  }
  let offset = 0
  let found = [0, 0]
  for (let table = woff2.readUInt16BE(12); table > 0; table--) {
    const flags = woff2[at++] as number
    const tag = flags & 63
    if (tag === 63) at += 4
    const original = variable()
    // Outlines are stored otherwise, and then have a second length.
    const stored = (tag === 10 || tag === 11) !== flags >> 6 > 0 && flags >> 6 !== 3 ? variable() : original
    if (tag === 0) found = [offset, offset + stored]
    offset += stored
  }
  return brotliDecompressSync(woff2.subarray(at, at + woff2.readUInt32BE(20))).subarray(...found)
}

const table = tableOf(readFileSync(join(assets, 'NotoSansSC-subset.woff2')))
const has = (map: (codePoint: number) => boolean, character: string) => map(character.codePointAt(0) as number)

/** A table of format 12 with these groups of first code point, last code point, first glyph. */
function groupsTable(groups: readonly (readonly [number, number, number])[]): Buffer {
  const bytes = Buffer.alloc(12 + 16 + groups.length * 12)
  bytes.writeUInt16BE(1, 2)
  bytes.writeUInt32BE(12, 8)
  bytes.writeUInt16BE(12, 12)
  bytes.writeUInt32BE(groups.length, 24)
  for (const [at, group] of groups.entries()) {
    for (const [place, value] of group.entries()) bytes.writeUInt32BE(value, 28 + at * 12 + place * 4)
  }
  return bytes
}

test('a map of format 4 has the characters that the font of the labels was made for', () => {
  const listed = [...readFileSync(join(assets, 'characters.txt'), 'utf8')].filter(
    (character, at) => at % 9 === 0 && /\S/.test(character),
  )
  const map = characterMap(table)
  expect(listed.length).toBeGreaterThan(100)
  expect(listed.filter(character => !has(map, character)).length).toBeLessThan(listed.length / 50)
  expect(has(map, '中') && has(map, 'A')).toBe(true)
  expect(has(map, '\u0e01') || has(map, '\uffff') || has(map, '\u0005')).toBe(false)
})

test('a map of format 12 has what lies in its groups, beyond the first 65,536 too, and not what glyph 0 stands for', () => {
  const groups = [[0x41, 0x5a, 7] as const, [0x4e00, 0x4e00, 0] as const, [0x1f34e, 0x1f350, 90] as const]
  const map = characterMap(groupsTable(groups))
  expect([...'AMZ🍎🍐'].map(character => has(map, character))).toEqual([true, true, true, true, true])
  expect([...'@[a一🍑\u{10ffff}'].map(character => has(map, character))).toEqual(Array(6).fill(false))
})

test('a file is read by its directory, and one that is no font is refused by name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fonts-'))
  const font = Buffer.alloc(28)
  font.writeUInt16BE(1, 4)
  font.write('cmap', 12)
  font.writeUInt32BE(28, 20)
  font.writeUInt32BE(table.length, 24)
  writeFileSync(join(folder, 'a.ttf'), Buffer.concat([font, table]))
  expect(has(readCharacterMap(join(folder, 'a.ttf')), '中')).toBe(true)
  writeFileSync(join(folder, 'b.ttf'), 'no font')
  expect(() => readCharacterMap(join(folder, 'b.ttf'))).toThrow(/b\.ttf is no font that can be read/)
})
