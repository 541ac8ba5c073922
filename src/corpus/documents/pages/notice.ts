/** A notice: of an event with its date and place, or a few words pinned to a door. */
import type { Row } from '../block.ts'
import type { Fact } from '../questions.ts'
import { type DrawPage, labelled } from './page.ts'

export const notice: DrawPage = (random, vocabulary, materials) => {
  const { language, page } = vocabulary
  const event = random.chance(0.6)
  const heading = random.pick(event ? vocabulary.event : vocabulary.notice)
  const rows: Row[] = [{ pieces: [{ text: heading, language, role: 'title' }], ruled: random.chance(0.15) }]
  const facts: Fact[] = [{ ask: 'heading', answer: heading }]
  const told = {
    date: vocabulary.date,
    time: vocabulary.time,
    place: vocabulary.place,
    phone: vocabulary.phone,
  } as const
  const asked = event
    ? random.pick([
        ['date', 'time'],
        ['date', 'place'],
        ['date', 'time', 'place'],
        ['time', 'place'],
      ] as const)
    : []
  for (const ask of asked) {
    const value = told[ask](random, materials)
    rows.push({
      pieces: [{ text: random.chance(0.65) ? value : labelled(vocabulary, random.pick(page[ask]), value), language }],
    })
    facts.push({ ask, answer: value })
  }
  if (!event) {
    for (let line = random.int(1, 2); line > 0; line--)
      rows.push({ pieces: [{ text: vocabulary.line(random, materials), language }] })
  }
  if (random.chance(0.3)) {
    const phone = told.phone(random, materials)
    rows.push({ pieces: [{ text: labelled(vocabulary, random.pick(page.phone), phone), language }] })
    facts.push({ ask: 'phone', answer: phone })
  }
  return {
    rows,
    facts,
    form: random.pick(['page', 'page', 'card', 'rounded']),
    align: random.pick(['centre', 'centre', 'left']),
  }
}
