/** Materials for pictures of text: one font under three names, of which one claims to lack letters; no photographs. */
import { readFileSync } from 'node:fs'
import { GlobalFonts } from '@napi-rs/canvas'
import type { Font, Materials } from '../../../src/corpus/materials/materials.ts'

const labelFont = (file: string) => new URL(`../../../assets/label-font/${file}`, import.meta.url)
const known = new Set(readFileSync(labelFont('characters.txt'), 'utf8'))

function font(family: string, lacks: ReadonlySet<string>): Font {
  GlobalFonts.register(readFileSync(labelFont('NotoSansSC-subset.woff2')), family)
  return { family, style: 'sans', languages: ['en', 'zh'], lacks }
}

const whole = font('made-up whole', new Set())
/** What `made-up gappy` says that it lacks. */
export const gaps = new Set('eaT3天一')
const gappy = font('made-up gappy', gaps)
const other = font('made-up other', new Set())

const chineseCharacters = [...known].filter(each => each >= '\u4e00' && each <= '\u9fff').slice(0, 300)

const nothing = () => {
  throw new Error('a picture of text needs no things')
}

export const materials: Materials = {
  ...{ kinds: [], categories: [], looksOf: nothing, sprite: nothing },
  backgrounds: () => [],
  background: nothing,
  fonts: side => (side === 'seen' ? [whole, gappy] : [other]),
  englishWords: ['apple', 'bridge', 'cloud', 'to', 'question', 'yellow', 'jumping', 'world', 'fix', 'vigorously'],
  chineseCharacters,
  chineseWords: ['天空', '大象', '图书馆', '一年四季', '你好'].filter(word => [...word].every(each => known.has(each))),
}
