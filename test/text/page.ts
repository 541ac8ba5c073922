/** What the browser test calls in its page. Runs in a browser: no Node here. */
import { chatPrompt, openTokenizer, parseMarkup, type Tokenizer } from '../../src/text/browser.ts'

let tokenizer: Tokenizer

/** Opens the tokenizer that the other functions use. */
export async function open(file: string): Promise<number> {
  tokenizer = await openTokenizer(file)
  return tokenizer.size
}

/** Ids of every text, as [all special tokens read, image tags read]. */
export const encode = (texts: readonly string[]): [number[], number[]][] =>
  texts.map(text => [tokenizer.encode(text, { specials: 'all' }), tokenizer.encode(text, { specials: 'image' })])

export const ask = (question: string): string =>
  tokenizer.decode(chatPrompt(tokenizer, [{ role: 'user', content: question }]).ids)

export const boxes = (text: string) => parseMarkup(text).boxes

/** The message of opening a tokenizer whose engine is not where it should be. */
export async function failure(): Promise<string> {
  return openTokenizer('', { wasm: '/nowhere.wasm' }).then(
    () => '',
    error => String(error),
  )
}
