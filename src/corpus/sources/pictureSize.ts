/** How large a picture is, from its header where formats allow it. Decodes no pixels unless it must. */
import sharp from 'sharp'
import { type Allow, decode, type PictureSource } from '../../image/index.ts'

/** Formats whose stored size the header says as the model will see it. */
const simple = new Set(['jpeg', 'png', 'webp', 'heif', 'avif'])

/** The longest head of a file that is looked at first. Bytes. */
const HEAD = 256 * 2 ** 10

/**
 * Width and height in pixels as `decode` gives them, of a file or bytes. Throws a PictureError for what is no picture.
 * Allows files and public addresses unless told.
 */
export async function pictureSize(
  source: PictureSource,
  allow: Allow = { files: true },
): Promise<{ readonly width: number; readonly height: number }> {
  if (typeof source === 'object' && 'width' in source && 'height' in source) {
    return { width: source.width, height: source.height }
  }
  return (await fromHeader(source)) ?? (await decode(source, { allow }))
}

async function fromHeader(source: PictureSource) {
  try {
    const input =
      source instanceof Blob
        ? new Uint8Array(await source.slice(0, HEAD).arrayBuffer())
        : isFile(source)
          ? source
          : null
    if (input === null) return undefined
    const { format, width, height } = await sharp(input).metadata()
    return simple.has(format) ? { width, height } : undefined
  } catch {
    return undefined // decoding says what is wrong, in its own words
  }
}

const isFile = (source: PictureSource): source is string | Uint8Array =>
  source instanceof Uint8Array || (typeof source === 'string' && !/^(https?|file|data):/i.test(source))
