import { describe, expect, test } from 'vitest'
import { bare } from '../../src/image/container.ts'
import { decode, PictureError } from '../../src/image/index.ts'
import { decodePng } from '../../src/image/png.ts'
import { bytes, crc32, kinds } from './fixtures.ts'

/** What differs from Pillow, with the reason; docs/fidelity.md says the same. */
const different = new Map([
  ['grey16.png', 'Pillow cuts 16-bit grey at 255; here it gives its high byte, as 16-bit RGB does in both'],
  ['grey16.tif', 'the same'],
  ['rgb.avif', 'another library turns the colours of AVIF into RGB'],
  ['rgba.avif', 'the same'],
  ['lab.tif', 'Lab is not read'],
  ['noeoi.jpg', 'refused by both'],
])

const equal = kinds.filter(([name]) => !different.has(name))

test.each(equal)('%s is decoded as Pillow does, byte for byte', async (name, kind) => {
  const picture = await decode(bytes(`formats/${name}`))
  expect([picture.width, picture.height]).toEqual([kind.width, kind.height])
  expect(crc32(picture.rgb)).toBe(kind.crc32)
})

test('what differs from Pillow differs as documented', async () => {
  const grey = await decode(bytes('formats/grey16.png'))
  expect([...grey.rgb.subarray(0, 9)]).toEqual([
    0,
    0,
    0,
    1700 >> 8,
    1700 >> 8,
    1700 >> 8,
    3400 >> 8,
    3400 >> 8,
    3400 >> 8,
  ])
  expect((await decode(bytes('formats/grey16.tif'))).sha256).toBe(grey.sha256)
  const avif = await decode(bytes('formats/rgb.avif'))
  const original = await decode(bytes('formats/rgb.png'))
  const distance = avif.rgb.reduce((sum, value, i) => sum + Math.abs(value - original.rgb[i]!), 0) / avif.rgb.length
  expect(distance).toBeLessThan(15)
  await expect(decode(bytes('formats/lab.tif'))).rejects.toThrow(PictureError)
  await expect(decode(bytes('formats/noeoi.jpg'))).rejects.toThrow('is damaged or cut off: 1041 bytes of jpeg')
})

test.each(kinds.filter(([name]) => name.endsWith('.png')))('%s: the PNG decoder of browsers agrees', async name => {
  const file = bytes(`formats/${name}`)
  const pixels = decodePng(bare(file, 'png', name).bytes, name)
  expect(crc32(pixels.rgb)).toBe(crc32((await decode(file)).rgb))
})

test('equal pixels have one content name, whatever the file; other pixels or sizes have another', async () => {
  const names = await Promise.all(
    ['rgb.png', 'rgb.bmp', 'lossless.webp', 'rgb.tif', 'exif6.png'].map(
      async name => (await decode(bytes(`formats/${name}`))).sha256,
    ),
  )
  expect(new Set(names).size).toBe(1)
  expect(names[0]).toMatch(/^[0-9a-f]{64}$/)
  const data = new Uint8Array(12)
  const [square, flat] = [await decode({ data, width: 2, height: 2 }), await decode({ data, width: 4, height: 1 })]
  expect(square.sha256).not.toBe(flat.sha256)
})

describe('raw pixels', () => {
  test('grey is repeated and alpha is dropped', async () => {
    const rgbOf = async (channels: 1 | 2 | 3 | 4, ...data: number[]) => [
      ...(await decode({ data: Uint8Array.from(data), width: 1, height: 1, channels })).rgb,
    ]
    expect(await rgbOf(1, 7)).toEqual([7, 7, 7])
    expect(await rgbOf(2, 7, 0)).toEqual([7, 7, 7])
    expect(await rgbOf(3, 7, 8, 9)).toEqual([7, 8, 9])
    expect(await rgbOf(4, 7, 8, 9, 0)).toEqual([7, 8, 9])
  })

  test('are copied, and their channels are reckoned from their length', async () => {
    const data = new Uint8ClampedArray([1, 2, 3, 4, 5, 6, 7, 8])
    const picture = await decode({ data, width: 2, height: 1 })
    data.fill(0)
    expect([...picture.rgb]).toEqual([1, 2, 3, 5, 6, 7])
  })

  test('that do not fit their size are refused with the numbers', async () => {
    const data = new Uint8Array(10)
    await expect(decode({ data, width: 2, height: 2 })).rejects.toThrow(
      'raw pixels of 2×2 need 4, 8, 12, 16 bytes, got 10',
    )
    await expect(decode({ data, width: 2, height: 2, channels: 3 })).rejects.toThrow('2×2×3 need 12 bytes, got 10')
    await expect(decode({ data, width: 0, height: 2 })).rejects.toThrow('a width and a height of at least 1, got 0×2')
  })
})

