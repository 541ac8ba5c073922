/** What the two small grammars say. */
import { expect, test } from 'vitest'
import { chinese } from '../../../src/corpus/wording/chinese.ts'
import { articleBefore, english } from '../../../src/corpus/wording/english.ts'
import type { Distinction } from '../../../src/corpus/wording/grammar.ts'
import { kinds } from './scenes.ts'

const words = (id: string) => ({ words: kinds.get(id)! })

test.each([
  ['dog', 'a dog', 'two dogs', '一只狗', '两只狗'],
  ['apple', 'an apple', 'two apples', '一个苹果', '两个苹果'],
  ['hourglass', 'an hourglass', 'two hourglasses', '一个沙漏', '两个沙漏'],
  ['unicycle', 'a unicycle', 'two unicycles', '一辆独轮车', '两辆独轮车'],
  ['scissors', 'a pair of scissors', 'two pairs of scissors', '一把剪刀', '两把剪刀'],
  ['rice', 'some rice', 'some rice', '一碗米饭', '两碗米饭'],
])('%s is spoken of as %s', (id, one, two, oneChinese, twoChinese) => {
  expect([english.some(words(id)), english.some(words(id), 2)]).toEqual([one, two])
  expect([chinese.some(words(id)), chinese.some(words(id), 2)]).toEqual([oneChinese, twoChinese])
})

test('a colour stands before the name, and the article follows its sound', () => {
  expect(english.some({ ...words('apple'), colour: 'red' })).toBe('a red apple')
  expect(english.some({ ...words('car'), colour: 'orange' })).toBe('an orange car')
  expect(english.some({ ...words('scissors'), colour: 'blue' })).toBe('a pair of blue scissors')
  expect(english.the({ ...words('car'), colour: 'grey' }, 3)).toBe('the grey cars')
  expect(chinese.some({ ...words('car'), colour: 'orange' }, 3)).toBe('三辆橙色的汽车')
})

test('signs say what is written on them', () => {
  expect(english.some({ ...words('sign'), writing: 'OPEN' })).toBe('a sign that says “OPEN”')
  expect(chinese.some({ ...words('sign'), colour: 'red', writing: '茶' })).toBe('一块写着“茶”的红色牌子')
})

test.each([
  ['hour', 'an'],
  ['unicorn', 'a'],
  ['umbrella', 'an'],
  ['ukulele', 'a'],
  ['uninflated balloon', 'an'],
  ['European', 'a'],
  ['honest dog', 'an'],
  ['owl', 'an'],
  ['x-ray', 'an'],
])('%s is heard with %s', (word, article) => {
  expect(articleBefore(word)).toBe(article)
})

test('scissors are, a pair of scissors is, rice is, grapes are', () => {
  expect(english.plural(words('scissors'))).toBe(true)
  expect(english.areThere(words('scissors'))).toBe(false)
  expect(english.plural(words('rice'))).toBe(false)
  expect(english.areThere(words('grapes'))).toBe(true)
  expect(english.any(words('grapes'))).toBe('any grapes')
})

const distinctions: readonly (readonly [Distinction, string, string])[] = [
  [{ by: 'side', side: 'left', among: 2 }, 'the dog on the left', '左边的狗'],
  [{ by: 'side', side: 'top', among: 3 }, 'the highest dog', '最上面的狗'],
  [{ by: 'size', size: 'small', among: 4 }, 'the smallest dog', '最小的狗'],
  [{ by: 'size', size: 'big', among: 2 }, 'the big dog', '大的狗'],
  [{ by: 'order', from: 'right', place: 2 }, 'the second dog from the right', '从右边数第二只狗'],
  [{ by: 'cell', cell: 'bottom left' }, 'the dog at the bottom left', '左下方的狗'],
  [{ by: 'cell', cell: 'centre' }, 'the dog in the middle', '中间的狗'],
  [{ by: 'relation', relation: 'left', landmark: words('apple') }, 'the dog to the left of the apple', '苹果左边的狗'],
  [{ by: 'relation', relation: 'below', landmark: words('car') }, 'the dog below the car', '汽车下方的狗'],
]

test.each(distinctions)('%o is said as %s', (distinction, inEnglish, inChinese) => {
  expect(english.phrase(words('dog'), distinction, 'the', 0)).toBe(inEnglish)
  expect(chinese.phrase(words('dog'), distinction, 'the', 0)).toBe(inChinese)
})

test('lists end as the language ends them', () => {
  expect(english.list(['a', 'b', 'c'])).toBe('a, b and c')
  expect(english.list(['a', 'b'], true)).toBe('a, b and other things')
  expect(chinese.list(['甲', '乙', '丙'])).toBe('甲、乙和丙')
  expect(chinese.list(['甲', '乙'], true)).toBe('甲、乙等物品')
})
