/**
 * text/ as a browser opens it: everything of `index.ts`, and a tokenizer whose engine (1 MB of WebAssembly) is fetched.
 *
 * Vite and webpack 5 find the engine by the `new URL` below and copy it into the build, without plugins. Other bundlers,
 * and Vite's development server if it has bundled this package beforehand (`optimizeDeps.exclude: ['qwen-vl']` keeps it
 * from that), need to be told where `tiktoken/lite/tiktoken_bg.wasm` is served: option `wasm`.
 */
import { init, Tiktoken } from 'tiktoken/lite/init'
import { TextError } from './errors.ts'
import { Tokenizer, type TokenizerOptions } from './tokenizer.ts'
import { parseVocabulary, type Vocabulary } from './vocabulary.ts'

export * from './index.ts'

export interface BrowserTokenizerOptions extends TokenizerOptions {
  /** Address or bytes of `tiktoken/lite/tiktoken_bg.wasm`. Default: where the bundler put it. */
  readonly wasm?: string | URL | Uint8Array<ArrayBuffer>
}

/**
 * A tokenizer from the contents of a `qwen.tiktoken` file, or from a vocabulary.
 *
 *     const file = await (await fetch('/qwen.tiktoken')).text()
 *     const tokenizer = await openTokenizer(file)
 */
export async function openTokenizer(
  vocabulary: string | Uint8Array | Vocabulary,
  options: BrowserTokenizerOptions = {},
): Promise<Tokenizer> {
  const { wasm = new URL('tiktoken/lite/tiktoken_bg.wasm', import.meta.url), ...rest } = options
  try {
    await init(async imports => WebAssembly.instantiate(await bytesOf(wasm), imports))
  } catch (cause) {
    const where = wasm instanceof Uint8Array ? 'the bytes given' : `${wasm}`
    const message = `the byte-pair encoder could not be loaded from ${where} (${String(cause)})`
    throw new TextError('engine', `${message}: pass the address of tiktoken/lite/tiktoken_bg.wasm as "wasm"`, { cause })
  }
  const isFile = typeof vocabulary === 'string' || vocabulary instanceof Uint8Array
  return new Tokenizer(Tiktoken, isFile ? parseVocabulary(vocabulary) : vocabulary, rest)
}

async function bytesOf(wasm: string | URL | Uint8Array<ArrayBuffer>): Promise<BufferSource> {
  if (wasm instanceof Uint8Array) return wasm
  const response = await fetch(wasm)
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  return response.arrayBuffer()
}
