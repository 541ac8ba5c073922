/**
 * image/ in browsers: the same functions as in `index.ts`, without files and without Node. The reading order is there.
 */
export { type DecodeOptions, decode, type PictureSource } from './decodeBrowser.ts'
export { type DrawOptions, draw } from './drawBrowser.ts'
export { PictureError, type PictureProblem } from './errors.ts'
export { type Box, type Mark, type Point, palette } from './marks.ts'
export { describePreprocess, mean, normalise, preprocess, type ResizeReport, standardDeviation } from './normalise.ts'
export { defaultLimits, type Limits, type Picture, type RawPixels } from './picture.ts'
export { resize, type Size } from './resize.ts'
export { drawSvg, type SvgOptions } from './svg.ts'
