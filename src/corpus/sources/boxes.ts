/**
 * Rows with places in pixels, written into the model's markup: what something is and where, captions and answers that
 * name places, text that stands in a picture. Knows no files but the row's picture, whose size it asks for.
 *
 * Source of the forms: the paper's multi-task data (arXiv 2308.12966, appendix B).
 */
import { z } from 'zod'
import type { PictureSource } from '../../image/index.ts'
import { type Quad, quadToUnits, toUnits, writeBoxes, writeQuads } from '../../text/index.ts'
import type { Sample } from '../sample.ts'
import { pictureSize } from './pictureSize.ts'
import { checkRow, languageName, pictureIn, rowFields, sampleFields } from './rows.ts'
import { SourceError } from './source.ts'

const label = z.string().refine(text => text.trim() !== '', 'is empty')

const schema = z.object({
  ...rowFields,
  image: z.string().min(1),
  boxes: z
    .array(
      z.union([
        z.object({ label, box: z.array(z.number()).length(4) }),
        z.object({ label, quad: z.array(z.number()).length(8) }),
      ]),
    )
    .min(1, 'is empty: a row has at least one box'),
  question: z.string().min(1).optional(),
  answer: z.string().min(1).optional(),
  caption: z.string().min(1).optional(),
  format: z.enum(['raw', 'chatml']).default('raw'),
})

/** A row with places. `box` is left, top, right, bottom; `quad` four corners x, y clockwise from the top left; pixels. */
export type BoxRow = z.input<typeof schema>
type Checked = z.output<typeof schema>
type Place = Checked['boxes'][number]

interface Size {
  readonly width: number
  readonly height: number
}

/** How far a place may lie outside of its picture, for the rounding of other tools. Pixels. */
const TOLERANCE = 1

/**
 * The samples of a row `{ "image": "street.jpg", "boxes": [{ "label": "the red bus", "box": [10, 20, 200, 180] }] }`:
 *
 * - alone, one sample for each label: `<img>…</img><ref>the red bus</ref>` is given and
 *   `<box>(16,42),(313,375)</box><|endoftext|>` is learnt, all boxes of the label in a row. Places that are all
 *   quadrilaterals give one sample, `OCR with grounding:` and each text with its place.
 * - with `caption` (`"A <0> beside <1>."`, which names places by their number from 0): a caption with places.
 * - with `question`: an answer. `answer` may name places in the same way; without it, the places are the answer.
 * - `"format": "chatml"` makes a conversation of it; without a question it asks `Where is the red bus?`
 *
 * Throws a SourceError for a place outside of the picture, with corners in the wrong order or without area.
 */
export async function boxSamples(
  row: unknown,
  { id, folder }: { readonly id: string; readonly folder: string },
  picture?: PictureSource,
): Promise<readonly Sample[]> {
  const checked = checkRow(schema, row)
  const source = picture ?? pictureIn(folder, checked.image)
  const size = await pictureSize(source)
  for (const [index, place] of checked.boxes.entries()) checkPlace(place, index, size)
  const fields = sampleFields(checked, id)
  return questionsOf(checked, size).map(({ task, question, answer, label }, index, all): Sample => {
    const given = checked.format === 'raw' ? question.raw : `\n${question.chat}`
    const start = checked.format === 'raw' ? [{ picture: 0 }] : [{ text: 'Picture 1: ' }, { picture: 0 }]
    return {
      ...fields,
      id: all.length === 1 ? fields.id : `${fields.id}#${index} ${label}`,
      task: checked.task ?? task,
      format: checked.format,
      pictures: [source],
      turns: [
        { role: 'user', parts: [...start, { text: given }] },
        { role: 'assistant', parts: [{ text: checked.format === 'raw' ? answer : answer.trimStart() }] },
      ],
    }
  })
}

interface Question {
  readonly task: string
  readonly question: { readonly raw: string; readonly chat: string }
  /** As a base model says it: with the space that follows the question. */
  readonly answer: string
  readonly label?: string
}

