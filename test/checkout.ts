/**
 * The files of this checkout: what git tracks or would track. Knows nothing of what they hold.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Every file, as a path from the root with forward slashes, sorted. Ignored files are left out. */
export const files: readonly string[] = [...new Set(fromGit() ?? fromFolders())].sort()

function fromGit(): string[] | undefined {
  try {
    const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const paths = listing.split('\0').filter(path => path !== '' && existsSync(join(root, path)))
    return paths.length > 0 ? paths : undefined
  } catch {
    return undefined // no git on this machine, or the files came without their history
  }
}

function fromFolders(): string[] {
  const ignored = read('.gitignore')
    .split('\n')
    .map(line => line.trim().replace(/^\/|\/$/g, ''))
    .filter(line => line !== '' && !line.startsWith('#'))
  const isIgnored = (name: string) =>
    ignored.some(pattern => (pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name === pattern))
  const walk = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter(entry => entry.name !== '.git' && !isIgnored(entry.name))
      .flatMap(entry => {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`
        return entry.isDirectory() ? walk(path) : [path]
      })
  return walk('')
}
