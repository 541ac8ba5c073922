/** Kinds with difficult names, and scenes of them: what the tests of wording speak about. */
import type { Category, Kind } from '../../../src/corpus/materials/kind.ts'
import { Random } from '../../../src/corpus/random.ts'
import { colours, type PixelBox, type Scene, type SceneObject } from '../../../src/corpus/scenes/scene.ts'
import { toUnits } from '../../../src/text/index.ts'

type Row = [
  id: string,
  en: [name: string, plural: string, article: Kind['en']['article'], ...also: string[]],
  zh: [name: string, measure: string, ...also: string[]],
  category: string,
]

const rows: readonly Row[] = [
  ['apple', ['apple', 'apples', 'an'], ['苹果', '个'], 'fruit'],
  ['dog', ['dog', 'dogs', 'a', 'hound'], ['狗', '只', '小狗'], 'animal'],
  ['cat', ['cat', 'cats', 'a'], ['猫', '只', '猫咪'], 'animal'],
  ['owl', ['owl', 'owls', 'an'], ['猫头鹰', '只'], 'bird'],
  ['car', ['car', 'cars', 'a', 'automobile'], ['汽车', '辆', '轿车'], 'vehicle'],
  ['police-car', ['police car', 'police cars', 'a'], ['警车', '辆'], 'vehicle'],
  ['unicycle', ['unicycle', 'unicycles', 'a'], ['独轮车', '辆'], 'vehicle'],
  ['scissors', ['scissors', 'scissors', 'a pair of'], ['剪刀', '把'], 'tool'],
  ['hourglass', ['hourglass', 'hourglasses', 'an'], ['沙漏', '个'], 'tool'],
  ['rice', ['rice', 'rice', ''], ['米饭', '碗'], 'food'],
  ['grapes', ['grapes', 'grapes', ''], ['葡萄', '串'], 'fruit'],
  ['umbrella', ['umbrella', 'umbrellas', 'an', 'brolly'], ['雨伞', '把', '伞'], 'clothing'],
  ['tree', ['tree', 'trees', 'a'], ['树', '棵'], 'plant'],
  ['palm', ['palm tree', 'palm trees', 'a'], ['棕榈树', '棵'], 'plant'],
  ['circle', ['circle', 'circles', 'a'], ['圆形', '个', '圆'], 'shape'],
  ['square', ['square', 'squares', 'a'], ['正方形', '个', '方形'], 'shape'],
  ['sign', ['sign', 'signs', 'a'], ['牌子', '块'], 'household'],
  ['book', ['book', 'books', 'a'], ['书', '本'], 'stationery'],
]

export const kinds: ReadonlyMap<string, Kind> = new Map(
  rows.map(([id, [name, plural, article, ...also], [chinese, measure, ...others], category]) => [
    id,
    {
      id,
      en: { name, plural, article, ...(also.length > 0 && { also }) },
      zh: { name: chinese, measure, ...(others.length > 0 && { also: others }) },
      category,
      emoji: [],
      anyColour: true,
    },
  ]),
)

const category = (id: string, plural: string, article: 'a' | 'an' | '', zh: string): Category => ({
  id,
  en: { name: id, plural, article },
  zh: { name: zh, measure: '个' },
})

export const categories: readonly Category[] = [
  category('fruit', 'fruits', 'a', '水果'),
  category('animal', 'animals', 'an', '动物'),
  category('bird', 'birds', 'a', '鸟'),
  category('vehicle', 'vehicles', 'a', '交通工具'),
  category('tool', 'tools', 'a', '工具'),
  category('food', 'food', '', '食物'),
  category('clothing', 'clothes', '', '衣物'),
  category('plant', 'plants', 'a', '植物'),
  category('shape', 'shapes', 'a', '图形'),
  category('household', 'household things', 'a', '生活用品'),
  category('stationery', 'stationery', '', '文具'),
]

export const contextOf = (random: Random) => ({ random, kinds, categories })

/** A scene like those that are composed: one to seven things of a few kinds, free or in a row. */
export function randomScene(random: Random, most = 7): Scene {
  const [width, height] = [random.int(200, 400), random.int(200, 400)]
  const few = random.sample([...kinds.keys()], random.int(1, 4))
  const count = random.int(1, most)
  const row = random.chance(0.3)
  const objects = Array.from({ length: count }, (_, i): SceneObject => {
    const kind = random.pick(few)
    const size = random.between(0.1, row ? 0.9 / count : 0.5) * Math.min(width, height)
    const tall = size * random.between(0.7, 1.4)
    const left = row ? (width * (i + 0.1)) / count : random.between(0, width - size)
    const top = row ? height * 0.4 : random.between(0, height - tall)
    const box: PixelBox = [left, top, left + size, Math.min(top + tall, height)].map(Math.round) as unknown as PixelBox
    return {
      kind,
      look: `test:${kind}`,
      ...(random.chance(0.75) && { colour: random.pick(colours) }),
      box,
      visible: random.chance(0.8) ? 1 : random.between(0.5, 1),
      rotation: 0,
      mirrored: false,
      ...(kind === 'sign' && { writing: random.pick(['OPEN', 'EXIT', 'Tea', '茶', '5.00']) }),
    }
  })
  const background = random.pick(['plain', 'gradient', 'texture', 'photograph', 'room', 'street', 'landscape'] as const)
  return { width, height, background: { kind: background, id: 'test' }, lighting: 'day', objects }
}

/** The scene of things given as `[kind, box, colour]`, on a plain picture of 300 × 300 pixels. */
export function sceneOf(...things: readonly (readonly [string, PixelBox, SceneObject['colour']?, string?])[]): Scene {
  const objects = things.map(
    ([kind, box, colour, writing]): SceneObject => ({
      kind,
      look: `test:${kind}`,
      ...(colour !== undefined && { colour }),
      ...(writing !== undefined && { writing }),
      box,
      visible: 1,
      rotation: 0,
      mirrored: false,
    }),
  )
  return { width: 300, height: 300, background: { kind: 'plain', id: 'white' }, lighting: 'day', objects }
}

export const drawn = (...path: readonly (string | number)[]) => new Random('wording', ...path)

/** The boxes of a scene's things as answers write them. */
export const boxUnits = ({ objects, width, height }: Scene) =>
  objects.map(({ box: [left, top, right, bottom] }) => {
    const { x1, y1, x2, y2 } = toUnits({ left, top, right, bottom }, { width, height })
    return [x1, y1, x2, y2].map(unit => Math.min(unit, 999))
  })
