/**
 * Fills the materials folder: gets each package once, checks it, and keeps what is used of it. Safe beside others that
 * do the same: a package appears whole, under its name, or not at all.
 */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MaterialsError } from './errors.ts'
import { isFetched, materialsFolder, packageFolder } from './folder.ts'
import { checkIntegrity, type Download, npmPack } from './npmPack.ts'
import { type MaterialPackage, materialPackages } from './packages.ts'
import { splitIcons } from './splitIcons.ts'
import { unpack } from './unpack.ts'

export interface FetchOptions {
  /** Default: `materialsFolder()`. */
  readonly folder?: string
  readonly packages?: readonly MaterialPackage[]
  /** How an archive is got. Default: by npm. */
  readonly download?: Download
  readonly signal?: AbortSignal
  /** Before each package that is not there yet, in words. */
  readonly onProgress?: (message: string) => void
}

/**
 * Gets the packages that are not there yet, and gives the folder. Throws a MaterialsError where one cannot be had, with
 * those before it kept; the reason of `signal` where that ends it.
 */
export async function fetchMaterials(options: FetchOptions = {}): Promise<string> {
  const { folder = materialsFolder(), packages = materialPackages, download = npmPack, signal, onProgress } = options
  await mkdir(folder, { recursive: true })
  for (const [done, wanted] of packages.entries()) {
    signal?.throwIfAborted()
    if (await isFetched(folder, wanted)) continue
    onProgress?.(`getting ${wanted.name}@${wanted.version} (${done + 1} of ${packages.length})`)
    await fetchPackage(folder, wanted, packages, download, signal)
  }
  return folder
}

async function fetchPackage(
  folder: string,
  wanted: MaterialPackage,
  packages: readonly MaterialPackage[],
  download: Download,
  signal: AbortSignal | undefined,
): Promise<void> {
  const temporary = await mkdtemp(join(folder, '.fetching-'))
  try {
    const archives = join(temporary, 'archive')
    const content = join(temporary, 'content')
    await mkdir(archives)
    const archive = await download(wanted, archives, signal)
    await checkIntegrity(archive, wanted)
    await unpack(archive, wanted.files, content)
    if (wanted.use === 'looks' && wanted.files.includes('icons.json')) {
      await splitIcons(content, charactersOf(folder, content, wanted, packages))
    }
    signal?.throwIfAborted()
    await rename(content, packageFolder(folder, wanted)).catch(async error => {
      // Somebody else was quicker, with the same bytes.
      if (!(await isFetched(folder, wanted))) throw error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

function charactersOf(
  folder: string,
  content: string,
  wanted: MaterialPackage & { use: 'looks' },
  packages: readonly MaterialPackage[],
): string {
  if (wanted.namesFrom === undefined) return join(content, 'chars.json')
  const other = packages.find(({ name }) => name === wanted.namesFrom)
  if (other !== undefined) return join(packageFolder(folder, other), 'chars.json')
  throw new MaterialsError(`${wanted.name} takes its names from ${wanted.namesFrom}, which is not among the packages`)
}
