/** The files of the page, as they are served: its own from this package's assets, and uPlot from its package. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const folder = join(import.meta.dirname, '../../../../assets/dashboard')

const html = 'text/html; charset=utf-8'
const script = 'text/javascript; charset=utf-8'
const style = 'text/css; charset=utf-8'

const files: ReadonlyMap<string, { readonly path: () => string; readonly type: string }> = new Map([
  ['/', { path: () => join(folder, 'index.html'), type: html }],
  ['/page.js', { path: () => join(folder, 'page.js'), type: script }],
  ['/chart.js', { path: () => join(folder, 'chart.js'), type: script }],
  ['/status.js', { path: () => join(folder, 'status.js'), type: script }],
  ['/page.css', { path: () => join(folder, 'page.css'), type: style }],
  ['/uPlot.js', { path: () => require.resolve('uplot/dist/uPlot.esm.js'), type: script }],
  ['/uPlot.css', { path: () => require.resolve('uplot/dist/uPlot.min.css'), type: style }],
])

/** The file of a path of the page's address; undefined for any other path. */
export async function pageFile(path: string): Promise<{ content: Buffer; type: string } | undefined> {
  const file = files.get(path)
  return file && { content: await readFile(file.path()), type: file.type }
}
