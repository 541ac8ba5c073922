/**
 * The first frame of a GIF, as Pillow decodes it: palette colours, transparency ignored. Common decoders cannot give this,
 * since they clear transparent pixels. The same in Node and in browsers. Knows one format.
 */
import { PictureError } from './errors.ts'
import { checkPixels, type Limits, type Pixels } from './picture.ts'

/**
 * Decodes the first frame. Outside the frame stands the transparent colour, or the first one of the palette, as in Pillow.
 * Throws a PictureError when it is damaged, cut off or too large.
 */
export function decodeGif(bytes: Uint8Array, limits: Limits, name: string): Pixels {
  const cutOff = () => new PictureError('corrupt', `${name} is damaged or cut off: ${bytes.length} bytes of gif`)
  const byte = (at: number): number => {
    const value = bytes[at]
    if (value === undefined) throw cutOff()
    return value
  }
  const word = (at: number) => byte(at) + byte(at + 1) * 256
  const colours = (flags: number) => (flags & 0x80 ? 3 * (2 << (flags & 7)) : 0)

  let palette = bytes.subarray(13, 13 + colours(byte(10)))
  let at = 13 + palette.length
  let transparent = 0
  while (byte(at) !== 0x2c) {
    if (byte(at) !== 0x21) throw cutOff() // neither a frame nor an extension
    if (byte(at + 1) === 0xf9 && byte(at + 3) & 1) transparent = byte(at + 6)
    for (at += 2; byte(at) !== 0; ) at += byte(at) + 1
    at++
  }
  const [left, top, across, down] = [word(at + 1), word(at + 3), word(at + 5), word(at + 7)]
  const flags = byte(at + 9)
  at += 10
  if (flags & 0x80) palette = bytes.subarray(at, at + colours(flags))
  at += colours(flags)

  const [width, height] = [Math.max(word(6), left + across), Math.max(word(8), top + down)]
  checkPixels(width, height, limits, name)
  if (width * height === 0) throw cutOff()
  const indices = unpack(bytes, at, across * down)
  if (!indices) throw cutOff()

  const rgb = new Uint8Array(width * height * 3)
  const paint = (pixel: number, index: number) => {
    for (let c = 0; c < 3; c++) rgb[pixel * 3 + c] = palette.length === 0 ? index : (palette[index * 3 + c] ?? 0)
  }
  if (across * down < width * height) for (let i = 0; i < width * height; i++) paint(i, transparent)
  const rows = flags & 0x40 ? interlaced(down) : undefined
  for (let y = 0, from = 0; y < down; y++) {
    const to = (top + (rows ? rows[y]! : y)) * width + left
    for (let x = 0; x < across; x++) paint(to + x, indices[from++]!)
  }
  return { width, height, rgb }
}

/** The order in which an interlaced frame stores its rows. */
function interlaced(rows: number): number[] {
  const passes = [[0, 8] as const, [4, 8] as const, [2, 4] as const, [1, 2] as const]
  const result: number[] = []
  for (const [start, step] of passes) for (let y = start; y < rows; y += step) result.push(y)
  return result
}

/** LZW, codes of growing width in blocks of up to 255 bytes → `count` palette indices; undefined when they are not there. */
function unpack(bytes: Uint8Array, start: number, count: number): Uint8Array | undefined {
  const smallest = bytes[start] ?? 0
  if (smallest < 1 || smallest > 11) return undefined
  const [clear, end] = [1 << smallest, (1 << smallest) + 1]
  const prefix = new Uint16Array(4096) // code → the code before its last index
  const last = new Uint8Array(4096) // code → its last index
  const length = new Uint16Array(4096) // code → how many indices
  for (let code = 0; code < clear; code++) {
    last[code] = code
    length[code] = 1
  }
  const result = new Uint8Array(count)
  let [written, next, bits, previous] = [0, end + 1, smallest + 1, -1]
  let [block, at, held, holding] = [0, start + 1, 0, 0] // bytes left of the block, position, bits, how many bits
  while (written < count) {
    while (holding < bits) {
      if (block === 0) block = bytes[at++] ?? 0
      if (block === 0 || at >= bytes.length) return undefined
      held |= bytes[at++]! << holding
      holding += 8
      block--
    }
    const code = held & ((1 << bits) - 1)
    held >>>= bits
    holding -= bits
    if (code === clear) {
      ;[next, bits, previous] = [end + 1, smallest + 1, -1]
      continue
    }
    if (code === end || code > next || (previous < 0 && code >= clear)) return undefined
    // A code that is about to be defined is the previous one followed by its own first index.
    const known = code < next ? code : previous
    let first = known
    let to = written + length[known]!
    for (let c = known, i = length[known]!; i > 0; i--, c = prefix[c]!) {
      if (--to < count) result[to] = last[c]!
      first = c
    }
    written += length[known]!
    if (known !== code && written < count) result[written++] = last[first]!
    if (previous >= 0 && next < 4096) {
      prefix[next] = previous
      last[next] = last[first]!
      length[next] = length[previous]! + 1
      next++
      if (next === 1 << bits && bits < 12) bits++
    }
    previous = code
  }
  return result
}
