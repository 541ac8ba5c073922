/**
 * sRGB to OKLab and back: a space in which equal distances look about equally large. Knows no names of colours.
 * Source: Björn Ottosson, "A perceptual color space for image processing" (2020).
 */

const linear = Float64Array.from({ length: 256 }, (_, value) => {
  const share = value / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
})

const steps = 4096
const encoded = Uint8ClampedArray.from({ length: steps + 1 }, (_, step) => {
  const share = step / steps
  return 255 * (share <= 0.0031308 ? 12.92 * share : 1.055 * share ** (1 / 2.4) - 0.055)
})

/** Lightness 0 (black) to 1 (white), and the two axes of colour, about -0.4 to 0.4. */
export type Lab = [lightness: number, a: number, b: number]

/** Writes the OKLab of red, green, blue (0 to 255) into `into`, and gives it back. */
export function toLab(red: number, green: number, blue: number, into: Lab = [0, 0, 0]): Lab {
  const r = linear[red]!
  const g = linear[green]!
  const b = linear[blue]!
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  into[0] = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s
  into[1] = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s
  into[2] = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s
  return into
}

const encode = (value: number): number => encoded[Math.round(Math.min(1, Math.max(0, value)) * steps)]!

/** Red, green, blue (0 to 255) of a colour in OKLab; what no screen shows is clipped. */
export function fromLab(lightness: number, a: number, b: number): [red: number, green: number, blue: number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}
