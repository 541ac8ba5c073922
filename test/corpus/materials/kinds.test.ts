import { expect, test } from 'vitest'
import { categories, excludedLooks, kinds } from '../../../src/corpus/materials/kinds.ts'
import { articleBefore } from '../../../src/corpus/wording/english.ts'

const repeated = (names: readonly string[]) => names.filter((name, at) => names.indexOf(name) !== at)
const colourable = kinds.filter(kind => kind.anyColour)

test('there are at least 360 kinds in about two dozen categories, and 120 that may have any colour', () => {
  expect(kinds.length).toBeGreaterThanOrEqual(360)
  expect(colourable.length).toBeGreaterThanOrEqual(120)
  expect(categories.length).toBeGreaterThanOrEqual(15)
  for (const { id } of categories) expect(kinds.filter(kind => kind.category === id).length).toBeGreaterThan(5)
})

test('no two kinds share an id, an emoji or any of their names', () => {
  expect(repeated(kinds.map(kind => kind.id))).toEqual([])
  expect(repeated(kinds.flatMap(kind => kind.emoji))).toEqual([])
  expect(repeated(kinds.flatMap(({ en }) => [en.name, ...(en.also ?? [])].map(name => name.toLowerCase())))).toEqual([])
  expect(repeated(kinds.flatMap(({ zh }) => [zh.name, ...(zh.also ?? [])]))).toEqual([])
})

test('an id is the English name with hyphens, and its category exists', () => {
  const known = new Set(categories.map(category => category.id))
  for (const { id, en, category } of kinds) {
    expect(id).toBe(en.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'))
    expect(known).toContain(category)
  }
})

test('articles are those of the sound that follows, and what has none has no other plural', () => {
  for (const { en } of kinds) {
    if (en.article === 'a' || en.article === 'an') expect(en.article, en.name).toBe(articleBefore(en.name))
    else expect(en.plural).toBe(en.name)
  }
})

test('plurals follow the rules of English or are among its exceptions', () => {
  const irregular = /men$|mice$|geese$|teeth$|oxen$|cacti$|leaves$|scarves$|wolves$|knives$|dice$/
  const first = / of | and /
  for (const { en } of kinds) {
    if (en.plural === en.name || irregular.test(en.plural)) continue
    const [name, plural] = [en.name, en.plural].map(words => words.split(first)[0] as string) as [string, string]
    const regular = [`${name}s`, `${name}es`, `${name.slice(0, -1)}ies`]
    expect(regular, en.plural).toContain(plural)
    if (/(s|x|ch|sh)$/.test(name)) expect(plural).toBe(`${name}es`)
    if (/[^aeiou]y$/.test(name)) expect(plural).toBe(`${name.slice(0, -1)}ies`)
  }
})

test('Chinese names are Chinese, and each has a measure word of one character', () => {
  for (const { zh } of [...kinds, ...categories]) {
    expect(zh.measure).toMatch(/^\p{Script=Han}$/u)
    expect(zh.name).toMatch(/^T?\p{Script=Han}+$/u)
  }
})

test('emoji are code points without the selector of the coloured form; only drawn shapes have none', () => {
  for (const { emoji, category } of kinds) {
    for (const code of emoji) expect(code).toMatch(/^[0-9a-f]{4,5}(-[0-9a-f]{4,5})*$/)
    for (const code of emoji) expect(code).not.toContain('fe0f')
    if (emoji.length === 0) expect(category).toBe('shape')
  }
  const emoji = new Set(kinds.flatMap(kind => kind.emoji))
  for (const look of excludedLooks) expect(emoji).toContain(look.slice(look.indexOf(':') + 1))
})
