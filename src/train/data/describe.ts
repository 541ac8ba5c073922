/**
 * What is learnt of a sample, for people: its text with the learnt stretches marked, and its pictures with the places
 * that the text names drawn on them.
 */
import { mkdir } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import { replaceFile } from '../../checkpoint/replaceFile.ts'
import type { Sample } from '../../corpus/sample.ts'
import { type Allow, decode, draw, type Mark } from '../../image/index.ts'
import { ignoredLabel, parseMarkup, quadToPixels, type Tokenizer, toPixels } from '../../text/index.ts'

/**
 * The text of a sample as the model gets it: an EncodedSample, or a stretch of a batch. What is learnt stands in `[[…]]`,
 * or with `colour` underlined and green; a picture is `<img>street.jpg (256)</img>`, with its number of slots.
 */
export function describeSupervision(
  tokenizer: Tokenizer,
  { ids, labels }: { readonly ids: ArrayLike<number>; readonly labels: ArrayLike<number> },
  { colour = false }: { readonly colour?: boolean } = {},
): string {
  const [begin, end] = colour ? ['\u001b[4;32m', '\u001b[0m'] : ['[[', ']]']
  const all = Array.from(ids)
  const pictures = new Map(tokenizer.imageSpans(all).map(span => [span.start, span]))
  let text = ''
  for (let at = 0; at < all.length; ) {
    const picture = pictures.get(at)
    if (picture !== undefined) {
      text += `<img>${picture.name} (${tokenizer.imageTokens})</img>`
      at = picture.end
      continue
    }
    const learnt = labels[at] !== ignoredLabel
    let next = at + 1
    while (next < all.length && !pictures.has(next) && (labels[next] !== ignoredLabel) === learnt) next++
    const piece = tokenizer.decode(all.slice(at, next))
    text += learnt ? `${begin}${piece}${end}` : piece
    at = next
  }
  return text
}

/**
 * Draws the places of a sample on its pictures: each on the last picture that was shown before it. Writes
 * `out` (`sample.png`), or `sample-1.png`, `sample-2.png` … for several pictures, and gives the paths. Throws a
 * PictureError for a picture that cannot be had.
 */
export async function drawSample(
  sample: Sample,
  out: string,
  allow: Allow = { files: true },
): Promise<readonly string[]> {
  const markup = sample.pictures.map(() => '')
  let latest = 0
  for (const part of sample.turns.flatMap(({ parts }) => parts)) {
    if ('picture' in part) latest = part.picture
    else if (latest in markup) markup[latest] += part.text
  }
  await mkdir(dirname(out), { recursive: true })
  const written: string[] = []
  for (const [index, source] of sample.pictures.entries()) {
    const picture = await decode(source, { allow })
    const { boxes, quads } = parseMarkup(markup[index] ?? '')
    const marks: Mark[] = [
      ...boxes.map(({ label, box }) => ({ label, box: toPixels(box, picture) })),
      ...quads.map(({ label, quad }) => ({ label, quad: quadToPixels(quad, picture) })),
    ]
    const ending = extname(out)
    const path =
      sample.pictures.length === 1 ? out : `${out.slice(0, -ending.length || undefined)}-${index + 1}${ending}`
    await replaceFile(path, await draw(picture, marks))
    written.push(path)
  }
  return written
}
