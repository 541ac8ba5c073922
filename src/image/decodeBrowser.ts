/**
 * Decodes pictures in browsers and their workers, with the meaning of `decode.ts`: what the original pipeline saw. PNG, GIF
 * and BMP are decoded by our own code, byte for byte as in Node; JPEG, WebP and AVIF by the browser, from files stripped of
 * everything that turns or recolours them. What differs is in docs/fidelity.md under "Pictures". Knows no Node module.
 */
import { decodeBmp } from './bmp.ts'
import { type Bare, bare } from './container.ts'
import { fromDataUri, shortened } from './dataUri.ts'
import { PictureError } from './errors.ts'
import { type Format, formatOf } from './format.ts'
import { decodeGif } from './gif.ts'
import {
  checkBytes,
  checkPixels,
  contentPrefix,
  defaultLimits,
  type Limits,
  type Picture,
  type Pixels,
  type RawPixels,
  rgbFromRaw,
} from './picture.ts'
import { decodePng } from './png.ts'

/** An address that the page may fetch, the bytes of a file, or raw pixels, for example a canvas's `ImageData`. */
export type PictureSource = string | URL | Uint8Array | ArrayBuffer | Blob | RawPixels

/** What a call may cost. Which addresses may be read is the browser's decision (same origin, or allowed by CORS). */
export interface DecodeOptions {
  readonly limits?: Partial<Limits>
  readonly signal?: AbortSignal
}

/**
 * Decodes a picture from an address, bytes, a Blob or File, or raw pixels.
 * Throws a PictureError with one line that says what is wrong and what to do.
 *
 * @example
 * const picture = await decode(input.files[0])
 */
export async function decode(source: PictureSource, options: DecodeOptions = {}): Promise<Picture> {
  const limits = { ...defaultLimits, ...options.limits }
  options.signal?.throwIfAborted()
  if (typeof source === 'object' && 'data' in source && 'width' in source) {
    checkPixels(source.width, source.height, limits, 'the picture')
    return named(rgbFromRaw(source))
  }
  const { bytes, name } = await bytesOf(source, limits, options.signal)
  options.signal?.throwIfAborted()
  const format = formatOf(bytes, name)
  if (format === 'gif') return named(decodeGif(bytes, limits, name))
  if (format === 'bmp') return named(decodeBmp(bytes, limits, name))
  const stripped = bare(bytes, format, name)
  if (stripped.size) checkPixels(stripped.size.width, stripped.size.height, limits, name)
  if (format === 'png') return named(decodePng(stripped.bytes, name))
  if (format === 'tiff')
    throw new PictureError('unsupported', `${name} is a TIFF, which browsers do not read: save it as PNG`)
  return named(await decodeByBrowser(stripped, format, limits, name))
}

async function bytesOf(
  source: Exclude<PictureSource, RawPixels>,
  limits: Limits,
  signal?: AbortSignal,
): Promise<{ bytes: Uint8Array; name: string }> {
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    checkBytes(source.byteLength, limits, 'the picture')
    return { bytes: source instanceof Uint8Array ? source : new Uint8Array(source), name: 'the picture' }
  }
  if (source instanceof Blob) {
    const name = 'name' in source && source.name ? String(source.name) : 'the picture'
    checkBytes(source.size, limits, name)
    return { bytes: new Uint8Array(await source.arrayBuffer()), name }
  }
  const address = String(source)
  const name = shortened(address)
  if (/^data:/i.test(address)) return { bytes: fromDataUri(address, limits), name }
  const timeout = AbortSignal.timeout(limits.milliseconds)
  try {
    const response = await fetch(address, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout })
    if (!response.ok) {
      throw new PictureError('missing', `${name} answered with status ${response.status}, not with a picture`)
    }
    return { bytes: await bodyOf(response, limits, name), name }
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof PictureError) throw error
    if (timeout.aborted) {
      const message = `${name} took longer than ${limits.milliseconds} ms: raise limits.milliseconds at the call`
      throw new PictureError('too large', message, { cause: error })
    }
    const message = `${name} cannot be reached, or its server does not allow this page to read it (CORS)`
    throw new PictureError('missing', message, { cause: error })
  }
}

async function bodyOf(response: Response, limits: Limits, name: string): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  const reader = response.body?.getReader()
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    size += part.value.length
    if (size > limits.bytes) {
      await reader?.cancel()
      const message = `${name} has more than ${limits.bytes} bytes: raise limits.bytes at the call`
      throw new PictureError('too large', message)
    }
    parts.push(part.value)
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

/** A picture of pixels that are decoded already, under the name of its content: the same name as in Node. */
export async function named(pixels: Pixels): Promise<Picture> {
  const content = new Uint8Array(await new Blob([contentPrefix(pixels), pixels.rgb] as BlobPart[]).arrayBuffer())
  // Pages without https have no crypto.subtle.
  const digest = globalThis.crypto?.subtle
    ? new Uint8Array(await crypto.subtle.digest('SHA-256', content))
    : (await import('@noble/hashes/sha2.js')).sha256(content)
  return { ...pixels, sha256: Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('') }
}

async function decodeByBrowser(file: Bare, format: Format, limits: Limits, name: string): Promise<Pixels> {
  let bitmap: ImageBitmap
  try {
    const blob = new Blob([file.bytes], { type: `image/${format}` })
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  } catch (error) {
    const message = `${name} is damaged, or this browser does not read ${format}`
    throw new PictureError('corrupt', message, { cause: error })
  }
  try {
    const { width, height } = bitmap
    checkPixels(width, height, limits, name)
    return rgbFromRaw({
      width,
      height,
      channels: 4,
      data: file.alpha ? throughTexture(bitmap, name) : throughCanvas(bitmap),
    })
  } finally {
    bitmap.close()
  }
}

/** Exact where nothing is transparent. → RGBA `[height, width, 4]` */
function throughCanvas(bitmap: ImageBitmap): Uint8ClampedArray {
  const { width, height } = bitmap
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
  context.drawImage(bitmap, 0, 0)
  return context.getImageData(0, 0, width, height, { colorSpace: 'srgb' }).data
}

/** A texture keeps colours as they are, whatever the alpha; a canvas would multiply them. → RGBA `[height, width, 4]` */
function throughTexture(bitmap: ImageBitmap, name: string): Uint8Array {
  const { width, height } = bitmap
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2')
  if (!gl) {
    const message = `${name} has alpha, and this browser offers no WebGL 2 to read it unmodified: save it as PNG or JPEG`
    throw new PictureError('unsupported', message)
  }
  const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number
  if (Math.max(width, height) > most) {
    const message = `${name} has alpha and ${width}×${height} pixels, this browser's limit is ${most} a side: save it as PNG`
    throw new PictureError('too large', message)
  }
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false)
  gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE)
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture())
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, bitmap)
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer())
  gl.framebufferTexture2D(
    gl.FRAMEBUFFER,
    gl.COLOR_ATTACHMENT0,
    gl.TEXTURE_2D,
    gl.getParameter(gl.TEXTURE_BINDING_2D),
    0,
  )
  const pixels = new Uint8Array(width * height * 4)
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels)
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  return pixels
}
