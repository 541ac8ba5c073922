/**
 * What a source file imports, read from its syntax tree: every form in which one file can reach another, static or not.
 * Knows nothing of which imports are allowed.
 */
import { parseSync } from 'vite'

export interface Import {
  /**
   * As written: `../graph/tensor.ts`, `node:fs`, `vitest`. A computed ending is a star: `./worker*`.
   * Undefined where more than the ending is computed when the program runs.
   */
  specifier: string | undefined
  line: number
  /** Gone once compiled: `import type`, `export type … from`, `import('…').Type`. */
  typeOnly: boolean
}

interface Node {
  type: string
  start: number
  [property: string]: unknown
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

/** The imports of one file. Throws a SyntaxError for a file that cannot be parsed. */
export function importsOf(path: string, source: string): Import[] {
  const { program, errors } = parseSync(path, source)
  if (errors[0] !== undefined) throw new SyntaxError(`${path}: ${errors[0].message}`)
  const found: Import[] = []

  const add = (at: Node, target: unknown, typeOnly = false) => {
    const line = source.slice(0, at.start).split('\n').length
    for (const specifier of literals(target)) found.push({ specifier, line, typeOnly })
  }
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const element of value) visit(element)
    if (!isNode(value)) return
    switch (value.type) {
      case 'ImportDeclaration':
        add(value, value['source'], value['importKind'] === 'type')
        break
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration':
        if (value['source']) add(value, value['source'], value['exportKind'] === 'type')
        break
      case 'ImportExpression':
        add(value, value['source'])
        break
      case 'TSImportType':
        add(value, value['source'], true)
        break
      case 'TSExternalModuleReference':
        add(value, value['expression'])
        break
      case 'CallExpression':
        if (isRequire(value['callee'])) add(value, argument(value, 0))
        break
      case 'NewExpression': // new URL('./worker.js', import.meta.url): how a file starts another as a worker
        if (named(value['callee'], 'URL') && isImportMeta(argument(value, 1), 'url')) add(value, argument(value, 0))
        break
    }
    for (const child of Object.values(value)) visit(child)
  }
  visit(program)
  return found
}

/** The texts that an expression can be: both sides of `a ? './b.ts' : './b.js'`. */
function literals(node: unknown): (string | undefined)[] {
  if (!isNode(node)) return [undefined]
  if (node.type === 'Literal' && typeof node['value'] === 'string') return [node['value']]
  if (node.type === 'ConditionalExpression') return [...literals(node['consequent']), ...literals(node['alternate'])]
  if (node.type !== 'TemplateLiteral') return [undefined]
  const texts = (node['quasis'] as { value: { cooked: string } }[]).map(quasi => quasi.value.cooked)
  const onlyEndingComputed = /\/[\w-]+$/.test(texts[0] ?? '') && texts.slice(1).every(text => !text.includes('/'))
  return [texts.length === 1 || onlyEndingComputed ? texts.join('*') : undefined]
}

const argument = (call: Node, index: number): unknown => (call['arguments'] as unknown[])[index]

const named = (node: unknown, name: string): boolean =>
  isNode(node) && node.type === 'Identifier' && node['name'] === name

function isImportMeta(node: unknown, property: string): boolean {
  if (!isNode(node) || node.type !== 'MemberExpression') return false
  return isNode(node['object']) && node['object'].type === 'MetaProperty' && named(node['property'], property)
}

/** `require('…')`, `require.resolve('…')` and `import.meta.resolve('…')`. */
const isRequire = (callee: unknown): boolean =>
  named(callee, 'require') ||
  isImportMeta(callee, 'resolve') ||
  (isNode(callee) && callee.type === 'MemberExpression' && named(callee['object'], 'require'))
