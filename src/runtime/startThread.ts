/**
 * Starts a file of this package as a thread. Compiled, it is JavaScript; from source it is TypeScript, which a thread has
 * to be taught to read first. Knows no file by name.
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

/** The thread of the file at `url`, which ends in `.ts` or `.js`. It finds `workerData` in `node:worker_threads`. */
export function startThread(url: URL, workerData?: unknown): Worker {
  if (url.pathname.endsWith('.js')) return new Worker(url, { workerData })
  const tsx = new URL(
    './dist/esm/api/index.mjs',
    pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json')),
  )
  const start = `import { register } from '${tsx}'; register(); await import('${url}')`
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(start)}`), { workerData })
}

/** The file `name` (without extension) beside the module at `from`: in TypeScript where that is, else in JavaScript. */
export const fileBeside = (from: string, name: string): URL =>
  new URL(`./${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from)
