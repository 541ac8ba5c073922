/**
 * Makes assets/label-font: the font that labels are drawn with, cut down to the characters that labels need. Run it again
 * only to change the set of characters or the font; the result is committed. Needs the registry.
 *
 *     node scripts/make-label-font.mjs
 *
 * Characters: all of GB 2312 (6,763 Chinese characters, kana, Greek, Cyrillic, symbols), level 1 of Big5 (5,401
 * traditional characters), ASCII, Latin-1, punctuation, full-width forms; of all these what the
 * font has (it lacks most of Latin Extended-A).
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = ['@expo-google-fonts/noto-sans-sc@0.4.3', 'subset-font@2.9.0']
const source = '@expo-google-fonts/noto-sans-sc/500Medium/NotoSansSC_500Medium.ttf'
const target = fileURLToPath(new URL('../assets/label-font/', import.meta.url))

/** Every character of a two-byte encoding in a range of lead bytes. */
function decoded(encoding, leads, trails) {
  const decoder = new TextDecoder(encoding)
  let text = ''
  for (let lead = leads[0]; lead <= leads[1]; lead++) {
    for (const [from, to] of trails) {
      for (let trail = from; trail <= to; trail++) text += decoder.decode(Uint8Array.of(lead, trail))
    }
  }
  return text
}

const range = (from, to) => String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, i) => from + i))

const wanted = [
  range(0x20, 0x7e),
  range(0xa0, 0x17f),
  range(0x2010, 0x2027),
  range(0x2030, 0x205e),
  '€₩₽₹™℃℉№←↑→↓✓✗★☆●○■□▲△▼▽◆◇',
  range(0xff01, 0xff60),
  decoded('gb2312', [0xa1, 0xa9], [[0xa1, 0xfe]]),
  decoded('gb2312', [0xb0, 0xf7], [[0xa1, 0xfe]]),
  decoded(
    'big5',
    [0xa4, 0xc6],
    [
      [0x40, 0x7e],
      [0xa1, 0xfe],
    ],
  ),
]
const characters = [...new Set(wanted.join(''))]
  .filter(c => c !== '\ufffd' && !/[\p{Co}\p{Cn}\p{Cc}\p{Default_Ignorable_Code_Point}]/u.test(c))
  .sort((a, b) => a.codePointAt(0) - b.codePointAt(0))

/** The code points that a TrueType font has a glyph for: its `cmap` table, format 4 or 12. */
function covered(font) {
  const tables = font.readUInt16BE(4)
  const entry = Array.from({ length: tables }, (_, i) => 12 + 16 * i).find(
    at => font.toString('latin1', at, at + 4) === 'cmap',
  )
  const cmap = font.readUInt32BE(entry + 8)
  const result = new Set()
  for (let i = 0; i < font.readUInt16BE(cmap + 2); i++) {
    const at = cmap + font.readUInt32BE(cmap + 8 + 8 * i)
    if (font.readUInt16BE(at) !== 12) continue
    for (let group = 0; group < font.readUInt32BE(at + 12); group++) {
      const [from, to] = [0, 4].map(offset => font.readUInt32BE(at + 16 + 12 * group + offset))
      for (let code = from; code <= to; code++) result.add(code)
    }
  }
  return result
}

const folder = mkdtempSync(join(tmpdir(), 'label-font-'))
try {
  writeFileSync(join(folder, 'package.json'), '{}')
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  const modules = join(folder, 'node_modules')
  const subsetFont = createRequire(join(folder, 'package.json'))('subset-font')
  const font = readFileSync(join(modules, source))
  const there = covered(font)
  if (there.size < 10_000) throw new Error(`read only ${there.size} characters from the font's cmap`)
  const kept = characters.filter(c => there.has(c.codePointAt(0))).join('')
  const small = await subsetFont(font, kept, {
    targetFormat: 'woff2',
    keepFeatures: ['kern'],
    noLayoutClosure: true,
    noHinting: true,
    dropTables: ['vhea', 'vmtx', 'VORG', 'BASE', 'DSIG', 'GSUB', 'STAT'],
  })
  mkdirSync(target, { recursive: true })
  writeFileSync(join(target, 'NotoSansSC-subset.woff2'), small)
  writeFileSync(join(target, 'characters.txt'), `${kept}\n`)
  copyFileSync(join(modules, '@expo-google-fonts/noto-sans-sc/LICENSE_FONT'), join(target, 'OFL.txt'))
  const left = characters.filter(c => !there.has(c.codePointAt(0))).join('')
  console.log(`${[...kept].length} characters, ${small.length} bytes; not in the font: ${left || 'none'}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
