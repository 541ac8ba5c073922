/** Materials small enough to be made in a moment: four kinds of one colour each, two shapes, two backgrounds, one font. */
import { fileURLToPath } from 'node:url'
import { GlobalFonts } from '@napi-rs/canvas'
import type { Kind } from '../../../src/corpus/materials/kind.ts'
import type { Materials, Raster } from '../../../src/corpus/materials/materials.ts'
import type { ComposedScene } from '../../../src/corpus/scenes/composed.ts'
import { toLab } from '../../../src/corpus/scenes/oklab.ts'

/** A raster of one colour, cut to an ellipse or a bar. */
export function blob(width: number, height: number, colour: readonly [number, number, number], round = true): Raster {
  const data = new Uint8ClampedArray(width * height * 4)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = !round || ((x + 0.5) / width - 0.5) ** 2 + ((y + 0.5) / height - 0.5) ** 2 <= 0.25
      if (inside) data.set([...colour, 255], (y * width + x) * 4)
    }
  }
  return { width, height, data }
}

const kind = (id: string, zh: string, category: string, more: Partial<Kind> = {}): Kind => ({
  id,
  en: { name: id, plural: `${id}s`, article: 'a' },
  zh: { name: zh, measure: '个' },
  category,
  emoji: ['1f534'],
  anyColour: false,
  ...more,
})

const sprites: Readonly<Record<string, Raster>> = {
  'flat:cherry': blob(100, 90, [215, 30, 40]),
  'flat:cherry2': blob(60, 60, [200, 20, 30]),
  'flat:lime': blob(80, 64, [70, 160, 60]),
  'flat:balloon': blob(64, 100, [40, 100, 220]),
  'flat:plank': blob(120, 40, [120, 75, 45], false),
}

GlobalFonts.registerFromPath(
  fileURLToPath(new URL('../../../assets/label-font/NotoSansSC-subset.woff2', import.meta.url)),
  'made-up font',
)
const font = { family: 'made-up font', style: 'sans', languages: ['en', 'zh'], lacks: new Set<string>() } as const

export const materials: Materials = {
  kinds: [
    kind('cherry', '樱桃', 'fruit'),
    kind('lime', '青柠', 'fruit'),
    kind('balloon', '气球', 'toy', { anyColour: true }),
    kind('plank', '木板', 'tool', { anyColour: true }),
    kind('circle', '圆形', 'shape', { emoji: [], anyColour: true }),
    kind('triangle', '三角形', 'shape', { emoji: [], anyColour: true }),
  ],
  categories: ['fruit', 'toy', 'tool', 'shape'].map(id => ({
    id,
    en: { name: id, plural: `${id}s`, article: 'a' },
    zh: { name: id, measure: '个' },
  })),
  looksOf: id =>
    Object.keys(sprites)
      .filter(look => look.replace(/\d/, '') === `flat:${id}`)
      .map(look => ({ id: look, style: 'flat' })),
  sprite: async look => {
    const sprite = sprites[look]
    if (sprite === undefined) throw new RangeError(`there is no look "${look}"`)
    return sprite
  },
  backgrounds: side => [`${side} meadow`, `${side} lake`],
  background: async name => blob(320, 240, name.endsWith('lake') ? [90, 140, 190] : [120, 170, 90], false),
  fonts: side => [{ ...font, ...(side === 'seen' ? {} : { family: 'unseen font' }) }],
  englishWords: ['open', 'bakery', 'north'],
  chineseCharacters: ['人'],
  chineseWords: ['出口', '中国'],
}

/** A scene of nothing before a plain background, which `lightness` tells apart from dark things. */
export function emptyScene(seed = 1): ComposedScene {
  return {
    width: 240,
    height: 200,
    background: { kind: 'plain', id: `plain:${seed}`, seed },
    lighting: 'day',
    camera: { blur: 0, noise: 0, seed: 0 },
    objects: [],
  }
}

/** How far the colours of two pixels are apart in OKLab. */
export function distance(one: ArrayLike<number>, other: ArrayLike<number>, at: number, otherAt = at): number {
  const a = toLab(one[at]!, one[at + 1]!, one[at + 2]!)
  const b = toLab(other[otherAt]!, other[otherAt + 1]!, other[otherAt + 2]!)
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
}
