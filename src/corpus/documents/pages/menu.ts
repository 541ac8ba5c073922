/** A menu: dishes with their prices. */
import type { Row } from '../block.ts'
import { priceInHundredths } from '../figures.ts'
import type { Fact } from '../questions.ts'
import { type DrawPage, sentenceCase } from './page.ts'

export const menu: DrawPage = (random, vocabulary, materials) => {
  const { language } = vocabulary
  const price = vocabulary.price(random)
  const dishes = random.sample(vocabulary.dishes, random.int(2, 5)).map(name => ({
    name: language === 'en' && random.chance(0.7) ? sentenceCase(name) : name,
    cost: price(priceInHundredths(random, 40)),
  }))
  const heading = random.chance(0.7) ? random.pick(vocabulary.page.menu) : vocabulary.shop(random, materials)
  const rows: Row[] = [
    { pieces: [{ text: heading, language, role: 'title' }], ruled: random.chance(0.3) },
    ...dishes.map(({ name, cost }) => ({
      pieces: [
        { text: name, language },
        { text: cost, language },
      ],
      together: true,
    })),
  ]
  const facts: Fact[] = [
    ...dishes.map(({ name, cost }): Fact => ({ ask: 'price', about: name, answer: cost })),
    { ask: 'heading', answer: heading },
  ]
  return { rows, facts, form: random.pick(['page', 'card']), align: random.pick(['centre', 'left']) }
}
