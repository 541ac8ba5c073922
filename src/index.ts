/**
 * The public API: load a model, ask it, and read its answers. The parts below are there for programs that need more:
 * `qwen-vl/train`, `qwen-vl/graph`, `qwen-vl/runtime`.
 */
export { Answer, type AnswerBox, type AnswerQuad, type Usage } from './generate/answer.ts'
export { AnswerStream, type Piece } from './generate/answerStream.ts'
export type { FinishReason } from './generate/generate.ts'
export type { CaptionOptions, Language } from './generate/questions.ts'
export { type AskOptions, type Message, QwenVL, type QwenVLOptions } from './generate/qwenVL.ts'
export { Scorer, type ScorerOptions } from './generate/scorer.ts'
export type { WeightFormat } from './generate/weightFormat.ts'
export type { Rounding } from './generate/weights.ts'
export { type Allow, ownMachine, PictureError, type PictureSource, type RawPixels } from './image/index.ts'
export { type PixelBox, PromptTooLongError, type Quad, TextError } from './text/node.ts'
