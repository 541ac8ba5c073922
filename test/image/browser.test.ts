import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decode, type Mark, palette, resize } from '../../src/image/index.ts'
import { type OpenedPage, openPage } from '../browser/harness.ts'
import { find, needs } from '../requirements.ts'
import { bytes, goldens, kinds } from './fixtures.ts'

const base64 = (file: string) => Buffer.from(bytes(file)).toString('base64')

type Decoded = { width: number; height: number; rgb: string; sha256: string; error?: undefined } | { error: string }

describe('in Chromium', () => {
  let page: OpenedPage
  beforeAll(async () => {
    if (find('chromium')) page = await openPage('test/image/page.ts')
  })
  afterAll(() => page?.[Symbol.asyncDispose]())

  /** TIFF is not read by browsers; two more differ as docs/fidelity.md says. */
  const same = [...goldens.map(({ file }) => `golden/${file}`), ...kinds.map(([name]) => `formats/${name}`)].filter(
    file => !/\.tif$|\.avif$|noeoi|golden\/cmyk/.test(file),
  )

  test('JPEG, PNG, WebP, GIF and BMP of every kind are decoded to the pixels of Node, under the same name', async context => {
    needs(context, 'chromium')
    for (const file of same) {
      const inPage = await page.call<Decoded>('decoded', base64(file))
      const { width, height, sha256 } = await decode(bytes(file))
      expect(inPage, file).toMatchObject({ width, height, sha256 })
    }
  })

  test('a CMYK JPEG differs by at most 1: Chromium cuts off where Pillow rounds', async context => {
    needs(context, 'chromium')
    const inPage = await page.call<Decoded>('decoded', base64('golden/cmyk_160x120.jpg'))
    if (inPage.error !== undefined) throw new Error(inPage.error)
    const { rgb } = await decode(bytes('golden/cmyk_160x120.jpg'))
    const differences = Buffer.from(inPage.rgb, 'base64').map((value, i) => Math.abs(value - rgb[i]!))
    expect(Math.max(...differences)).toBeLessThanOrEqual(1)
  })

  test('the resize is the same code with the same bytes', async context => {
    needs(context, 'chromium')
    const inPage = await page.call<string>('resized', base64('golden/rgb_1300x33.png'), 448)
    const here = resize(await decode(bytes('golden/rgb_1300x33.png')), { width: 448, height: 448 })
    expect(Buffer.compare(Buffer.from(inPage, 'base64'), here)).toBe(0)
  })

  test('the content name is the same where the page has no crypto.subtle', async context => {
    needs(context, 'chromium')
    const { sha256 } = await decode(bytes('formats/rgb.png'))
    expect(await page.call('namedWithoutSubtle', base64('formats/rgb.png'))).toBe(sha256)
  })

  test('boxes and labels are drawn', async context => {
    needs(context, 'chromium')
    const marks: Mark[] = [{ label: 'bus 车', box: { left: 40, top: 60, right: 200, bottom: 150 } }]
    const file = base64('golden/rgb_448x300.png')
    const { type, width, rgb } = await page.call<{ type: string; width: number; rgb: string }>(
      'drawn',
      file,
      marks,
      'png',
    )
    expect([type, width]).toEqual(['image/png', 448])
    const pixel = Buffer.from(rgb, 'base64').subarray((100 * width + 200) * 3, (100 * width + 200) * 3 + 3)
    expect(`#${pixel.toString('hex')}`).toBe(palette[0])
    expect(await page.call('drawn', file, marks, 'jpeg')).toMatchObject({ type: 'image/jpeg', width: 448 })
  })

  test('what is no picture, damaged or out of reach is named in one line', async context => {
    needs(context, 'chromium')
    const cutOff = Buffer.from(bytes('formats/sub2.jpg').subarray(0, 700)).toString('base64')
    expect(await page.call('decoded', cutOff)).toMatchObject({
      error: expect.stringMatching(/^PictureError: .*cut off/),
    })
    expect(await page.call('decoded', btoa('<html>'))).toMatchObject({ error: expect.stringMatching(/an HTML page/) })
    expect(await page.call('decoded', base64('formats/rgb.tif'))).toMatchObject({
      error: expect.stringMatching(/is a TIFF/),
    })
    expect(await page.call('fetchError', '/no/such.png')).toMatch(/PictureError: .*(status 404|not a picture)/)
    expect(await page.call('fetchError', 'http://127.0.0.1:9/a.png')).toMatch(/PictureError: .*cannot be reached/)
  })
})
