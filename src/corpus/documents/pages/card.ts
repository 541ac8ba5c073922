/** A business card: a person, what they do, where, and their telephone. */
import type { Row } from '../block.ts'
import type { Fact } from '../questions.ts'
import { type DrawPage, labelled } from './page.ts'

export const card: DrawPage = (random, vocabulary, materials) => {
  const { language } = vocabulary
  const [name, job, company, phone] = [
    vocabulary.person(random, materials),
    vocabulary.job(random, materials),
    vocabulary.company(random, materials),
    vocabulary.phone(random, materials),
  ]
  const rows: Row[] = [{ pieces: [{ text: name, language, role: 'title' }] }]
  const facts: Fact[] = [{ ask: 'person', answer: name }]
  if (random.chance(0.85)) {
    rows.push({ pieces: [{ text: job, language }] })
    facts.push({ ask: 'job', answer: job })
  }
  if (random.chance(0.6)) {
    const row: Row = {
      pieces: [{ text: company, language, role: random.pick(['body', 'title']) }],
      ruled: random.chance(0.2),
    }
    if (random.chance(0.5)) rows.unshift(row)
    else rows.push(row)
    facts.push({ ask: 'company', answer: company })
  }
  if (random.chance(0.8) || rows.length === 1) {
    const text = random.chance(0.5) ? phone : labelled(vocabulary, random.pick(vocabulary.page.phone), phone)
    rows.push({ pieces: [{ text, language }] })
    facts.push({ ask: 'phone', answer: phone })
  }
  if (random.chance(0.3)) {
    const place = vocabulary.place(random, materials)
    rows.push({ pieces: [{ text: place, language }] })
    facts.push({ ask: 'place', answer: place })
  }
  return { rows, facts, form: random.pick(['card', 'page']), align: random.pick(['left', 'centre', 'right']) }
}
