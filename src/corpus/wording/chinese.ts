/** A small grammar of Chinese noun phrases: measure words, 的, 两 for two. Knows no scenes. */
import type { Colour } from '../scenes/scene.ts'
import type { Distinction, Grammar, Noun } from './grammar.ts'
import type { Cell, Relation, Side } from './places.ts'

const digits = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '十一', '十二']

const colours: Readonly<Record<Colour, readonly [name: string, ...synonyms: string[]]>> = {
  red: ['红色', '红', '红的', '红色的'],
  orange: ['橙色', '橙', '橘色', '橘黄色', '橙色的'],
  yellow: ['黄色', '黄', '黄的', '黄色的'],
  green: ['绿色', '绿', '绿的', '绿色的'],
  blue: ['蓝色', '蓝', '蓝的', '蓝色的'],
  purple: ['紫色', '紫', '紫的', '紫色的'],
  pink: ['粉色', '粉红色', '粉', '粉色的', '粉红色的'],
  brown: ['棕色', '褐色', '咖啡色', '棕', '棕色的'],
  black: ['黑色', '黑', '黑的', '黑色的'],
  white: ['白色', '白', '白的', '白色的'],
  grey: ['灰色', '灰', '灰的', '灰色的'],
}

/** Colours whose first character is said alone: 红苹果, 黑猫. */
const alone: ReadonlySet<Colour> = new Set(['red', 'yellow', 'green', 'blue', 'black', 'white', 'grey'])

const cellNames: Readonly<Record<Cell, readonly [name: string, ...synonyms: string[]]>> = {
  'top left': ['左上方', '左上角', '左上', '左上边'],
  top: ['上方', '上面', '上边', '顶部', '正上方'],
  'top right': ['右上方', '右上角', '右上', '右上边'],
  left: ['左边', '左侧', '左面', '左方'],
  centre: ['中间', '中央', '中心', '正中', '正中间'],
  right: ['右边', '右侧', '右面', '右方'],
  'bottom left': ['左下方', '左下角', '左下', '左下边'],
  bottom: ['下方', '下面', '下边', '底部', '正下方'],
  'bottom right': ['右下方', '右下角', '右下', '右下边'],
}

const relationNames: Readonly<Record<Relation, readonly [name: string, ...synonyms: string[]]>> = {
  left: ['左边', '左侧', '左面', '左方', '左'],
  right: ['右边', '右侧', '右面', '右方', '右'],
  above: ['上方', '上面', '上边', '上'],
  below: ['下方', '下面', '下边', '下'],
}

const sideNames: Readonly<Record<Side, string>> = { left: '左边', right: '右边', top: '上面', bottom: '下面' }

/** `两` before a measure word. */
const countWord = (count: number) => (count === 2 ? '两' : (digits[count] ?? `${count}`))

/** The noun with what is said before it. After another 的 the colour goes without. */
function core({ words, colour, writing }: Noun, afterParticle = false): string {
  const says = writing === undefined ? '' : `写着“${writing}”的`
  const coloured =
    colour === undefined ? '' : `${colours[colour][0]}${afterParticle || writing !== undefined ? '' : '的'}`
  return `${says}${coloured}${words.zh.name}`
}

const pick = <Item>(items: readonly Item[], choice: number) => items[choice % items.length] as Item

function distinguished(noun: Noun, distinction: Distinction | undefined, choice: number): string {
  const { measure } = noun.words.zh
  const short = core(noun, true)
  if (distinction === undefined) return core(noun)
  switch (distinction.by) {
    case 'size': {
      const big = distinction.size === 'big'
      if (distinction.among > 2) {
        return pick([`最${big ? '大' : '小'}的${short}`, `最${big ? '大' : '小'}的那${measure}${short}`], choice)
      }
      const ways = big ? ['大的', '较大的', '大一点的', '更大的'] : ['小的', '较小的', '小一点的', '更小的']
      return choice % 5 === 4 ? `${ways[0]}那${measure}${short}` : `${pick(ways, choice)}${short}`
    }
    case 'side': {
      const side = sideNames[distinction.side]
      const most = distinction.among > 2 ? '最' : ''
      return pick([`${most}${side}的${short}`, `${most}${side}那${measure}${core(noun)}`], choice)
    }
    case 'order': {
      const from = distinction.from === 'left' ? '左' : '右'
      const place = `第${digits[distinction.place]}${measure}`
      return `${pick([`从${from}边数`, `${from}起`, `从${from}往${from === '左' ? '右' : '左'}数`], choice)}${place}${core(noun)}`
    }
    case 'cell': {
      const [name, synonym] = cellNames[distinction.cell]
      const corner = distinction.cell.includes(' ')
      return `${corner && choice % 2 === 1 ? synonym : name}的${short}`
    }
    case 'relation':
      return `${chinese.beside(distinction.relation, core(distinction.landmark))}的${short}`
  }
}

export const chinese: Grammar = {
  language: 'zh',
  some: (noun, count = 1) => `${countWord(count)}${noun.words.zh.measure}${core(noun)}`,
  the: (noun, count = 1) => (count > 1 ? `这些${core(noun)}` : core(noun)),
  bare: noun => core(noun),
  phrase: (noun, distinction, determiner, choice) => {
    if (distinction === undefined && determiner === 'a') return chinese.some(noun)
    if (distinction === undefined && determiner === 'the' && choice % 4 === 0) {
      return `那${noun.words.zh.measure}${core(noun)}`
    }
    if (distinction === undefined && choice % 4 === 1) return core(noun, true)
    if (distinction === undefined && choice % 8 === 2 && noun.colour !== undefined && alone.has(noun.colour)) {
      return `${colours[noun.colour][1]}${noun.words.zh.name}`
    }
    return distinguished(noun, distinction, choice)
  },
  plural: (_, count = 1) => count > 1,
  any: noun => core(noun),
  areThere: () => false,
  list: (items, more = false) => {
    if (more) return `${items.join('、')}等物品`
    return items.length < 2 ? items.join('') : `${items.slice(0, -1).join('、')}和${items.at(-1)}`
  },
  number: count => digits[count] ?? `${count}`,
  colour: colour => colours[colour][0],
  colourSynonyms: colour => colours[colour].slice(1),
  cell: cell => cellNames[cell][0],
  cellSynonyms: cell => cellNames[cell].slice(1),
  inCell: cell => `在${cellNames[cell][0]}`,
  relation: relation => relationNames[relation][0],
  relationSynonyms: relation => relationNames[relation].slice(1),
  beside: (relation, thing) => `${thing}${relationNames[relation][0]}`,
  spellings: phrase => (phrase.includes('色的') ? [phrase.replace('色的', '色'), phrase.replace('色的', '')] : []),
  sentence: text => `${text}。`,
}
