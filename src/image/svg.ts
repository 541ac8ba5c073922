/**
 * Marks as an SVG overlay: the same places and colours as the raster, with the fonts of whoever shows it. Pure text work,
 * the same in Node and in browsers; needs no canvas.
 */
import { edge, ground, type Mark, type Placed, place } from './marks.ts'
import type { Size } from './resize.ts'

/** The font of this package, where a page has loaded it, and fonts that carry Chinese on the common systems. */
const families =
  "'Qwen-VL label', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', 'Hiragino Sans GB', 'WenQuanYi Micro Hei', sans-serif"

/** What stands under the marks. */
export interface SvgOptions {
  /** An address of the picture, for an SVG that shows it too; left out, the overlay is transparent. */
  readonly picture?: string
  /**
   * An address of this package's `assets/label-font/NotoSansSC-subset.woff2`, for readers whose system has no Chinese font.
   * A page may instead load it once as a font face named `Qwen-VL label`.
   */
  readonly font?: string
}

/**
 * An SVG of the picture's size, to be laid over it. Every text is stretched to the width that was reckoned for it, so
 * that it stays on its ground with any font. Throws a PictureError for coordinates that are not finite numbers.
 *
 * @example
 * overlay.innerHTML = drawSvg({ width: 640, height: 480 }, [{ label: '红色公交车', box }])
 */
export function drawSvg(size: Size, marks: readonly Mark[], options: SvgOptions = {}): string {
  const { width, height } = size
  const placed = place(marks, size, estimate)
  const picture =
    options.picture === undefined ? [] : [`<image href="${escaped(options.picture)}" ${box(0, 0, width, height)}/>`]
  const face = `@font-face{font-family:'Qwen-VL label';src:url(${JSON.stringify(options.font ?? '')})}`
  const font = options.font === undefined ? [] : [`<style>${escaped(face)}</style>`]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    ...font,
    ...picture,
    ...placed.map(lines),
    ...placed.flatMap(labels),
    '</svg>\n',
  ].join('\n')
}

function lines({ corners, colour, lineWidth }: Placed): string {
  const path = `M${corners.map(([x, y]) => `${short(x)} ${short(y)}`).join('L')}Z`
  const stroke = (style: string, width: number) =>
    `<path d="${path}" fill="none" stroke="${style}" stroke-width="${short(width)}"/>`
  return stroke(edge, lineWidth + 2) + stroke(colour, lineWidth)
}

function labels({ label, colour }: Placed): string[] {
  if (!label) return []
  const { left, top, right, bottom, x, baseline, fontSize, textWidth, text } = label
  return [
    `<rect ${box(left, top, right - left, bottom - top)} fill="${ground}"/>` +
      `<text x="${short(x)}" y="${short(baseline)}" font-size="${short(fontSize)}" font-weight="500" ` +
      `font-family="${families}" textLength="${short(textWidth)}" lengthAdjust="spacingAndGlyphs" fill="${colour}" ` +
      `xml:space="preserve">${escaped(text)}</text>`,
  ]
}

const short = (n: number) => String(Math.round(n * 100) / 100)
const box = (x: number, y: number, width: number, height: number) =>
  `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** XML allows no non-characters, whatever the escaping. */
const escaped = (text: string) => text.replace(/[&<>"']/g, c => entities[c]!).replace(/[\ufffe\uffff]/g, '')

/** Widths of the printable ASCII characters in thousandths of the font size, from the space on; of a common sans. */
const ascii =
  '278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 ' +
  '584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 ' +
  '278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 ' +
  '500 334 260 334 584'
const asciiWidths = ascii.split(' ').map(Number)

/** Without fonts widths can only be reckoned: ASCII by table, Chinese and its like a full square, the rest in between. */
function estimate(text: string, fontSize: number): number {
  let sum = 0
  for (const character of text) {
    const wide =
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u
    sum += asciiWidths[character.codePointAt(0)! - 32] ?? (wide.test(character) ? 1000 : 600)
  }
  return (sum * fontSize) / 1000
}
