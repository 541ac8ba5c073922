/**
 * Photographs and paintings that scenes stand before: those of packages, and views in the panoramas of
 * `assets/materials/places`. Drawn backgrounds are made elsewhere.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { hash32, Random } from '../random.ts'
import { assetsFolder } from './assets.ts'
import { MaterialsError } from './errors.ts'
import { packageFolder } from './folder.ts'
import { HeldRasters } from './heldRasters.ts'
import { pixels } from './looks.ts'
import type { Raster, Side } from './materials.ts'
import type { BackgroundsPackage } from './packages.ts'
import { viewOf } from './panorama.ts'

/** The longer side at most. Pixels. */
const side = 640

/** In memory. Bytes. */
const held = 96 * 2 ** 20

/** Directions to look in, in one panorama. */
const viewsOfPlace = 8

/** One in eight, by the hash of its name, is only for held-out pictures; a place with all views. */
export const sideOf = (name: string): Side => (hash32(name.replace(/\.\d+$/, '')) % 8 === 0 ? 'unseen' : 'seen')

export class Backgrounds {
  readonly #load = new Map<string, () => Promise<Raster>>()
  readonly #rasters = new HeldRasters(held, name => this.#make(name))

  constructor(folder: string, packages: readonly BackgroundsPackage[]) {
    for (const each of packages) {
      for (const file of each.files) {
        const path = join(packageFolder(folder, each), file)
        this.#load.set(nameOf(file), () => inner(path, each.margin))
      }
    }
    const places = join(assetsFolder, 'places')
    for (const file of readdirSync(places).filter(file => file.endsWith('.webp'))) {
      const panorama = new HeldRasters(2 ** 20, path => pixels(sharp(path)))
      for (let view = 0; view < viewsOfPlace; view++) {
        const name = `${nameOf(file)}.${view}`
        this.#load.set(name, async () => {
          const random = new Random('view', name)
          const turn = (view + random.float()) * (360 / viewsOfPlace)
          const looking = { turn, tilt: random.between(-14, 8), angle: random.between(85, 115) }
          return viewOf(await panorama.get(join(places, file)), looking, 400, 300)
        })
      }
    }
  }

  /** In the order of their names. */
  of(side: Side): readonly string[] {
    return [...this.#load.keys()].filter(name => sideOf(name) === side).sort()
  }

  /** Throws a MaterialsError for a name that is none of them. */
  get(name: string): Promise<Raster> {
    return this.#rasters.get(name)
  }

  async #make(name: string): Promise<Raster> {
    const load = this.#load.get(name)
    if (load === undefined) throw new MaterialsError(`there is no background "${name}"`)
    return load()
  }
}

/** `images/met/met-10793.webp` → `met-10793`. */
const nameOf = (file: string) => file.slice(file.lastIndexOf('/') + 1).replace(/\.\w+$/, '')

/** A picture without its edges. */
async function inner(path: string, margin: number): Promise<Raster> {
  const { width, height } = await sharp(path).metadata()
  const [left, top] = [Math.round(width * margin), Math.round(height * margin)]
  const cut = sharp(path).extract({ left, top, width: width - 2 * left, height: height - 2 * top })
  return pixels(cut.resize(side, side, { fit: 'inside', withoutEnlargement: true }))
}
