/**
 * A page of the worst answers, in one file: pictures with the places that were expected, given and asked about, and what
 * was said. Whatever comes from data or models is text here, never markup.
 */
import { decode, draw, ownMachine, type PictureSource } from '../../image/index.ts'
import { parseMarkup } from '../../text/index.ts'
import type { BenchmarkItem } from './benchmark.ts'
import { turnText } from './sampleItem.ts'
import type { WorstAnswer, WorstOfTask } from './worstAnswers.ts'

/** The page, part by part, so that the pictures of few answers are in memory at one time. */
export async function* worstPage(
  title: string,
  worst: readonly WorstOfTask[],
  { signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<string> {
  yield `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}: worst answers</title>
<style>${style}</style></head><body>
<h1>${escaped(title)}: worst answers</h1>
<p><span class="expected">expected</span> <span class="given">given</span> <span class="asked">asked about</span></p>
`
  for (const { task, language, figure, best, answers } of worst) {
    const heading = `${task}${language === undefined ? '' : `, ${language}`}`
    yield `<h2>${escaped(heading)}</h2>\n`
    if (answers.length === 0) {
      yield '<p>No answer was less than perfect.</p>\n'
      continue
    }
    yield '<div class="cards">\n'
    for (const answer of answers) {
      signal?.throwIfAborted()
      yield await card(answer, `${figure}: ${answer.score.toFixed(2)} of ${best}`)
    }
    yield '</div>\n'
  }
  yield '</body></html>\n'
}

async function card({ item, prediction }: WorstAnswer, score: string): Promise<string> {
  const [expected] = item.references
  const pictures: string[] = []
  for (const [at, picture] of item.pictures.entries()) {
    // Places are those of the last picture that was shown.
    const isLast = at === item.pictures.length - 1
    const places = isLast
      ? [shapes(asked(item), 'asked'), shapes(expected!, 'expected'), shapes(prediction, 'given')]
      : []
    const overlay = `<svg viewBox="0 0 1000 1000" preserveAspectRatio="none">${places.join('')}</svg>`
    pictures.push(`<div class="picture"><img alt="" src="${await dataUri(picture)}">${overlay}</div>`)
  }
  const others = item.references.length > 1 ? ` <small>or ${item.references.length - 1} more</small>` : ''
  return `<article>${pictures.join('')}
${item.turns.map(turn => `<p class="${turn.role}">${escaped(turnText(turn))}</p>`).join('\n')}
<p class="expected"><small>expected</small> ${escaped(expected!)}${others}</p>
<p class="given"><small>given</small> ${prediction === '' ? '<em>nothing</em>' : escaped(prediction)}</p>
<p><small>${escaped(item.id)} · ${escaped(score)}</small></p></article>
`
}

const asked = ({ turns }: BenchmarkItem) => turns.map(turnText).join(' ')

/** Boxes and quadrilaterals of a text, in units. */
function shapes(text: string, kind: 'asked' | 'expected' | 'given'): string {
  const { boxes, quads } = parseMarkup(text)
  const corners = [
    ...boxes.map(({ box: { x1, y1, x2, y2 } }) => `${x1},${y1} ${x2},${y1} ${x2},${y2} ${x1},${y2}`),
    ...quads.map(({ quad }) => quad.map(([x, y]) => `${x},${y}`).join(' ')),
  ]
  return corners.map(points => `<polygon class="${kind}" points="${points}"/>`).join('')
}

async function dataUri(source: PictureSource): Promise<string> {
  const picture = await decode(source, { allow: ownMachine })
  return `data:image/jpeg;base64,${Buffer.from(await draw(picture, [], { format: 'jpeg' })).toString('base64')}`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string) => text.replace(/[&<>"']/g, character => entities[character]!)

const style = `
body{font:15px/1.45 system-ui,"Noto Sans SC",sans-serif;margin:2rem;color:#1a1a1a;background:#fff}
h2{margin:2rem 0 .6rem;border-top:1px solid #ddd;padding-top:1rem}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:1rem}
article{border:1px solid #ddd;border-radius:6px;padding:.7rem;overflow-wrap:anywhere}
article p{margin:.35rem 0}
.picture{position:relative;margin-bottom:.4rem}
.picture img{display:block;width:100%}
.picture svg{position:absolute;inset:0;width:100%;height:100%}
polygon{fill:none;stroke-width:2.5px;vector-effect:non-scaling-stroke}
polygon.expected{stroke:#0a8a3a}polygon.given{stroke:#d0021b;stroke-dasharray:6 3}polygon.asked{stroke:#1f6feb}
p.expected,span.expected{color:#08702f}p.given,span.given{color:#b00217}span.asked{color:#1f6feb}
p.user{font-weight:600}p.assistant{padding-left:1rem;color:#555}p.system{display:none}
small{color:#666}`
