/**
 * Opens a TypeScript module of this repository in headless Chromium, as a page of a Vite server that sends the headers
 * for shared memory. What the module exports can be called from the test through `page.evaluate`:
 *
 *     needs(context, 'chromium')
 *     await using page = await openPage('test/browser/engine.ts')
 *     await page.call('addsNumbers', {}, [1], [2])          // calls the module's export of that name in the page
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { createServer, type ViteDevServer } from 'vite'
import { root } from '../checkout.ts'
import { find } from '../requirements.ts'

export interface OpenedPage extends AsyncDisposable {
  readonly page: Page
  /** Everything the page and its workers have written to the console, and errors that nobody caught. */
  readonly console: readonly string[]
  /** Calls an export of the module with plain values, and gives what it returns. Rejects with the page's own error. */
  call<Result>(name: string, ...values: readonly unknown[]): Promise<Result>
}

export interface PageOptions {
  /** Send the headers that allow threads and shared memory (default true). */
  readonly isolated?: boolean
  /** Offer WebGPU on SwiftShader (default false). */
  readonly webgpu?: boolean
}

const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

const webgpuFlags = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan']

/** `entry` is the module's path from the root of the repository. Throws without Chromium: ask `needs` first. */
export async function openPage(entry: string, options: PageOptions = {}): Promise<OpenedPage> {
  const executablePath = find('chromium')
  if (executablePath === undefined) throw new Error('there is no Chromium: run scripts/install-test-tools.sh')
  const { isolated = true, webgpu = false } = options
  const cacheDir = await mkdtemp(join(tmpdir(), 'qwen-vl-vite-'))
  let server: ViteDevServer | undefined
  let browser: Browser | undefined
  const close = async () => {
    await browser?.close()
    await server?.close()
    await rm(cacheDir, { recursive: true, force: true })
  }
  try {
    server = await serve(entry, cacheDir, isolated)
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    browser = await chromium.launch({ executablePath, args: [...sandbox, ...(webgpu ? webgpuFlags : [])] })
    const page = await browser.newPage()
    const console: string[] = []
    page.on('console', message => console.push(message.text()))
    page.on('pageerror', error => console.push(`uncaught: ${error.message}`))
    await page.goto(server.resolvedUrls!.local[0]!)
    await page.waitForFunction('globalThis.entry || globalThis.failure', undefined, { timeout: 30_000 })
    const failure = await page.evaluate('globalThis.failure')
    if (failure) throw new Error(`${entry} did not load: ${failure}\n${console.join('\n')}`)
    return {
      page,
      console,
      call: (name, ...values) =>
        page.evaluate(
          ([name, values]) =>
            (globalThis as unknown as { entry: Record<string, (...values: unknown[]) => never> }).entry[name]!(
              ...values,
            ),
          [name, values] as const,
        ),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function serve(entry: string, cacheDir: string, isolated: boolean): Promise<ViteDevServer> {
  const html = `<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><script type="module">
    import('/${entry}').then(entry => { globalThis.entry = entry }, error => { globalThis.failure = String(error) })
  </script>`
  const server = await createServer({
    root,
    cacheDir,
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    // Found by Vite while it serves, a package would be bundled and the page loaded anew in the middle of a test.
    optimizeDeps: { noDiscovery: true, exclude: ['onnxruntime-web'] },
    server: { port: 0, host: '127.0.0.1', hmr: false, watch: null, headers: isolated ? isolation : {} },
    plugins: [
      {
        name: 'test-page',
        configureServer: ({ middlewares }) => {
          middlewares.use((request, response, next) => {
            if (request.url !== '/') return next()
            for (const [name, value] of Object.entries(isolated ? isolation : {})) response.setHeader(name, value)
            response.setHeader('Content-Type', 'text/html')
            response.end(html)
          })
        },
      },
    ],
  })
  return server.listen()
}
