/**
 * How each kind looks in each style of emoji: which pictures there are, and their pixels. Knows no scenes. They are
 * made ready once and kept in the package's folder.
 */
import { readdirSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { MaterialsError } from './errors.ts'
import { packageFolder } from './folder.ts'
import { HeldRasters } from './heldRasters.ts'
import type { Kind } from './kind.ts'
import type { Look, Raster } from './materials.ts'
import type { LooksPackage } from './packages.ts'
import { codeName } from './splitIcons.ts'

/** The longer side of a look's picture, before its empty border is cut off. Pixels. */
const side = 256

/** Pixels fainter than this do not count as visible: glows and shadows end there. */
const faintest = 16

/** Of sprites in memory. Bytes. */
const held = 256 * 2 ** 20

export class Looks {
  readonly #files = new Map<string, string>()
  readonly #byKind = new Map<string, readonly Look[]>()
  readonly #rasters = new HeldRasters(held, look => this.#load(look))

  /**
   * `excluded`: ids of looks that show something else. Throws a MaterialsError for a kind with emoji that no package
   * shows.
   */
  constructor(
    folder: string,
    packages: readonly LooksPackage[],
    kinds: readonly Kind[],
    excluded: ReadonlySet<string> = new Set(),
  ) {
    for (const each of packages) {
      const files = join(packageFolder(folder, each), each.files.includes('icons.json') ? 'svg' : 'assets')
      for (const file of readdirSync(files)) {
        this.#files.set(`${each.style}:${codeName(file.replace(/\.\w+$/, ''))}`, join(files, file))
      }
    }
    for (const kind of kinds) {
      const looks = kind.emoji.flatMap(code => packages.map(({ style }) => ({ id: `${style}:${code}`, style })))
      const found = looks.filter(({ id }) => this.#files.has(id) && !excluded.has(id))
      if (found.length === 0 && kind.emoji.length > 0) {
        throw new MaterialsError(`no package shows the kind "${kind.id}" (${kind.emoji.join(', ')})`)
      }
      this.#byKind.set(kind.id, found)
    }
  }

  /** None for a drawn shape and for what is no kind. */
  of(kind: string): readonly Look[] {
    return this.#byKind.get(kind) ?? []
  }

  sprite(look: string): Promise<Raster> {
    return this.#rasters.get(look)
  }

  async #load(look: string): Promise<Raster> {
    const file = this.#files.get(look)
    if (file === undefined) throw new MaterialsError(`there is no look "${look}"`)
    const kept = join(dirname(file), '../png', `${look.slice(look.indexOf(':') + 1)}.png`)
    const png = await readFile(kept).catch(() => keep(kept, file))
    return pixels(sharp(png))
  }
}

/** Makes the sprite, and keeps it: a small PNG is read much quicker than a drawing or a WebP. */
async function keep(kept: string, file: string): Promise<Buffer> {
  const picture = await readFile(file)
  const { width = side, height = side, format } = await sharp(picture).metadata()
  const density = format === 'svg' ? { density: (72 * side) / Math.max(width, height) } : {}
  const { data, ...size } = await trimmed(sharp(picture, density).resize(side, side, { fit: 'inside' }))
  const png = await sharp(data, { raw: { ...size, channels: 4 } })
    .png({ compressionLevel: 6 })
    .toBuffer()
  await mkdir(dirname(kept), { recursive: true })
  const temporary = `${kept}.${process.pid}-${Math.random().toString(36).slice(2)}`
  await writeFile(temporary, png)
  await rename(temporary, kept).catch(() => rm(temporary, { force: true }))
  return png
}

/** Cut to the smallest box around what is visible. */
async function trimmed(picture: Sharp): Promise<Raster> {
  const { width, height, data } = await pixels(picture)
  let [left, top, right, bottom] = [width, height, 0, 0]
  for (let y = 0, at = 3; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      if ((data[at] as number) < faintest) continue
      left = Math.min(left, x)
      right = Math.max(right, x + 1)
      top = Math.min(top, y)
      bottom = y + 1
    }
  }
  if (right <= left) throw new MaterialsError('a look has no visible pixels')
  const cut = new Uint8ClampedArray((right - left) * (bottom - top) * 4)
  for (let y = top; y < bottom; y++) {
    const row = data.subarray((y * width + left) * 4, (y * width + right) * 4)
    cut.set(row, (y - top) * (right - left) * 4)
  }
  return { width: right - left, height: bottom - top, data: cut }
}

/** As they are, with alpha. */
export async function pixels(picture: Sharp): Promise<Raster> {
  const { data, info } = await picture.toColourspace('srgb').ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const { buffer, byteOffset, length } = data
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(buffer, byteOffset, length) }
}
