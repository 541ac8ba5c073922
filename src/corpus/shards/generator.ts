/** The program that makes a corpus, as the corpus names it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** `qwen-vl 0.1.0`: of the package, whose root is three folders up from here and from the built file alike. */
export function generator(): string {
  const manifest = readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')
  return `qwen-vl ${(JSON.parse(manifest) as { version: string }).version}`
}
