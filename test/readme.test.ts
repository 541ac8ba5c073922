/**
 * Holds what README.md and CONTRIBUTING.md promise: the tree, the commands, the links, one screen.
 */
import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'
import { files, read, root } from './checkout.ts'

const readme = read('README.md')
const pages = files.filter(path => path.endsWith('.md') && !path.startsWith('test/'))
const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(match => match[1]!)

/** The lines of the tree: `src/`, `src/graph/`, `LICENSE`, each with what it says of it. */
function tree(): { path: string; purpose: string }[] {
  let folder = ''
  return blocks('text')[0]!
    .trimEnd()
    .split('\n')
    .map(line => {
      const [, indent, name, purpose] = /^( *)(\S+) *(.*)$/.exec(line)!
      const path = indent === '' ? name! : folder + name
      if (indent === '') folder = name!
      return { path, purpose: purpose! }
    })
}

/** What the tree has to show: every entry of the root, and every folder and file directly in `src/`. */
function entries(): string[] {
  const shown = files.map(path => {
    const [top, second, third] = path.split('/')
    if (second === undefined) return top!
    return top !== 'src' ? `${top}/` : `src/${second}${third === undefined ? '' : '/'}`
  })
  return [...new Set([...shown, 'src/'])].sort()
}

test('the tree shows everything that exists, and nothing else', () => {
  const shown = tree().map(({ path }) => path)
  expect([...shown].sort()).toEqual(entries())
})

test('every line of the tree says what the entry is for', () => {
  expect(tree().filter(({ purpose }) => purpose === '')).toEqual([])
})

test('there are two set-up commands: one runs the main job, one runs all tests', () => {
  expect(blocks('sh').map(block => block.trim())).toEqual(['npm ci && npm start', 'npm ci && npm test'])
})

test('continuous integration runs the very test command of the README', () => {
  const lines = read('.ci/run').trimEnd().split('\n')
  expect(lines.at(-1)).toBe('npm ci && npm test')
  expect(lines).toContain('scripts/install-test-tools.sh')
})

test.each(pages)('%s names only scripts that package.json has', page => {
  const code = (read(page).match(/```.*?```|`[^`\n]+`/gs) ?? []).join('\n')
  const named = [...code.matchAll(/npm (?:run ([\w:-]+)|(start|test)\b)/g)].map(match => match[1] ?? match[2]!)
  expect(named.filter(script => !(script in manifest.scripts))).toEqual([])
})

test.each(pages)('every link of %s to a file leads to one', page => {
  const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(match => match[1]!)
  const missing = links.filter(link => !existsSync(join(root, posix.dirname(page), link)))
  expect(missing).toEqual([])
})

test('CONTRIBUTING.md fits one screen', () => {
  expect(read('CONTRIBUTING.md').trimEnd().split('\n').length).toBeLessThanOrEqual(60)
})
