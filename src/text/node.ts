/**
 * text/ as Node opens it: everything of `index.ts`, and a tokenizer whose engine Node finds in `node_modules`. Browsers
 * use `browser.ts`.
 */
import { Tiktoken } from 'tiktoken/lite'
import { Tokenizer, type TokenizerOptions } from './tokenizer.ts'
import { parseVocabulary, type Vocabulary } from './vocabulary.ts'

export * from './index.ts'

/**
 * A tokenizer from the contents of a `qwen.tiktoken` file, or from a vocabulary. Half a second for the published one.
 *
 *     using tokenizer = await openTokenizer(await readFile('qwen.tiktoken'))
 *     tokenizer.encode('Hello world')   // [9707, 1879]
 */
export async function openTokenizer(
  vocabulary: string | Uint8Array | Vocabulary,
  options: TokenizerOptions = {},
): Promise<Tokenizer> {
  const isFile = typeof vocabulary === 'string' || vocabulary instanceof Uint8Array
  return new Tokenizer(Tiktoken, isFile ? parseVocabulary(vocabulary) : vocabulary, options)
}