describe('what is no picture is named in one line', () => {
  const text = (content: string) => new TextEncoder().encode(content)
  test.each([
    ['an empty file', new Uint8Array(), 'the picture is empty: 0 bytes'],
    [
      'an HTML page',
      text('\n<!DOCTYPE html><html><title>404'),
      'is not a picture but an HTML page; it begins with "<!DOCTYPE html>',
    ],
    ['JSON', text('{"error":"no"}'), 'is not a picture but JSON'],
    ['text', text('hello'), 'is not a picture but text; it begins with "hello"'],
    [
      'noise',
      Uint8Array.of(1, 2, 3, 0, 255),
      'is not a picture but 5 bytes of no known format; it begins with 01 02 03 00 ff',
    ],
    ['SVG', text('<?xml version="1.0"?>\n<!-- a\nb --><svg xmlns="x"/>'), 'is an SVG drawing: render it as PNG first'],
    ['a PDF', text('%PDF-1.7'), 'is a PDF: render the page as PNG or JPEG first'],
    ['a photo of a telephone', text('\0\0\0\x18ftypheic'), 'is a HEIC picture: save it as JPEG first'],
  ])('%s', async (_, file, message) => {
    const error = await decode(file).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(PictureError)
    expect((error as Error).message).toContain(message)
    expect((error as Error).message).not.toContain('\n')
  })
})

describe('damage', () => {
  // A GIF, BMP, JPEG or WebP can be judged at every byte; the others need not have anything at the end that matters.
  test.each(['rgb.png', 'sub2.jpg', 'prog.jpg', 'lossy.webp', 'plain.gif', 'rgb.bmp', 'rgb.tif'])(
    'a %s that is cut off is refused, wherever it is cut',
    async name => {
      const file = bytes(`formats/${name}`)
      for (const share of [0.02, 0.1, 0.3, 0.5, 0.7, 0.9]) {
        const error = await decode(file.subarray(0, Math.ceil(file.length * share))).catch((error: unknown) => error)
        expect(error, `cut at ${share}`).toBeInstanceOf(PictureError)
      }
    },
  )

  test('random damage gives a picture or one clear line, and nothing else', async () => {
    let state = 12345
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return (state >>> 8) % below
    }
    const problems = new Set<string>()
    for (const [name] of kinds) {
      for (let round = 0; round < 6; round++) {
        const file = bytes(`formats/${name}`)
        for (let hit = 0; hit <= round; hit++)
          file[random(round < 3 ? Math.min(file.length, 60) : file.length)] = random(256)
        try {
          const { width, height, rgb } = await decode(file, { limits: { pixels: 1e6 } })
          expect(rgb.length).toBe(width * height * 3)
        } catch (error) {
          if (!(error instanceof PictureError)) throw new Error(`${name}, round ${round}: ${error}`, { cause: error })
          expect(error.message).not.toContain('\n')
          problems.add(error.problem)
        }
      }
    }
    expect(problems).toContain('corrupt')
  })
})

describe('a small file that claims to be huge is refused before it is decoded', () => {
  const huge: Record<string, () => Uint8Array> = {
    'rgb.png': () => changed('rgb.png', file => new DataView(file.buffer).setUint32(16, 60_000)),
    'sub2.jpg': () =>
      changed('sub2.jpg', file => {
        const frame = Buffer.from(file).indexOf(Buffer.from([0xff, 0xc0]))
        new DataView(file.buffer).setUint32(frame + 5, 0xea60_ea60)
      }),
    'plain.gif': () => changed('plain.gif', file => file.set([0x60, 0xea, 0x60, 0xea], 6)),
    'rgb.bmp': () => changed('rgb.bmp', file => new DataView(file.buffer).setInt32(18, 2 ** 30, true)),
  }
  const changed = (name: string, change: (file: Uint8Array<ArrayBuffer>) => void) => {
    const file = bytes(`formats/${name}`)
    change(file)
    return file
  }

  test.each(Object.keys(huge))('%s', async name => {
    const limits = name === 'rgb.png' ? { pixels: 1_000_000 } : {}
    const error = await decode(huge[name]!(), { limits }).catch((error: unknown) => error)
    expect(error).toMatchObject({ name: 'PictureError', problem: 'too large' })
    expect((error as Error).message).toMatch(/has \d+×\d+ = \d+ pixels, the limit is \d+: .*limits\.pixels/)
  })

  test('the limit is exact, and is raised at the call', async () => {
    const file = bytes('formats/rgb.png') // 37×23 = 851
    await expect(decode(file, { limits: { pixels: 850 } })).rejects.toThrow('37×23 = 851 pixels, the limit is 850')
    expect(await decode(file, { limits: { pixels: 851 } })).toMatchObject({ width: 37, height: 23 })
    await expect(decode({ data: new Uint8Array(12), width: 2, height: 2 }, { limits: { pixels: 3 } })).rejects.toThrow(
      '2×2 = 4',
    )
    await expect(decode(file, { limits: { bytes: 100 } })).rejects.toThrow(/has \d+ bytes, the limit is 100/)
  })
})
