/**
 * The special tokens of Qwen-VL and their ids. Knows no text and no vocabulary, only how many ranks one has.
 *
 * Source: tokenization_qwen.py of Qwen/Qwen-VL-Chat. They follow the ranks without a gap, in the order of
 * `publishedSpecialTokens`, so a smaller vocabulary moves all of them.
 */
import { TextError } from './errors.ts'

/** Name in code → how the token is written. */
const written = {
  endoftext: '<|endoftext|>',
  imStart: '<|im_start|>',
  imEnd: '<|im_end|>',
  ref: '<ref>',
  refEnd: '</ref>',
  box: '<box>',
  boxEnd: '</box>',
  quad: '<quad>',
  quadEnd: '</quad>',
  img: '<img>',
  imgEnd: '</img>',
  imgpad: '<imgpad>',
} as const

export type SpecialName = keyof typeof written

/** The ids of the twelve special tokens that mean something. `extra` tokens have none: nothing was trained on them. */
export type SpecialIds = { readonly [Name in SpecialName]: number }

/** `<ref> </ref> <box> </box> <quad> </quad>`: harmless in anybody's text, and needed to ask about places. */
export const markupTags: readonly string[] = ['<ref>', '</ref>', '<box>', '</box>', '<quad>', '</quad>']

/** The tags of pictures. */
export const pictureTags: readonly string[] = ['<img>', '</img>', '<imgpad>']

const extraTokens = 205

/**
 * Every special token of a vocabulary with so many ranks, by its written form: `<|endoftext|>` is `ranks`,
 * `<|im_start|>` `ranks + 1`, … With the published 151,643 ranks `<img>` is 151857, and 151860 ids are in use.
 */
export function publishedSpecialTokens(ranks: number): Record<string, number> {
  const { endoftext, imStart, imEnd } = written
  const extra = Array.from({ length: extraTokens }, (_, i) => `<|extra_${i}|>`)
  const order = [endoftext, imStart, imEnd, ...extra, ...markupTags, ...pictureTags]
  return Object.fromEntries(order.map((name, i) => [name, ranks + i]))
}

/**
 * Special tokens with ids given one by one, by the short names of a reference configuration
 * (`endoftext`, `im_start`, `im_end`, `ref`, `ref_end`, …, `img_end`, `imgpad`), by their written form.
 *
 *     specialTokensByName({ endoftext: 272, im_start: 273, … })   // { '<|endoftext|>': 272, … }
 */
export function specialTokensByName(ids: Readonly<Record<string, number>>): Record<string, number> {
  const known = Object.entries(written).map(([name, form]) => [
    name.replace(/[A-Z]/g, c => `_${c.toLowerCase()}`),
    form,
  ])
  const forms = Object.fromEntries(known) as Record<string, string>
  return Object.fromEntries(
    Object.entries(ids).map(([name, id]) => {
      const form = forms[name]
      if (form === undefined) {
        throw new TextError('vocabulary', `no special token is called "${name}": use ${Object.keys(forms).join(', ')}`)
      }
      return [form, id]
    }),
  )
}

/** Checks special tokens against the number of ranks, and gives the twelve that have a meaning their names. */
export function specialIds(tokens: Readonly<Record<string, number>>, ranks: number): SpecialIds {
  const missing = Object.values(written).filter(form => tokens[form] === undefined)
  if (missing.length > 0) throw new TextError('vocabulary', `no ids for the special tokens ${missing.join(' ')}`)
  const taken = new Map<number, string>()
  for (const [form, id] of Object.entries(tokens)) {
    if (!Number.isInteger(id) || id < ranks) {
      throw new TextError('vocabulary', `${form} has id ${id}: special tokens follow the ${ranks} ranks`)
    }
    const other = taken.get(id)
    if (other !== undefined) throw new TextError('vocabulary', `${form} and ${other} have the same id, ${id}`)
    taken.set(id, form)
  }
  return Object.fromEntries(Object.entries(written).map(([name, form]) => [name, tokens[form]])) as SpecialIds
}
