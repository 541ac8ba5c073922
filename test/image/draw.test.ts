import { array, assert, double, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, draw, drawSvg, type Mark, type Picture, palette } from '../../src/image/index.ts'
import { fontSizeFor, place } from '../../src/image/marks.ts'

const grey = (width: number, height: number): Promise<Picture> =>
  decode({ data: new Uint8Array(width * height * 3).fill(90), width, height })
const box = { left: 40, top: 60, right: 200, bottom: 150 }
const size = { width: 300, height: 200 }
const measure = (text: string, fontSize: number) => [...text].length * fontSize * 0.6

const at = ({ rgb, width }: Picture, x: number, y: number) => [
  ...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
]
const colour = (hex: string) => [1, 3, 5].map(i => Number.parseInt(hex.slice(i, i + 2), 16))

/** Draws and decodes again. */
const drawn = async (picture: Picture, ...marks: Mark[]) => decode(await draw(picture, marks))

describe('drawing', () => {
  test('puts lines where the box is and leaves the rest of the picture as it was', async () => {
    const picture = await grey(300, 200)
    const before = picture.rgb.slice()
    const result = await drawn(picture, { box })
    expect([result.width, result.height]).toEqual([300, 200])
    for (const [x, y] of [
      [40, 100],
      [200, 100],
      [120, 60],
      [120, 150],
    ] as const) {
      expect(at(result, x, y)).toEqual(colour(palette[0]))
    }
    for (const [x, y] of [
      [30, 100],
      [120, 100],
      [210, 100],
      [120, 160],
    ] as const)
      expect(at(result, x, y)).toEqual([90, 90, 90])
    expect(picture.rgb).toEqual(before)
  })

  test('makes PNG and JPEG files', async () => {
    const picture = await grey(60, 40)
    expect([...(await draw(picture, [])).subarray(1, 4)]).toEqual([...'PNG'].map(c => c.charCodeAt(0)))
    expect([...(await draw(picture, [], { format: 'jpeg' })).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff])
    expect((await decode(await draw(picture, []))).sha256).toBe(picture.sha256)
  })

  test('has glyphs for Latin, simplified and traditional Chinese: each character looks different', async () => {
    const picture = await grey(120, 40)
    const seen = new Map<string, string>()
    for (const character of 'Az9é,。中文红绿車龍龜犇魑') {
      const { sha256 } = await drawn(picture, { label: character, box: { left: 0, top: 0, right: 120, bottom: 40 } })
      expect(seen.get(sha256), character).toBeUndefined()
      seen.set(sha256, character)
    }
  })

  test('shows a character that the font lacks as its code, a letter without its accent, and never throws', async () => {
    const picture = await grey(300, 200)
    const bus = await drawn(picture, { label: '🚌', box })
    const tram = await drawn(picture, { label: '🚊', box })
    expect(bus.sha256).not.toBe(tram.sha256)
    expect((await drawn(picture, { label: 'Škoda', box })).sha256).toBe(
      (await drawn(picture, { label: 'Skoda', box })).sha256,
    )
    const strange = ['\0\x07', '\ud800', '\u200d\ufe0f', '', '   ', 'a\nb', 'ไทย عربى', '\uffff', '🏳️‍🌈']
    for (const label of strange) await drawn(picture, { label, box })
  })

  test('works on pictures of one pixel and of extreme shape', async () => {
    for (const [width, height] of [
      [1, 1],
      [1000, 1],
      [1, 1000],
    ] as const) {
      const result = await drawn(await grey(width, height), {
        label: '红色 bus',
        box: { left: -5, top: -5, right: 2000, bottom: 9 },
      })
      expect([result.width, result.height]).toEqual([width, height])
    }
  })

  test('is the same every time', async () => {
    const marks: Mark[] = [
      { label: 'a', box },
      {
        label: '汉',
        quad: [
          [10, 10],
          [90, 20],
          [80, 60],
          [5, 50],
        ],
      },
    ]
    const picture = await grey(300, 200)
    expect(await draw(picture, marks)).toEqual(await draw(picture, marks))
  })

  test('refuses coordinates that are no numbers', async () => {
    const wrong = draw(await grey(9, 9), [{ box }, { box: { ...box, top: Number.NaN } }])
    await expect(wrong).rejects.toThrow('mark 1 has coordinates that are no numbers: 40, NaN, 200, 150')
  })
})

