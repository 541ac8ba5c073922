/**
 * How a caption becomes the tokens that CIDEr, BLEU and ROUGE-L count. Knows no scores.
 *
 * English: the Penn Treebank tokens of `ptbTokenizer.ts` in lower case, less punctuation, as the COCO caption evaluation
 * has them. Chinese: each character of Chinese is a token, so the figure depends on no word segmenter; words of Latin
 * letters and numbers between them are tokens as a whole, in lower case, full-width ones as ordinary ones; punctuation
 * is left out.
 */
import { ptbTokens } from './ptbTokenizer.ts'

/** The language of captions. */
export type Captions = 'en' | 'zh'

/** The tokenizer of a language. */
export const captionTokens = (captions: Captions): ((text: string) => string[]) =>
  captions === 'en' ? englishTokens : chineseTokens

/**
 * What the reference leaves out. It lists brackets in upper case while its tokenizer writes `-lrb-`, so brackets stay:
 * kept as it is.
 */
const leftOut = new Set([
  "''",
  "'",
  '``',
  '`',
  '-LRB-',
  '-RRB-',
  '-LCB-',
  '-RCB-',
  '.',
  '?',
  '!',
  ',',
  ':',
  '-',
  '--',
  '...',
  ';',
])

/**
 * Source: PTBTokenizer of salaniz/pycocoevalcap.
 *
 *     englishTokens("A man's dog isn't on the sofa.") // ['a', 'man', "'s", 'dog', 'is', "n't", 'on', 'the', 'sofa']
 */
export const englishTokens = (text: string): string[] =>
  ptbTokens(text.replaceAll('\n', ' ')).filter(token => token !== '' && !leftOut.has(token))

const chinesePieces = /[\p{sc=Han}〇]|[^\s\p{P}\p{S}\p{sc=Han}]+/gu

/** `chineseTokens('一只猫，T恤。')` → `['一', '只', '猫', 't', '恤']` */
export const chineseTokens = (text: string): string[] => text.normalize('NFKC').toLowerCase().match(chinesePieces) ?? []
