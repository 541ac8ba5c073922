import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/corpus/random.ts'
import { composeScene } from '../../../src/corpus/scenes/compose.ts'
import type { ComposedObject } from '../../../src/corpus/scenes/composed.ts'
import { encodePicture } from '../../../src/corpus/scenes/encode.ts'
import { sceneRecipeSchema } from '../../../src/corpus/scenes/recipe.ts'
import { isWellSeen, renderScene } from '../../../src/corpus/scenes/render.ts'
import { wishFor } from '../../../src/corpus/scenes/wishes.ts'
import { distance, emptyScene, materials } from './madeUp.ts'

const cherry: ComposedObject = {
  ...{ kind: 'cherry', look: 'flat:cherry', x: 70, y: 90, size: 80, rotation: 0, mirrored: false },
}
const lime: ComposedObject = { ...cherry, kind: 'lime', look: 'flat:lime', x: 160 }
const sign: ComposedObject = {
  ...{ kind: 'sign', look: 'drawn:sign', x: 120, y: 100, size: 180, rotation: 8, mirrored: false },
  sign: {
    ...{ writing: 'open', family: 'made-up font', bold: false, form: 'board', colour: 'white', ink: '#111111' },
    upright: false,
  },
}

/** The box of the pixels of which more than half is what `with` shows and `without` does not. */
async function boxByDifference(objects: readonly ComposedObject[], place: number) {
  const { picture } = await renderScene({ ...emptyScene(), objects }, materials)
  const { picture: without } = await renderScene({ ...emptyScene(), objects: objects.toSpliced(place, 1) }, materials)
  const alone = { ...objects[place]!, x: 120, y: 100 }
  const { picture: pure } = await renderScene({ ...emptyScene(), objects: [alone] }, materials)
  const middle = (100 * pure.width + 120) * 4
  let box: readonly [number, number, number, number] = [picture.width, picture.height, 0, 0]
  for (let at = 0; at < picture.data.length; at += 4) {
    if (distance(picture.data, pure.data, at, middle) >= distance(picture.data, without.data, at)) continue
    const [x, y] = [(at / 4) % picture.width, Math.floor(at / 4 / picture.width)]
    box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x + 1), Math.max(box[3], y + 1)]
  }
  return box
}

describe('the record of a scene', () => {
  it.each([
    ['alone', [cherry]],
    ['turned', [{ ...cherry, rotation: 33 }]],
    ['partly covered', [cherry, { ...lime, x: 110 }]],
    ['partly outside the picture', [{ ...cherry, x: 20 }]],
  ] as const)('has the box that rendering without the thing shows: %s', async (_, objects) => {
    const { scene } = await renderScene({ ...emptyScene(), objects }, materials)
    const shown = await boxByDifference(objects, 0)
    for (const side of [0, 1, 2, 3] as const) {
      expect(Math.abs(scene.objects[0]!.box[side] - shown[side]), `side ${side} of ${shown}`).toBeLessThanOrEqual(1)
    }
  })

  it('says how much of a thing is seen', async () => {
    const seen = async (objects: readonly ComposedObject[]) =>
      (await renderScene({ ...emptyScene(), objects }, materials)).scene.objects[0]!.visible
    expect(await seen([cherry, lime])).toBe(1)
    expect(await seen([{ ...cherry, x: 0 }])).toBeCloseTo(0.5, 1)
    expect(await seen([cherry, { ...cherry, x: 100 }])).toBeLessThan(0.7)
    expect(await seen([cherry, { ...cherry, size: 100 }])).toBe(0)
    expect(await seen([{ ...cherry, x: -300 }])).toBe(0)
  })

  it('is not well seen where a thing is hidden', async () => {
    const hidden = await renderScene({ ...emptyScene(), objects: [cherry, { ...cherry, size: 100 }] }, materials)
    expect(isWellSeen(hidden.scene)).toBe(false)
  })

  it('names the natural colour of a thing and the one it was painted in', async () => {
    const tint = { lightness: 0.2, chroma: 1, hue: 2 }
    const objects = [
      cherry,
      { ...lime, kind: 'balloon', look: 'flat:balloon', paint: { colour: 'yellow', tint } },
    ] as const
    const { scene } = await renderScene({ ...emptyScene(), objects }, materials)
    expect(scene.objects.map(({ colour }) => colour)).toEqual(['red', 'yellow'])
  })

  it('has the writing of a sign, and its corners lie on the sign', async () => {
    const { scene, writings } = await renderScene({ ...emptyScene(), objects: [sign] }, materials)
    expect(scene.objects[0]).toMatchObject({ kind: 'sign', writing: 'open', colour: 'white' })
    const [left, top, right, bottom] = scene.objects[0]!.box
    expect(writings).toHaveLength(1)
    for (const [x, y] of writings[0]!.quad) {
      expect(x > left && x < right && y > top && y < bottom, `${x}, ${y} in ${scene.objects[0]!.box}`).toBe(true)
    }
  })
})

describe('a rendered scene', () => {
  it('is the same to the last byte each time, and so is its file', async () => {
    const recipe = sceneRecipeSchema.parse({})
    for (let index = 0; index < 12; index++) {
      const files = []
      for (let time = 0; time < 2; time++) {
        const random = new Random('same', index)
        const composed = composeScene(random, materials, wishFor('caption', 'en', recipe, random))
        const { scene, picture } = await renderScene(composed ?? emptyScene(), materials)
        const { data } = await encodePicture(picture, { format: 'jpg', quality: 80 })
        files.push([JSON.stringify(scene), Buffer.from(data).toString('base64')])
      }
      expect(files[0]).toEqual(files[1])
    }
  })

  it.each(['plain', 'gradient', 'texture', 'photograph', 'room', 'street', 'landscape'] as const)(
    'has no transparent pixel before a background of the kind %s',
    async kind => {
      for (let seed = 0; seed < 8; seed++) {
        const background = { kind, id: kind === 'photograph' ? 'seen lake' : `${kind}:${seed}`, seed }
        const { picture } = await renderScene({ ...emptyScene(), background }, materials)
        expect(picture.data.every((value, at) => at % 4 !== 3 || value === 255)).toBe(true)
      }
    },
  )

  it('lets a thing be seen on a ground of its own colour', async () => {
    const white = { colour: 'white', tint: { lightness: 0, chroma: 1, hue: 0 } } as const
    const circle: ComposedObject = { ...cherry, kind: 'circle', look: 'drawn:circle', fill: 'flat', paint: white }
    const around: ComposedObject = { ...circle, kind: 'square', look: 'drawn:square', size: 190, x: 120, y: 100 }
    const without = await renderScene({ ...emptyScene(), objects: [around] }, materials)
    const { picture } = await renderScene(
      { ...emptyScene(), objects: [around, { ...circle, x: 120, y: 100 }] },
      materials,
    )
    let told = 0
    for (let at = 0; at < picture.data.length; at += 4) {
      if (distance(picture.data, without.picture.data, at) > 0.1) told++
    }
    expect(told).toBeGreaterThan(Math.PI * 80)
  })

  it('is written as JPEG, PNG and WebP', async () => {
    const { picture } = await renderScene({ ...emptyScene(), objects: [cherry] }, materials)
    const starts = { jpg: [0xff, 0xd8], png: [0x89, 0x50], webp: [0x52, 0x49] } as const
    for (const format of ['jpg', 'png', 'webp'] as const) {
      const file = await encodePicture(picture, { format, quality: 80 })
      expect([...file.data.slice(0, 2)]).toEqual(starts[format])
      expect(file.extension).toBe(format)
    }
  })
})
