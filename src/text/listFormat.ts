/**
 * The original's list format: a text as a list of pictures, texts, labels and boxes. Strict where `markup.ts` forgives,
 * because the original is. Knows no tokens: where tags stand can be seen in the text.
 *
 * Source: `from_list_format` and `to_list_format` of tokenization_qwen.py.
 */
import { TextError } from './errors.ts'

/** What `fromListFormat` takes. Boxes are x1, y1, x2, y2 in units; decimals are cut off. */
export type ListElement =
  | { readonly image: string }
  | { readonly text: string }
  | { readonly box: readonly (readonly number[])[]; readonly ref?: string }

/** What `toListFormat` gives. A box or quadrilateral stays as it was written: `(536,509),(588,602)`. */
export type ListEntry =
  | { readonly image: string }
  | { readonly text: string }
  | { readonly ref: string }
  | { readonly box: string }
  | { readonly quad: string }

/**
 *     fromListFormat([{ image: 'a.jpg' }, { text: 'Where is the dog?' }])
 *     // 'Picture 1:<img>a.jpg</img>\nWhere is the dog?'
 *
 * Pictures are numbered from 1, with no space after the colon; texts are taken as they are.
 */
export function fromListFormat(list: readonly ListElement[]): string {
  let pictures = 0
  return list
    .map(element => {
      if ('image' in element) return `Picture ${++pictures}:<img>${element.image}</img>\n`
      if ('text' in element) return element.text
      if ('box' in element) {
        const label = element.ref === undefined ? '' : `<ref>${element.ref}</ref>`
        return label + element.box.map(writeBox).join('')
      }
      const shown = JSON.stringify(element)
      throw new TextError('markup', `Unsupported element ${shown}: an element has "image", "text" or "box"`)
    })
    .join('')
}

function writeBox(box: readonly number[]): string {
  const [x1, y1, x2, y2] = box.map(Math.trunc)
  if (box.length < 4 || !box.every(Number.isFinite)) {
    throw new TextError('markup', `a box has four numbers, x1, y1, x2, y2, and not ${JSON.stringify(box)}`)
  }
  return `<box>(${x1! + 0},${y1! + 0}),(${x2! + 0},${y2! + 0})</box>`
}

const names = { '<img>': 'image', '<ref>': 'ref', '<box>': 'box', '<quad>': 'quad' } as const

/**
 *     toListFormat('<ref>击掌</ref><box>(536,509),(588,602)</box>')
 *     // [{ ref: '击掌' }, { box: '(536,509),(588,602)' }]
 *
 * The text is put into NFC; a tag reaches to the first closing tag of its kind, whatever stands between. Throws a
 * TextError if there is none. Empty texts are left out.
 */
export function toListFormat(text: string): ListEntry[] {
  const normal = text.normalize('NFC')
  const entries: ListEntry[] = []
  let from = 0
  for (const { 0: tag, index } of normal.matchAll(/<(?:img|ref|box|quad)>/g)) {
    if (index < from) continue
    if (index > from) entries.push({ text: normal.slice(from, index) })
    const closing = tag.replace('<', '</')
    const start = index + tag.length
    const end = normal.indexOf(closing, start)
    if (end === -1) {
      const message = `Unclosed image token: ${tag} at character ${index} has no ${closing}`
      throw new TextError('unclosed tag', `${message}: close it, or read the text with parseMarkup`)
    }
    entries.push({ [names[tag as keyof typeof names]]: normal.slice(start, end) } as ListEntry)
    from = end + closing.length
  }
  if (from < normal.length) entries.push({ text: normal.slice(from) })
  return entries
}
