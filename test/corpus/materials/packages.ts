/** Packages of made-up materials, and a download that gives them without a network. */
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import type { Download } from '../../../src/corpus/materials/npmPack.ts'
import type { MaterialPackage } from '../../../src/corpus/materials/packages.ts'

export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'materials-'))

/** A .tgz with these members, as a path. */
export async function archiveOf(members: Readonly<Record<string, string>>): Promise<string> {
  const archive = pack()
  for (const [name, content] of Object.entries(members)) archive.entry({ name }, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  const path = join(emptyFolder(), 'package.tgz')
  writeFileSync(path, gzipSync(Buffer.concat(chunks)))
  return path
}

export const integrityOf = (path: string): string =>
  `sha512-${createHash('sha512').update(readFileSync(path)).digest('base64')}`

/** A red square for an apple, a wide blue one for a car, each with an empty border. */
export const icons = {
  width: 32,
  height: 32,
  icons: {
    apple: { body: '<rect x="8" y="8" width="16" height="16" fill="#f00"/>' },
    car: { body: '<rect x="0" y="12" width="32" height="8" fill="#00f"/>' },
    hand: { body: '<rect width="4" height="4"/>' },
  },
  aliases: { automobile: { parent: 'car' } },
}

/** A package of two emoji in one style, and the archive that a download gives for it. */
export async function iconPackage(): Promise<{ wanted: MaterialPackage; archive: string }> {
  const archive = await archiveOf({
    'package/icons.json': JSON.stringify(icons),
    'package/chars.json': JSON.stringify({ '1f34e': 'apple', '1f697-FE0F': 'automobile', '1f44b-1f3fb': 'hand' }),
    'package/LICENSE': 'free',
    'package/index.js': 'not asked for',
  })
  const rest = { licence: 'MIT', copyright: 'nobody', use: 'looks', style: 'plain' } as const
  const files = ['icons.json', 'chars.json']
  return { wanted: { name: '@made/icons', version: '1.0.0', integrity: integrityOf(archive), files, ...rest }, archive }
}

/** Gives one archive, whatever is asked for, and counts how often. */
export function downloadOf(archive: string): { download: Download; times: () => number } {
  let times = 0
  const download: Download = (_, into) => {
    times++
    cpSync(archive, join(into, 'package.tgz'))
    return Promise.resolve(join(into, 'package.tgz'))
  }
  return { download, times: () => times }
}
