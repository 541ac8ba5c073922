/**
 * text/: tokenizer, conversation format, and the `<img> <ref> <box> <quad>` markup. Knows no models, no pictures and no
 * files: it takes texts and bytes, and gives ids and places.
 *
 * Reading order: `specialTokens.ts`, `vocabulary.ts`, `tokenizer.ts` and `decoder.ts` (text ↔ ids), `content.ts` and
 * `chat.ts` (messages → ids), `stop.ts` (ids → answer), `boxes.ts` and `markup.ts` (answer → places). Tokenizers are
 * opened by `node.ts` or `browser.ts`, which give everything else too.
 */
export * from './boxes.ts'
export * from './chat.ts'
export {
  type Content,
  type ContentOptions,
  type ContentPart,
  type Numbering,
  type PlacedPicture,
  splitPictures,
} from './content.ts'
export * from './countTokens.ts'
export { type DecodeOptions, StreamingDecoder } from './decoder.ts'
export * from './errors.ts'
export * from './listFormat.ts'
export * from './markup.ts'
export { type SpecialIds, specialTokensByName } from './specialTokens.ts'
export * from './stop.ts'
export * from './supervision.ts'
export { type EncodeOptions, type ImageSpan, type ReadSpecials, Tokenizer, type TokenizerOptions } from './tokenizer.ts'
export { byteVocabulary, parseVocabulary, type Vocabulary } from './vocabulary.ts'
export * from './whitespace.ts'
export * from './writeMarkup.ts'