function questionsOf(row: Checked, size: Size): Question[] {
  const named = (text: string, field: string) => withPlaces(text, field, row.boxes, size)
  const language = languageName(row.language)
  if (row.question !== undefined) {
    const question = named(row.question, 'question')
    const answer = row.answer === undefined ? written(row.boxes, size) : named(row.answer, 'answer')
    return [{ task: 'vqa', question: { raw: ` ${question} Answer:`, chat: question }, answer: ` ${answer}` }]
  }
  if (row.answer !== undefined) throw new SourceError('has an "answer" and no "question": add it')
  if (row.caption !== undefined) {
    const question = `Generate the caption in ${language} with grounding:`
    const answer = ` ${named(row.caption, 'caption')}`
    return [{ task: 'grounded-caption', question: { raw: question, chat: question }, answer }]
  }
  if (row.boxes.every(place => 'quad' in place)) {
    const question = 'OCR with grounding:'
    const answer = ` ${row.boxes.map(place => written([place], size)).join(' ')}`
    return [{ task: 'ocr', question: { raw: question, chat: question }, answer }]
  }
  const byLabel = new Map<string, Place[]>()
  for (const place of row.boxes) byLabel.set(place.label, [...(byLabel.get(place.label) ?? []), place])
  return [...byLabel].map(([label, places]) => {
    const marked = `<ref>${label}</ref>`
    const all = written(places, size) // checks the label for tags too
    const chat = language === 'Chinese' ? `${label}在哪里？` : `Where is ${label}?`
    const answer = row.format === 'raw' ? all.slice(marked.length) : all
    return { task: 'grounding', question: { raw: marked, chat }, answer, label }
  })
}

/** Places as markup; those of one label in a row share it. */
function written(places: readonly Place[], size: Size): string {
  let result = ''
  for (const [index, place] of places.entries()) {
    const label = place.label === places[index - 1]?.label ? undefined : place.label
    if ('box' in place) {
      const [left, top, right, bottom] = place.box as [number, number, number, number]
      result += writeBoxes([toUnits({ left, top, right, bottom }, size)], label)
    } else {
      const corner = (i: number) => [place.quad[2 * i] as number, place.quad[2 * i + 1] as number] as const
      const quad: Quad = [corner(0), corner(1), corner(2), corner(3)]
      result += writeQuads([quadToUnits(quad, size)], label)
    }
  }
  return result
}

/** `A <0> beside <1>.` → the text with the labels and boxes that it names. */
function withPlaces(text: string, field: string, places: readonly Place[], size: Size): string {
  return text.replace(/<(\d+)>/g, (tag, digits: string) => {
    const place = places[Number(digits)]
    if (place !== undefined) return written([place], size)
    throw new SourceError(`${field}: ${tag} names a place that is not there: the row has <0> to <${places.length - 1}>`)
  })
}

function checkPlace(place: Place, index: number, { width, height }: Size): void {
  const numbers = 'box' in place ? place.box : place.quad
  const what = `${'box' in place ? 'box' : 'quad'} ${index} ("${place.label}") is [${numbers.join(', ')}]`
  const outside = numbers.find((at, i) => at < -TOLERANCE || at > (i % 2 === 0 ? width : height) + TOLERANCE)
  if (outside !== undefined) {
    const fix = 'places are in pixels of the picture, left, top, right, bottom'
    throw new SourceError(
      `${what}: ${outside} lies outside of the picture, which has ${width}×${height} pixels; ${fix}`,
    )
  }
  if ('quad' in place) return
  const [left, top, right, bottom] = place.box as [number, number, number, number]
  if (left >= right) throw new SourceError(`${what}: left ${left} is not less than right ${right}`)
  if (top >= bottom) throw new SourceError(`${what}: top ${top} is not less than bottom ${bottom}`)
}
