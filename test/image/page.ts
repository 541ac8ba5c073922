/** What the browser tests call in a page: image/ as browsers get it, with plain values in and out. */
import * as image from '../../src/image/browser.ts'

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), character => character.charCodeAt(0))

function base64Of(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(text)
}

/** Decodes a file: its size, content name and pixels, or the error's name and message. */
export async function decoded(file: string) {
  try {
    const { width, height, rgb, sha256 } = await image.decode(bytesOf(file))
    return { width, height, rgb: base64Of(rgb), sha256 }
  } catch (error) {
    return { error: `${(error as Error).name}: ${(error as Error).message}` }
  }
}

/** The content name where there is no `crypto.subtle`, as on pages without https. */
export async function namedWithoutSubtle(file: string) {
  Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true })
  try {
    return (await image.decode(bytesOf(file))).sha256
  } finally {
    Reflect.deleteProperty(globalThis, 'crypto')
  }
}

export async function resized(file: string, size: number) {
  return base64Of(image.resize(await image.decode(bytesOf(file)), { width: size, height: size }))
}

/** Draws, and decodes what was drawn. */
export async function drawn(file: string, marks: readonly image.Mark[], format: 'png' | 'jpeg') {
  const blob = await image.draw(await image.decode(bytesOf(file)), marks, { format })
  const { width, height, rgb } = await image.decode(blob)
  return { type: blob.type, width, height, rgb: base64Of(rgb) }
}

export async function fetchError(address: string) {
  return image.decode(address).then(
    () => 'decoded',
    error => `${error.name}: ${error.message}`,
  )
}
