/**
 * A page that shows samples as they are learnt: pictures with the places that are named, what is given, what is learnt.
 * One file that needs no other. Whatever comes from data is text here, never markup.
 */
import sharp from 'sharp'
import { decode, drawSvg, type Mark, ownMachine, type PictureSource } from '../../image/index.ts'
import { parseMarkup, quadToPixels, toPixels } from '../../text/index.ts'
import type { Sample, SampleTurn } from '../sample.ts'

/** Pixels of the longer side of a picture on the page, at most. */
const LONGEST = 640

/** The page, piece by piece, so that one sample's pictures are in memory at a time. */
export async function* samplePage(
  title: string,
  samples: AsyncIterable<Sample>,
  { onRefused = () => {} }: { readonly onRefused?: (reason: string) => void } = {},
): AsyncGenerator<string> {
  yield `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${style}</style></head><body>
<h1>${escaped(title)}</h1>
<p class="key"><span class="given">given</span> <span class="learnt">learnt</span></p>
<main>
`
  let shown = 0
  for await (const sample of samples) {
    try {
      yield await card(sample)
      shown++
    } catch (error) {
      onRefused(`${sample.id}: ${(error as Error).message}`)
    }
  }
  yield `</main>\n<p class="key">${shown} samples</p>\n</body></html>\n`
}

async function card(sample: Sample): Promise<string> {
  const said = textByPicture(sample)
  const figures: string[] = []
  for (const [i, picture] of sample.pictures.entries()) figures.push(await figure(picture, said[i] ?? ''))
  const { id, task, language, format, licence, provenance, record } = sample
  const learnt = sample.turns
    .at(-1)
    ?.parts.map(part => ('text' in part ? part.text.trim() : ''))
    .join('')
  const references = (sample.references ?? []).filter(text => text !== learnt)
  const tags = [task, language, format].filter(tag => tag !== undefined)
  const others =
    references.length > 0 ? `<p class="about">also right: ${references.map(escaped).join(' · ')}</p>\n` : ''
  const about = [id, provenance, licence].filter(text => text !== undefined)
  return `<article>
<p class="tags">${tags.map(tag => `<span>${escaped(tag)}</span>`).join(' ')}</p>
${figures.join('')}
${sample.turns.map(turn => turnText(turn, language)).join('\n')}
${others}<p class="about">${about.map(escaped).join(' · ')}</p>
${record === undefined ? '' : `<details><summary>record</summary><pre>${escaped(JSON.stringify(record, null, 1))}</pre></details>`}
</article>
`
}

/** What is said of each picture: after it was shown, and before the next one was. */
function textByPicture({ pictures, turns }: Sample): string[] {
  const texts = pictures.map(() => '')
  let latest = 0
  for (const part of turns.flatMap(({ parts }) => parts)) {
    if ('picture' in part) latest = part.picture
    else if (latest in texts) texts[latest] += part.text
  }
  return texts
}

async function figure(source: PictureSource, said: string): Promise<string> {
  const { rgb, width, height } = await decode(source, { allow: ownMachine })
  const { boxes, quads } = parseMarkup(said)
  const size = { width, height }
  const marks: Mark[] = [
    ...boxes.map(({ label, box }) => ({ label, box: toPixels(box, size) })),
    // A label would cover the very text that it names.
    ...quads.map(({ quad }) => ({ quad: quadToPixels(quad, size) })),
  ]
  const shown = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize({ width: LONGEST, height: LONGEST, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 90 })
    .toBuffer()
  const image = `<img alt="" width="${width}" src="data:image/jpeg;base64,${shown.toString('base64')}">`
  return `<figure>${image}${marks.length > 0 ? drawSvg(size, marks) : ''}<figcaption>${width} × ${height}</figcaption></figure>`
}

function turnText({ role, parts }: SampleTurn, language: string | undefined): string {
  const text = parts.map(part =>
    'text' in part ? `<span>${escaped(part.text)}</span>` : `<i>picture ${part.picture + 1}</i>`,
  )
  const isLearnt = role === 'assistant'
  const lang = language === undefined ? '' : ` lang="${escaped(language)}"`
  return `<p class="turn ${isLearnt ? 'learnt' : 'given'}"${lang}><b>${role}</b> ${text.join('')}</p>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string) => text.replace(/[&<>"']/g, character => entities[character] as string)

const style = `
body{font:15px/1.45 system-ui,"Noto Sans SC",sans-serif;margin:2rem;color:#1a1a1a;background:#fafafa}
h1{font-size:1.3rem}
main{columns:320px;column-gap:1rem}
article{break-inside:avoid;background:#fff;border:1px solid #ddd;border-radius:6px;padding:.7rem;margin:0 0 1rem;overflow-wrap:anywhere}
p{margin:.35rem 0}
figure{position:relative;margin:0 0 .4rem;display:inline-block;max-width:100%}
figure img{display:block;max-width:100%;height:auto}
figure svg{position:absolute;left:0;top:0;width:100%;height:auto}
figure:hover svg{visibility:hidden}
figcaption,.about{color:#666;font-size:.75rem}
.tags span{background:#eee;border-radius:3px;padding:.05rem .4rem;font-size:.8rem}
.turn b{font-size:.7rem;color:#888;font-weight:500;margin-right:.3rem}
.turn span{white-space:pre-wrap}.turn i{color:#888;margin-right:.3rem}
.given{color:#444}.learnt span,span.learnt{background:#dff3e4;color:#0b5a26;border-radius:3px}
.key span{padding:.05rem .4rem}
pre{font-size:.7rem;max-height:16rem;overflow:auto}`
