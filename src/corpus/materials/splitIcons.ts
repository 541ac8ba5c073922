/**
 * Makes one SVG file of each emoji in a package of icons, named by its code points, so that nobody has to read a hundred
 * megabytes to draw an apple. Knows no kinds.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** An icon set as Iconify packs it: https://iconify.design/docs/types/iconify-json.html */
interface IconSet {
  readonly icons: Readonly<Record<string, { readonly body: string; readonly width?: number; readonly height?: number }>>
  readonly aliases?: Readonly<Record<string, { readonly parent: string }>>
  readonly width?: number
  readonly height?: number
}

/** Faces and hands come in five more colours of skin, which show nothing else. */
const skinTone = /1f3f[b-f]/

/** The name of a sequence of code points: lower case, without the selector of the coloured form. */
export const codeName = (code: string): string => code.toLowerCase().replaceAll(/-fe0f\b/g, '')

/** Replaces `icons.json` of a package's folder by files `svg/1f34e.svg`. `characters`: its `chars.json`, or another's. */
export async function splitIcons(folder: string, characters: string): Promise<void> {
  const set = JSON.parse(await readFile(join(folder, 'icons.json'), 'utf8')) as IconSet
  const names = JSON.parse(await readFile(characters, 'utf8')) as Readonly<Record<string, string>>
  await mkdir(join(folder, 'svg'), { recursive: true })
  for (const [code, name] of Object.entries(names)) {
    const icon = set.icons[name] ?? set.icons[set.aliases?.[name]?.parent ?? '']
    if (icon === undefined || skinTone.test(code)) continue
    const width = icon.width ?? set.width ?? 16
    const height = icon.height ?? set.height ?? 16
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${icon.body}</svg>`
    await writeFile(join(folder, 'svg', `${codeName(code)}.svg`), svg)
  }
  await rm(join(folder, 'icons.json'))
}
