import { expect, test } from 'vitest'
import { importsOf } from './imports.ts'

const specifiers = (source: string) => importsOf('file.ts', source).map(({ specifier }) => specifier)

test.each([
  ['a plain import', `import { a } from './a.ts'`],
  ['an import for its effect', `import './a.ts'`],
  ['an import over several lines', `import {\n  a, // from here\n  type B,\n} from\n  './a.ts'`],
  ['a default and a namespace', `import a, * as rest from "./a.ts"`],
  ['a type import', `import type { A } from './a.ts'`],
  ['an export from', `export {\n  a,\n} from './a.ts'`],
  ['an export of everything', `export * from './a.ts'`],
  ['an export of types', `export type { A } from './a.ts'`],
  ['a dynamic import', `const load = async () => (await import('./a.ts')).default`],
  ['a dynamic import over several lines', `await import(\n  /* lazily */\n  \`./a.ts\`\n)`],
  ['a type taken from a module', `let a: import('./a.ts').A<number>`],
  ['a type query', `let a: typeof import('./a.ts')`],
  ['an import assignment', `import a = require('./a.ts')`],
  ['a require', `const a = require('./a.ts') as unknown`],
  ['a resolved path', `const a = import.meta.resolve('./a.ts')`],
  ['a worker', `new Worker(new URL('./a.ts', import.meta.url))`],
])('%s is seen', (_, source) => {
  expect(specifiers(source)).toEqual(['./a.ts'])
})

test.each([
  ['comments', `// import './a.ts'\n/* export * from './a.ts' */`],
  ['strings', `const text = "import './a.ts'"; const code = \`import('./a.ts')\``],
  ['addresses', `new URL('./a.ts', 'https://example.org')`],
  ['exports of the file itself', `const a = 1; export { a }; export default a; export type B = 1`],
])('%s are not imports', (_, source) => {
  expect(specifiers(source)).toEqual([])
})

test('both branches of a choice are seen', () => {
  const source = `new Worker(new URL(compiled ? './a.js' : './a.ts', import.meta.url))`
  expect(specifiers(source)).toEqual(['./a.js', './a.ts'])
})

test('a computed ending is a star', () => {
  expect(specifiers(`new URL(\`./worker\${extension}\`, import.meta.url)`)).toEqual(['./worker*'])
})

test.each([
  'await import(path)',
  `await import(\`./\${name}.ts\`)`,
  `await import(\`./a/\${name}\`)`,
  'await import("./" + name)',
  `await import(\`./a\${name}/b.ts\`)`,
])('%s, computed when the program runs, is seen without a specifier', source => {
  expect(specifiers(source)).toEqual([undefined])
})

test('an import says its line and whether it is gone once compiled', () => {
  expect(importsOf('file.ts', `\nimport type { A } from 'a'\nimport { type B } from 'b'`)).toEqual([
    { specifier: 'a', line: 2, typeOnly: true },
    { specifier: 'b', line: 3, typeOnly: false },
  ])
})

test('a file that cannot be parsed is an error that names it', () => {
  expect(() => importsOf('broken.ts', 'import { from')).toThrow(/broken\.ts/)
})
