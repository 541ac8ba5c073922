/** A label on goods: what it is, what it weighs, what it costs. */
import type { Row } from '../block.ts'
import { priceInHundredths } from '../figures.ts'
import type { Fact } from '../questions.ts'
import { type DrawPage, labelled } from './page.ts'

export const label: DrawPage = (random, vocabulary, materials) => {
  const { language } = vocabulary
  const upper = random.chance(0.4)
  const weighed = random.chance(0.6)
  const drawn = random.pick(weighed ? vocabulary.weighed : vocabulary.goods)
  const name = upper ? drawn.toUpperCase() : drawn.charAt(0).toUpperCase() + drawn.slice(1)
  const price = vocabulary.price(random)(priceInHundredths(random, 60))
  const weight = random.pick([`${random.int(1, 20) * 50} g`, `${random.int(1, 5)} kg`])
  const rows: Row[] = [{ pieces: [{ text: name, language, role: 'title' }], ruled: random.chance(0.2) }]
  const facts: Fact[] = [{ ask: 'product', answer: name }]
  if (weighed) {
    const text = random.chance(0.5) ? weight : labelled(vocabulary, random.pick(vocabulary.page.weight), weight)
    rows.push({ pieces: [{ text, language }] })
    facts.push({ ask: 'weight', answer: weight })
  }
  if (rows.length === 1 || random.chance(0.6)) {
    const text = random.chance(0.6) ? price : labelled(vocabulary, random.pick(vocabulary.page.price), price)
    rows.push({ pieces: [{ text, language, role: random.pick(['body', 'title']) }] })
    facts.push({ ask: 'price', about: name.toLowerCase(), answer: price })
  }
  if (random.chance(0.35))
    rows.push({ pieces: [{ text: vocabulary.company(random, materials), language, role: 'small' }] })
  return { rows, facts, form: random.pick(['card', 'page', 'rounded', 'tag']), align: random.pick(['centre', 'left']) }
}
