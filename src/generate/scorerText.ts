/** Texts as contrastive training and scoring read them: both must do it alike. Knows no pictures. */
import type { Tokenizer } from '../text/index.ts'

/**
 * The ids of a text without the white space around it, and `<|endoftext|>` behind them, at most `context` in all: what
 * is longer loses its end, as in CLIP. Special tokens that are written in the text stay text.
 */
export function contrastiveTokens(tokenizer: Tokenizer, text: string, context: number): number[] {
  return [...tokenizer.encode(text.trim()).slice(0, context - 1), tokenizer.ids.endoftext]
}
