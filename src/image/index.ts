/**
 * image/: decode, resize, normalise, draw. Pictures in, tensors or drawn pictures out; knows no model and imports nothing
 * of ours. This is the room in Node; `browser.ts` is the same room in browsers.
 *
 * Reading order: `picture.ts` (what a picture is), `decode.ts` and `source.ts` (where it comes from, what is allowed),
 * `resize.ts` and `normalise.ts` (the path into the model), `marks.ts`, `paint.ts` and `draw.ts` (boxes drawn on it).
 */
export { isPublicAddress, type Network } from './address.ts'
export { type DecodeOptions, decode } from './decode.ts'
export { type DrawOptions, draw } from './draw.ts'
export { PictureError, type PictureProblem } from './errors.ts'
export { type Box, type Mark, type Point, palette } from './marks.ts'
export { describePreprocess, mean, normalise, preprocess, type ResizeReport, standardDeviation } from './normalise.ts'
export { defaultLimits, type Limits, type Picture, type RawPixels } from './picture.ts'
export { resize, type Size } from './resize.ts'
export { type Allow, ownMachine, type PictureSource } from './source.ts'
export { drawSvg, type SvgOptions } from './svg.ts'
