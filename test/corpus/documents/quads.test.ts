import { expect, test } from 'vitest'
import { composeDocument } from '../../../src/corpus/documents/composeDocument.ts'
import type { ComposedText } from '../../../src/corpus/documents/composed.ts'
import { composeText, textContents } from '../../../src/corpus/documents/composeText.ts'
import { pageKinds } from '../../../src/corpus/documents/pages/index.ts'
import { renderText } from '../../../src/corpus/documents/render.ts'
import { Random } from '../../../src/corpus/random.ts'
import { materials } from './madeUp.ts'

const options = { side: 'seen', width: [200, 400], height: [200, 400] } as const
const pictures: ComposedText[] = (['en', 'zh'] as const).flatMap(language => [
  ...textContents.flatMap(content =>
    [0, 1, 2, 3].map(seed =>
      composeText(new Random('quads', content, seed), materials, { ...options, language, content }),
    ),
  ),
  ...pageKinds.flatMap(kind =>
    [0, 1].map(seed => composeDocument(new Random('quads', kind, seed), materials, { ...options, language, kind })),
  ),
])

/** The picture with some of its letters only, on a plain ground, without paper, shadow and camera. */
const bare = (composed: ComposedText, set: ComposedText['sheet']['block']['set']): ComposedText => {
  const { paper, ...sheet } = composed.sheet
  return {
    ...composed,
    background: { kind: 'plain', id: 'plain', seed: 1 },
    sheet: { ...sheet, shadow: 0, block: { ...sheet.block, set, rules: [] } },
    lighting: 'day',
    camera: { blur: 0, noise: 0, seed: 0 },
    shade: 0,
  }
}

/** The letters of each line: of one piece, or of the two ends of one that is read across. */
function setOfLines({ sheet: { block } }: ComposedText) {
  let next = 0
  return block.lines.map(({ text }) => {
    const own = [block.set[next++]!]
    while (own.map(({ line }) => line.text).join(' ') !== text) own.push(block.set[next++]!)
    return own
  })
}

test('the quad of a line holds all of its ink and ends where the ink ends, within two pixels', async () => {
  for (const composed of pictures) {
    const ground = await renderText(bare(composed, []), materials)
    for (const [index, set] of setOfLines(composed).entries()) {
      const { data, width } = await renderText(bare(composed, set), materials)
      const { quad, text } = composed.lines[index]!
      const nearest = [Infinity, Infinity, Infinity, Infinity]
      for (let at = 0; at < data.length; at += 4) {
        const change = [0, 1, 2].map(channel => Math.abs(data[at + channel]! - ground.data[at + channel]!))
        if (Math.max(...change) < 60) continue
        const [x, y] = [((at / 4) % width) + 0.5, Math.floor(at / 4 / width) + 0.5]
        for (const [side, [x1, y1]] of quad.entries()) {
          const [x2, y2] = quad[(side + 1) % 4]!
          const within = ((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)) / Math.hypot(x2 - x1, y2 - y1)
          nearest[side] = Math.min(nearest[side]!, within)
        }
      }
      expect(Math.min(...nearest), `${composed.kind} ${text}: ink outside of its quad`).toBeGreaterThan(-2)
      expect(Math.max(...nearest), `${composed.kind} ${text}: a quad that is too large`).toBeLessThan(2.5)
    }
  }
})

test('corners go clockwise from where a line begins, inside of the picture', () => {
  for (const { lines, width, height, kind } of pictures) {
    for (const { quad } of lines) {
      const [a, b, c, d] = quad
      const turn = (b[0] - a[0]) * (d[1] - a[1]) - (b[1] - a[1]) * (d[0] - a[0])
      expect(turn, kind).toBeGreaterThan(0)
      expect(b[0] - a[0], 'text runs to the right').toBeGreaterThan(Math.abs(b[1] - a[1]))
      expect(c[1] - b[1], 'and lines stand upright').toBeGreaterThan(0)
      for (const [x, y] of quad) {
        expect(x >= 0 && x <= width && y >= 0 && y <= height, `${kind}: ${quad}`).toBe(true)
      }
    }
  }
})

test('lines come in the order in which they are read', () => {
  for (const { lines, readable } of pictures) {
    expect(lines.map(({ text }) => text).join(' ')).toBe(readable.rows.join(' '))
    for (const [index, { quad }] of lines.entries()) {
      const before = lines[index - 1]?.quad
      if (before === undefined) continue
      const across = quad[0][0] - before[1][0]
      const down = quad[0][1] + quad[3][1] - before[0][1] - before[3][1]
      expect(across > 0 || down > 0, 'further to the right, or further down').toBe(true)
    }
  }
})

test('letters are large enough to be read when the picture is squashed to 224 pixels', () => {
  for (const { lines, width, height, kind } of pictures) {
    for (const { quad, text } of lines.filter(line => line.language === 'zh' && /^[\u4e00-\u9fff]+$/.test(line.text))) {
      const [a, , , d] = quad
      const tall = Math.hypot(((d[0] - a[0]) * 224) / width, ((d[1] - a[1]) * 224) / height)
      // A character that is low, such as 一, has less ink than its size.
      if (!text.includes('一')) expect(tall, `${kind} ${text}`).toBeGreaterThan(9)
    }
    for (const { quad, text } of lines.filter(line => /[A-Z0-9]/.test(line.text))) {
      const [a, , , d] = quad
      const tall = Math.hypot(((d[0] - a[0]) * 224) / width, ((d[1] - a[1]) * 224) / height)
      expect(tall, `${kind} ${text}`).toBeGreaterThan(8.5)
    }
  }
})
