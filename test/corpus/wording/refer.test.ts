/** Descriptions fit one thing and no other. */
import { expect, test } from 'vitest'
import type { PixelBox, Scene } from '../../../src/corpus/scenes/scene.ts'
import { Catalogue } from '../../../src/corpus/wording/catalogue.ts'
import { allMarks, descriptionsOf, phraseOf } from '../../../src/corpus/wording/describe.ts'
import { type Description, resolve } from '../../../src/corpus/wording/refer.ts'
import { categories, drawn, kinds, randomScene, sceneOf } from './scenes.ts'

const catalogue = Catalogue.of({ kinds, categories })
const middle = ([left, top, right, bottom]: PixelBox) => [(left + right) / 2, (top + bottom) / 2] as const
const area = ([left, top, right, bottom]: PixelBox) => (right - left) * (bottom - top)

/** What a description fits by bare comparison of numbers, with no thought for what is plain. */
function fits({ head, colour, writing, mark }: Description, { objects, width, height }: Scene): number[] {
  const base = [...objects.keys()].filter(index => {
    const object = objects[index]!
    const { category } = kinds.get(object.kind)!
    const named = head === 'thing' || ('kind' in head ? object.kind === head.kind : category === head.category)
    return named && (colour ?? object.colour) === object.colour && (writing ?? object.writing) === object.writing
  })
  const least = (value: (box: PixelBox) => number) =>
    base.filter(index => base.every(other => value(objects[index]!.box) <= value(objects[other]!.box)))
  switch (mark?.by) {
    case undefined:
      return base
    case 'size':
      return least(box => (mark.size === 'big' ? -1 : 1) * area(box))
    case 'side': {
      const axis = mark.side === 'left' || mark.side === 'right' ? 0 : 1
      return least(box => (mark.side === 'left' || mark.side === 'top' ? 1 : -1) * middle(box)[axis])
    }
    case 'order': {
      const row = base.sort((a, b) => middle(objects[a]!.box)[0] - middle(objects[b]!.box)[0])
      return [(mark.from === 'left' ? row : row.reverse())[mark.place - 1]!]
    }
    case 'cell': {
      const row = (y: number) => (y < height / 3 ? 'top' : y < (2 * height) / 3 ? '' : 'bottom')
      const column = (x: number) => (x < width / 3 ? 'left' : x < (2 * width) / 3 ? '' : 'right')
      const cell = ([x, y]: readonly [number, number]) => `${row(y)} ${column(x)}`.trim() || 'centre'
      return base.filter(index => cell(middle(objects[index]!.box)) === mark.cell)
    }
    case 'relation': {
      const [landmark] = fits(mark.landmark, { objects, width, height } as Scene)
      const [x, y] = middle(objects[landmark!]!.box)
      return base.filter(index => {
        const [dx, dy] = [middle(objects[index]!.box)[0] - x, middle(objects[index]!.box)[1] - y]
        const towards = { left: -dx, right: dx, above: -dy, below: dy }[mark.relation]
        const across = Math.abs(mark.relation === 'left' || mark.relation === 'right' ? dy : dx)
        return index !== landmark && towards > 0 && towards >= 0.5 * across
      })
    }
  }
}

test('whatever is said of a thing fits it alone', () => {
  const seen = new Map<string | undefined, number>()
  for (let i = 0; i < 150; i++) {
    const scene = randomScene(drawn('refer', i))
    for (const index of scene.objects.keys()) {
      const heads = ['kind', 'category', 'thing'] as const
      for (const description of descriptionsOf(index, scene, catalogue, { heads, marks: allMarks })) {
        const found = [resolve(description, scene, catalogue), ...fits(description, scene)]
        if (found.join() !== `${index},${index}`) expect({ found, description, scene }).toBe(index)
        seen.set(description.mark?.by, (seen.get(description.mark?.by) ?? 0) + 1)
      }
    }
  }
  for (const by of [undefined, ...allMarks]) expect(seen.get(by), `${by}`).toBeGreaterThan(20)
})

test('two things of a scene are never called by the same words', () => {
  for (let i = 0; i < 100; i++) {
    const scene = randomScene(drawn('words', i))
    const said = new Map<string, number>()
    for (const index of scene.objects.keys()) {
      for (const description of descriptionsOf(index, scene, catalogue, { marks: allMarks })) {
        for (const language of ['en', 'zh'] as const) {
          const phrase = phraseOf(description, scene, catalogue, { language, random: drawn('p', i, index) })
          if ((said.get(phrase) ?? index) !== index) expect.fail(`two things are called ${phrase}`)
          said.set(phrase, index)
        }
      }
    }
  }
})

const dog = (box: PixelBox, colour?: 'brown' | 'white') => ['dog', box, colour] as const
const isKnown = (description: Description, scene: Scene) => resolve(description, scene, catalogue) !== undefined

test('a dog of several colours may pass for the brown one', () => {
  const brown: Description = { head: { kind: 'dog' }, colour: 'brown' }
  expect(isKnown(brown, sceneOf(dog([0, 0, 90, 90], 'brown'), dog([200, 200, 290, 290], 'white')))).toBe(true)
  expect(isKnown(brown, sceneOf(dog([0, 0, 90, 90], 'brown'), dog([200, 200, 290, 290])))).toBe(false)
})

test('a police car is a car to some', () => {
  const car: Description = { head: { kind: 'car' } }
  expect(isKnown(car, sceneOf(['car', [0, 0, 90, 90]], ['dog', [200, 200, 290, 290]]))).toBe(true)
  expect(isKnown(car, sceneOf(['car', [0, 0, 90, 90]], ['police-car', [200, 200, 290, 290]]))).toBe(false)
})

test('what is nearly level is neither higher nor lower, and what is nearly as big is not the biggest', () => {
  const scene = sceneOf(dog([0, 100, 80, 180]), dog([200, 105, 285, 190]))
  expect(isKnown({ head: { kind: 'dog' }, mark: { by: 'side', side: 'top' } }, scene)).toBe(false)
  expect(isKnown({ head: { kind: 'dog' }, mark: { by: 'size', size: 'big' } }, scene)).toBe(false)
  expect(isKnown({ head: { kind: 'dog' }, mark: { by: 'side', side: 'left' } }, scene)).toBe(true)
})

test('a kind that the catalogue lacks is named', () => {
  const scene = sceneOf(['gnu', [0, 0, 90, 90]])
  expect(() => descriptionsOf(0, scene, catalogue)).toThrow('"gnu", which the catalogue lacks')
})
