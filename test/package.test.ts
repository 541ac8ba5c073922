/**
 * The user's path: the built package is packed, installed into an empty folder, and used there.
 * Needs `npm run build` first, and the registry (or npm's cache) for the dependencies.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { read, root } from './checkout.ts'

interface Packed {
  filename: string
  /** Bytes of the tarball. */
  size: number
  files: { path: string }[]
}

const manifest = JSON.parse(read('package.json')) as {
  version: string
  exports: Record<string, string | Record<string, string>>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}
const folder = mkdtempSync(join(tmpdir(), 'qwen-vl-package-'))
const project = join(folder, 'project')
let packed: Packed

/** Runs a program in the new project and gives what it prints; throws with all that it printed if it fails. */
function run(program: string, ...options: string[]): string {
  // What `npm test` told this process about this package must not reach an npm that works on another.
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|command|config_local_prefix)/.test(name),
  )
  const { status, stdout, stderr } = spawnSync(program, options, {
    cwd: project,
    encoding: 'utf8',
    env: Object.fromEntries(environment),
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status !== 0) throw new Error(`${program} ${options.join(' ')} failed:\n${stdout}\n${stderr}`)
  return stdout
}

/** The project's own compiler, as strict as it gets, on a file of the new project that sees only what is installed. */
function compile(file: string, ...options: string[]): void {
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--verbatimModuleSyntax']
  const target = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,dom,esnext.disposable']
  const types = ['--skipLibCheck', 'false', '--types', ''] // the declarations must stand by themselves
  run(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), ...strict, ...target, ...types, ...options, file)
}

const write = (name: string, text: string) => writeFileSync(join(project, name), text)

beforeAll(() => {
  if (!existsSync(join(root, 'dist'))) throw new Error('dist/ is missing: run "npm run build" first, or "npm test"')
  mkdirSync(project)
  write('package.json', JSON.stringify({ name: 'project', private: true, type: 'module' }))
  // npm pack takes what is built: building here would change dist/ under other tests.
  packed = (
    JSON.parse(run('npm', 'pack', root, '--ignore-scripts', '--json', '--pack-destination', folder)) as [Packed]
  )[0]
  const tarball = join(folder, packed.filename)
  run('npm', 'install', tarball, '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund')
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('every entry point of the package is in the tarball, with its types', () => {
  const targets = Object.values(manifest.exports).flatMap(entry =>
    typeof entry === 'string' ? [entry] : [entry['types'], entry['default']],
  )
  const paths = packed.files.map(({ path }) => `./${path}`)
  expect(targets).toContain('./dist/graph/index.d.ts')
  expect(targets.filter(target => !paths.includes(target!))).toEqual([])
})

test('the tarball holds the build, the licences and the README, and is small', () => {
  const isBuild = (path: string) => /^dist\/.*\.(js|js\.map|d\.ts)$/.test(path)
  const isRecipe = (path: string) => /^(recipes|examples\/training)\//.test(path)
  const others = packed.files.map(({ path }) => path).filter(path => !isBuild(path) && !isRecipe(path))
  const page = ['chart.js', 'index.html', 'page.css', 'page.js', 'status.js'].map(name => `assets/dashboard/${name}`)
  const font = ['NotoSansSC-subset.woff2', 'OFL.txt', 'characters.txt'].map(name => `assets/label-font/${name}`)
  const isMaterial = (path: string) => path.startsWith('assets/materials/')
  const materials = ['chinese-characters.txt', 'chinese-words.txt', 'english-words.txt', 'kinds.json', 'packages.json']
  expect(others.filter(isMaterial)).toEqual(expect.arrayContaining(materials.map(name => `assets/materials/${name}`)))
  const rest = others.filter(path => !isMaterial(path))
  expect(rest.sort()).toEqual(['LICENSE', 'NOTICE', 'README.md', ...page, ...font, 'package.json'])
  const isOurs = (path: string) => /^benchmarks\/|(^|\/)(tests?|fixtures?|examples?)\/|\.test\./i.test(path)
  expect(packed.files.filter(({ path }) => isOurs(path) && !isRecipe(path))).toEqual([])
  expect(packed.size).toBeLessThan(5_000_000) // a third of it the font
})

test('an install brings the dependencies and no development tools', () => {
  const installed = readdirSync(join(project, 'node_modules'), { withFileTypes: true }).flatMap(({ name }) =>
    name.startsWith('@') ? readdirSync(join(project, 'node_modules', name)).map(part => `${name}/${part}`) : [name],
  )
  expect(installed).toEqual(expect.arrayContaining(['qwen-vl', ...Object.keys(manifest.dependencies)]))
  expect(installed.filter(name => name in manifest.devDependencies)).toEqual([])
})

test('the entry points load and export what the documentation names', () => {
  write(
    'exports.js',
    `import * as graph from 'qwen-vl/graph'
     import * as runtime from 'qwen-vl/runtime'
     console.log(JSON.stringify({ graph: Object.keys(graph), runtime: Object.keys(runtime) }))`,
  )
  const names = JSON.parse(run(process.execPath, 'exports.js')) as { graph: string[]; runtime: string[] }
  expect(names.graph).toEqual(
    expect.arrayContaining(['scope', 'input', 'gradient', 'stopGradient', 'compile', 'matmul']),
  )
  expect(names.runtime).toEqual(expect.arrayContaining(['openRuntime', 'availableDevices', 'tensorValue']))
})

test('the command is installed, and starts', () => {
  const command = join(project, 'node_modules/.bin/qwen-vl')
  expect(run(command, '--version').trim()).toBe(manifest.version)
  expect(run(command, '--help')).toContain('caption')
})

test('the types of every entry point stand by themselves', () => {
  const entries = Object.keys(manifest.exports).filter(entry => entry !== './package.json')
  const lines = entries.map((entry, i) => `export * as entry${i} from 'qwen-vl${entry.slice(1)}'`)
  write('types.ts', lines.join('\n'))
  compile('types.ts', '--noEmit')
})

test('the types are checked: a wrong element type does not compile', () => {
  write('wrong.ts', `import { input } from 'qwen-vl/graph'\ninput('tokens', 'int65', [1])`)
  expect(() => compile('wrong.ts', '--noEmit')).toThrow(/int65/)
})

test('the program of the README compiles, runs, and its loss falls', () => {
  const program = [...read('README.md').matchAll(/^```ts\n(.*?)^```/gms)].map(match => match[1]).join('\n')
  write('program.ts', program)
  compile('program.ts')
  const losses = [...run(process.execPath, 'program.js').matchAll(/loss ([\d.]+)/g)].map(match => Number(match[1]))
  expect(losses.length).toBeGreaterThan(1)
  expect(losses.at(-1)).toBeLessThan(0.1 * losses[0]!)
})

test('the lockfile names versions and hashes, and no host', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; integrity?: string }>
  }
  const entries = Object.entries(packages).filter(([path]) => path !== '')
  expect(entries.length).toBeGreaterThan(0)
  expect(entries.filter(([, { resolved, integrity }]) => resolved !== undefined || integrity === undefined)).toEqual([])
})
