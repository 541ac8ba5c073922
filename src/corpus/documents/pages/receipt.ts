/** A receipt: a shop, what was bought with its prices, and their sum. */
import type { Row } from '../block.ts'
import { priceInHundredths } from '../figures.ts'
import type { Fact } from '../questions.ts'
import { type DrawPage, sentenceCase } from './page.ts'

export const receipt: DrawPage = (random, vocabulary, materials) => {
  const { language } = vocabulary
  const price = vocabulary.price(random)
  const goods = random.sample(vocabulary.goods, random.int(1, 4)).map(name => ({
    name: language === 'en' && random.chance(0.7) ? sentenceCase(name) : name,
    cost: priceInHundredths(random, 30),
  }))
  const shop = vocabulary.shop(random, materials)
  const total = price(goods.reduce((sum, { cost }) => sum + cost, 0))
  const across = (left: string, right: string, ruled = false): Row => ({
    pieces: [
      { text: left, language },
      { text: right, language },
    ],
    ...{ together: true, ruled },
  })
  const ruled = random.chance(0.6)
  const date = random.chance(0.3) ? vocabulary.date(random, materials) : undefined
  const rows: Row[] = [
    { pieces: [{ text: shop, language, role: 'title' }], ruled: ruled && date === undefined },
    ...(date === undefined ? [] : [{ pieces: [{ text: date, language, role: 'small' as const }], ruled }]),
    ...goods.map(({ name, cost }, i) => across(name, price(cost), ruled && i === goods.length - 1)),
    across(random.pick(vocabulary.page.total), total),
  ]
  const facts: Fact[] = [
    { ask: 'total', answer: total },
    { ask: 'shop', answer: shop },
    ...goods.map(({ name, cost }): Fact => ({ ask: 'price', about: name, answer: price(cost) })),
    ...(date === undefined ? [] : [{ ask: 'date' as const, answer: date }]),
  ]
  return { rows, facts, form: random.pick(['torn', 'torn', 'page']), align: random.pick(['centre', 'left']) }
}