describe('placing', () => {
  test('text and lines have the sizes of the original', () => {
    expect([fontSizeFor({ width: 300, height: 200 }), fontSizeFor({ width: 1600, height: 900 })]).toEqual([15, 40])
    expect(place([{ box }], { width: 1600, height: 900 }, measure)[0]).toMatchObject({ lineWidth: 10 })
    expect(place([{ box }], size, measure)[0]).toMatchObject({ lineWidth: 3.75 })
  })

  test('equal labels share a colour, others differ up to ten', () => {
    const labels = ['a', 'b', 'a', ...'cdefghij']
    const colours = place(
      labels.map(label => ({ label, box })),
      size,
      measure,
    ).map(({ colour }) => colour)
    expect(colours[2]).toBe(colours[0])
    expect(new Set(colours)).toEqual(new Set(palette))
  })

  test('a label stands at its corner, above a small box, and not on another label', () => {
    const [large] = place([{ label: 'a', box }], size, measure)
    expect([large!.label!.left, large!.label!.top]).toEqual([40 - 3.75 / 2, 60 - 3.75 / 2])
    const [small] = place([{ label: 'a', box: { ...box, bottom: 75 } }], size, measure)
    expect(small!.label!.bottom).toBe(60 - 3.75 / 2)
    const [first, second] = place(
      [
        { label: 'a', box },
        { label: 'b', box },
      ],
      size,
      measure,
    )
    expect(second!.label!.top).toBeGreaterThanOrEqual(first!.label!.bottom)
  })

  test('a label that is too long is set smaller and then cut', () => {
    const cut = place([{ label: 'x'.repeat(500), box }], size, measure)[0]!.label!
    expect(cut.text).toMatch(/^x+…$/)
    expect(cut.fontSize).toBe(8)
    const whole = place([{ label: 'x'.repeat(40), box }], size, measure)[0]!.label!
    expect(whole.text).toHaveLength(40)
    expect(whole.fontSize).toBeLessThan(15)
  })

  test('whatever the label and the box, lines and labels stay inside the picture', () => {
    const coordinate = double({ min: -1e6, max: 1e6, noNaN: true })
    const boxes = array(coordinate, { minLength: 4, maxLength: 4 })
    assert(
      property(array(boxes, { maxLength: 6 }), string({ unit: 'grapheme', maxLength: 60 }), (all, label) => {
        const marks = all.map(([left, top, right, bottom]) => ({
          label,
          box: { left: left!, top: top!, right: right!, bottom: bottom! },
        }))
        for (const { corners, label } of place(marks, size, measure)) {
          for (const [x, y] of corners) expect(x >= 0 && x <= size.width && y >= 0 && y <= size.height).toBe(true)
          if (label) expect(label.left >= 0 && label.top >= 0).toBe(true)
          if (label) expect(label.right <= size.width + 0.02 && label.bottom <= size.height + 0.02).toBe(true)
        }
      }),
    )
  })
})

describe('the SVG overlay', () => {
  test('has the places and colours of the raster, and its text is escaped', () => {
    const svg = drawSvg(size, [
      { label: '<b>&"红"\0', box },
      {
        quad: [
          [1, 2],
          [90, 5],
          [80, 60],
          [5, 50],
        ],
      },
    ])
    expect(svg).toContain('<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200" viewBox="0 0 300 200">')
    expect(svg).toContain('&lt;b&gt;&amp;&quot;红&quot;</text>')
    expect(svg).not.toMatch(/<b>|\0/)
    expect(svg).toContain('M40 60L200 60L200 150L40 150Z')
    expect(svg).toContain(palette[1])
  })

  test('shows a picture and brings a font where it is told to', () => {
    const svg = drawSvg(size, [], { picture: 'a.jpg?x=1&y="', font: '/label.woff2' })
    expect(svg).toContain('<image href="a.jpg?x=1&amp;y=&quot;" x="0" y="0" width="300" height="200"/>')
    expect(svg).toContain('url(&quot;/label.woff2&quot;)')
  })
})
