/**
 * The command line as it is shipped: compiled, which starts twice as fast as the source. It is compiled once for all
 * tests, and again when the source has changed; `dist/` is left alone.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { files, read, root } from '../checkout.ts'

const cache = join(root, 'node_modules/.cache/command-line')

/** The path of the compiled `main.js`. */
export function builtMain(): string {
  const sources = files.filter(path => /^(src\/|package\.json$|tsconfig)/.test(path))
  const hash = createHash('sha256')
  for (const path of sources) hash.update(`${path}\n${read(path)}`)
  const folder = join(cache, hash.digest('hex').slice(0, 16))
  if (!existsSync(folder)) build(folder)
  return join(folder, 'dist/cli/main.js')
}

function build(folder: string): void {
  mkdirSync(cache, { recursive: true })
  const old = readdirSync(cache).filter(name => !name.startsWith('new '))
  const made = mkdtempSync(join(cache, 'new '))
  const plain = ['--declaration', 'false', '--sourceMap', 'false', '--inlineSources', 'false']
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const target = ['-p', 'tsconfig.build.json', '--outDir', join(made, 'dist'), ...plain]
  execFileSync(process.execPath, [compiler, ...target], { cwd: root, stdio: 'pipe' })
  for (const name of ['package.json', 'assets']) cpSync(join(root, name), join(made, name), { recursive: true })
  try {
    renameSync(made, folder)
    for (const name of old) rmSync(join(cache, name), { recursive: true, force: true })
  } catch (error) {
    rmSync(made, { recursive: true, force: true })
    if (!existsSync(folder)) throw error // else another test file was faster
  }
}
