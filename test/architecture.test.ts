/**
 * Holds the layout: the import arrows of docs/architecture.md, the size of files, the names of folders.
 */
import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { files, read } from './checkout.ts'
import { type Import, importsOf } from './imports.ts'

const generated = ['src/graph/onnx/onnx_pb.ts']
const longestFile = 400
const namesThatSayNothing = /^(utils?|common|helpers?|managers?|misc|lib|shared)$/i

const isCode = (path: string) => /\.[cm]?[jt]sx?$/.test(path)
const sources = files.filter(path => /^(src|web)\//.test(path) && isCode(path))
const imports = new Map<string, Import[]>(sources.map(path => [path, importsOf(path, read(path))]))
const manifest = JSON.parse(read('package.json')) as {
  name: string
  exports: Record<string, string | { default: string }>
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
  optionalDependencies: Record<string, string>
}

/** Room → the rooms that it may import, from the table of docs/architecture.md. */
const rules = new Map<string, string[]>()
for (const row of read('docs/architecture.md').matchAll(/^\| `([\w.]+)` \|.*\| (nothing|`[^|]*`) \|$/gm)) {
  rules.set(row[1]!, row[2] === 'nothing' ? [] : [...row[2]!.matchAll(/`([\w.]+)`/g)].map(name => name[1]!))
}

/** `src/graph/tensor.ts` → `graph`; `src/index.ts` → `index.ts`; `web/main.ts` → `web`; elsewhere undefined. */
function roomOf(path: string): string | undefined {
  const [top, next] = path.split('/')
  return top === 'web' ? 'web' : top === 'src' ? next : undefined
}

const target = (from: string, specifier: string) => posix.join(posix.dirname(from), specifier)

/** Says what is wrong with an import, or nothing. */
function violation(from: string, { specifier, line }: Import): string | undefined {
  const at = `${from}:${line}`
  const room = roomOf(from)!
  if (specifier === undefined) return `${at}: a computed import cannot be checked: name its target in a literal`
  if (specifier.startsWith('.')) {
    const to = target(from, specifier)
    const other = roomOf(to)
    if (other === room || (other !== undefined && rules.get(room)?.includes(other))) return undefined
    return `${at}: ${room} may not import ${to}: it may import ${rules.get(room)?.join(', ') || 'nothing'}`
  }
  if (specifier.startsWith('node:')) return undefined
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (name === manifest.name) return `${at}: "${specifier}" goes around the arrows: use a relative path`
  const forUsers = [manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies]
  if (room === 'web' || forUsers.some(list => name in list)) return undefined
  return `${at}: "${name}" is not among the dependencies that users get`
}

test('the rule table names every room, and its arrows make no circle', () => {
  const rooms = ['graph', 'runtime', 'model', 'checkpoint', 'text', 'image', 'generate', 'train', 'corpus']
  expect([...rules.keys()].sort()).toEqual([...rooms, 'evaluate', 'server', 'cli', 'index.ts', 'web'].sort())
  expect(rules.get('graph')).toEqual([])
  expect(rules.get('model')).toEqual(['graph'])
  const placed = new Set<string>()
  for (let left = [...rules]; left.length > 0; ) {
    const free = left.filter(([, allowed]) => allowed.every(room => placed.has(room)))
    expect(free, `a circle among ${left.map(([room]) => room).join(', ')}`).not.toEqual([])
    for (const [room] of free) placed.add(room)
    left = left.filter(([room]) => !placed.has(room))
  }
})

test('every source file lies in a room', () => {
  expect(sources.length).toBeGreaterThan(0)
  expect(sources.filter(path => !rules.has(roomOf(path)!))).toEqual([])
})

test('imports follow the arrows', () => {
  const found = [...imports].flatMap(([path, list]) => list.map(each => violation(path, each)))
  expect(found.filter(text => text !== undefined)).toEqual([])
})

test('a forbidden import is found', () => {
  const from = (path: string, specifier: string) => violation(path, { specifier, line: 3, typeOnly: false })
  expect(from('src/graph/tensor.ts', '../runtime/node.ts')).toBe(
    'src/graph/tensor.ts:3: graph may not import src/runtime/node.ts: it may import nothing',
  )
  expect(from('src/model/adapter.ts', '../runtime/node.ts')).toMatch(/model may not import/)
  expect(from('src/text/tokenizer.ts', '../graph/index.ts')).toMatch(/text may not import/)
  expect(from('src/runtime/node.ts', '../../test/checkout.ts')).toMatch(/runtime may not import/)
  expect(from('src/runtime/node.ts', 'vitest')).toMatch(/dependencies/)
  expect(from('src/runtime/node.ts', 'qwen-vl/graph')).toMatch(/relative path/)
  expect(from('src/runtime/node.ts', '../graph/index.ts')).toBeUndefined()
  expect(from('src/runtime/node.ts', './worker.ts')).toBeUndefined()
  expect(from('src/cli/main.ts', '../server/index.ts')).toBeUndefined()
})

test.each(['./graph', './runtime/browser'])('%s runs in a browser: it reaches no Node module', entry => {
  const exported = manifest.exports[entry]
  const built = typeof exported === 'string' ? exported : exported!.default
  const start = built.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
  expect(sources).toContain(start)

  const reached = new Map([[start, start]]) // file → the way to it
  const found: string[] = []
  for (const [path, way] of reached) {
    for (const { specifier, typeOnly } of imports.get(path) ?? []) {
      if (typeOnly || specifier === undefined) continue
      if (specifier.startsWith('node:') || specifier === 'onnxruntime-node') found.push(`${way} → ${specifier}`)
      const to = target(path, specifier)
      if (specifier.startsWith('.') && !reached.has(to)) reached.set(to, `${way} → ${to}`)
    }
  }
  expect(found).toEqual([])
})

test(`no file of code has more than ${longestFile} lines`, () => {
  const length = (path: string) => read(path).trimEnd().split('\n').length
  const code = files.filter(path => isCode(path) && !generated.includes(path))
  const long = code.filter(path => length(path) > longestFile)
  expect(long.map(path => `${path}: ${length(path)} lines`)).toEqual([])
})

test('generated files exist and say that they are generated', () => {
  for (const path of generated) expect(read(path)).toMatch(/@generated/)
})

test('every folder and file has a name that says something', () => {
  const names = files.flatMap(path => path.split('/').map(part => ({ path, name: part.replace(/\.[^.]+$/, '') })))
  expect(names.filter(({ name }) => namesThatSayNothing.test(name)).map(({ path }) => path)).toEqual([])
})
