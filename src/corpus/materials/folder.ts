/** Where fetched materials lie on this machine. Knows nothing of what they are. */
import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { hash32 } from '../random.ts'

/** The environment variables that say where materials lie. */
export type Environment = Readonly<Record<string, string | undefined>>

/** `QWEN_VL_MATERIALS`, else `~/.cache/qwen-vl/materials` (`XDG_CACHE_HOME` in place of `~/.cache`). */
export function materialsFolder(environment: Environment = process.env): string {
  const named = environment['QWEN_VL_MATERIALS']
  if (named) return resolve(named.replace(/^~(?=$|[/\\])/, homedir()))
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'qwen-vl', 'materials')
}

/** What is kept of which package. */
export interface Fetched {
  readonly name: string
  readonly version: string
  readonly files: readonly string[]
}

/** The folder of one package. It is there whole or not at all; another for other files of the same package. */
export const packageFolder = (folder: string, { name, version, files }: Fetched): string =>
  join(folder, `${name.replace('/', '+')}@${version}-${hash32(files.join('\n')).toString(36)}`)

/** Whether the package was fetched. */
export const isFetched = (folder: string, wanted: Fetched): Promise<boolean> =>
  stat(packageFolder(folder, wanted)).then(
    () => true,
    () => false,
  )
