/** Opens what pictures are made of. Cheap to call in several threads, where the materials were fetched before. */
import { Backgrounds } from './backgrounds.ts'
import { MaterialsError } from './errors.ts'
import { type FetchOptions, fetchMaterials } from './fetchPackages.ts'
import { isFetched, materialsFolder } from './folder.ts'
import { Fonts } from './fonts.ts'
import { categories, excludedLooks, kinds } from './kinds.ts'
import { Looks } from './looks.ts'
import type { Materials } from './materials.ts'
import { type MaterialPackage, materialPackages } from './packages.ts'
import { chineseCharacters, chineseWords, englishWords } from './words.ts'

export { type FetchOptions, fetchMaterials } from './fetchPackages.ts'

export interface OpenMaterialsOptions extends Pick<FetchOptions, 'folder' | 'signal' | 'onProgress'> {
  /** Fetch nothing: throw a MaterialsError where something is not there. */
  readonly offline?: boolean
}

/**
 * The materials of this machine, fetched first where they are not there yet. Throws a MaterialsError for what cannot be
 * had or used.
 *
 * ```ts
 * const materials = await openMaterials({ onProgress: message => console.error(message) })
 * const apple = await materials.sprite('fluent-3d:1f34e')
 * ```
 */
export async function openMaterials(options: OpenMaterialsOptions = {}): Promise<Materials> {
  const { folder = materialsFolder(), offline = false, ...rest } = options
  if (offline) await checkFetched(folder)
  else await fetchMaterials({ folder, ...rest })
  const used = <Use extends MaterialPackage['use']>(use: Use) =>
    materialPackages.filter((each): each is MaterialPackage & { use: Use } => each.use === use)
  const looks = new Looks(folder, used('looks'), kinds, excludedLooks)
  const backgrounds = new Backgrounds(folder, used('backgrounds'))
  const fonts = new Fonts(folder, used('fonts'))
  return {
    kinds,
    categories,
    looksOf: kind => looks.of(kind),
    sprite: look => looks.sprite(look),
    backgrounds: side => backgrounds.of(side),
    background: name => backgrounds.get(name),
    fonts: (side, language) => fonts.of(side, language),
    englishWords,
    chineseCharacters,
    chineseWords,
  }
}

async function checkFetched(folder: string): Promise<void> {
  for (const each of materialPackages) {
    if (await isFetched(folder, each)) continue
    throw new MaterialsError(
      `${each.name}@${each.version} is not in ${folder}: fetch the materials first, with qwen-vl corpus materials`,
    )
  }
}
