/** A ticket: to a place or an event, with its date, time and seat. */
import type { Row } from '../block.ts'
import { code } from '../figures.ts'
import type { Fact } from '../questions.ts'
import { type DrawPage, labelled } from './page.ts'

export const ticket: DrawPage = (random, vocabulary, materials) => {
  const { language, page } = vocabulary
  const rows: Row[] = []
  const facts: Fact[] = []
  const tell = (ask: Fact['ask'], text: string, answer: string, role: 'title' | 'body' = 'body') => {
    rows.push({ pieces: [{ text, language, role }] })
    facts.push({ ask, answer })
  }
  if (random.chance(0.5)) {
    const [from, to] = random.sample(vocabulary.city, 2) as [string, string]
    if (random.chance(0.6))
      rows.push({ pieces: [{ text: random.pick(page.ticket), language, role: 'title' }], ruled: random.chance(0.4) })
    tell('from', labelled(vocabulary, random.pick(page.from), from), from)
    tell('to', labelled(vocabulary, random.pick(page.to), to), to)
  } else {
    const event = random.pick(vocabulary.event)
    tell('heading', event, event, 'title')
  }
  const date = vocabulary.date(random, materials)
  const time = vocabulary.time(random, materials)
  const seat = code(random).slice(0, 5)
  if (random.chance(0.7)) tell('date', date, date)
  if (random.chance(0.6))
    tell('time', random.chance(0.6) ? time : labelled(vocabulary, random.pick(page.time), time), time)
  if (random.chance(0.7) || rows.length < 2) tell('seat', labelled(vocabulary, random.pick(page.seat), seat), seat)
  return { rows, facts, form: random.pick(['ticket', 'ticket', 'card']), align: random.pick(['left', 'centre']) }
}
