/** A small table: a row of headings, and two or three columns of names and numbers. */
import type { Random } from '../../random.ts'
import type { Row } from '../block.ts'
import { clock, decimal } from '../figures.ts'
import type { Fact } from '../questions.ts'
import type { DrawPage } from './page.ts'

const cell = {
  whole: (random: Random) => String(random.int(1, 99)),
  clock,
  price: (random: Random) => decimal(random.int(10, 999)),
} as const

export const table: DrawPage = (random, vocabulary) => {
  const { language } = vocabulary
  const { headings, cells: forms, rows: names } = random.pick(vocabulary.tables)
  const columns = random.pick([2, 2, 3])
  const headed = random.chance(0.7)
  // Each piece is read with its place: more than eight of them would be a long text.
  const shown = random.sample(names, columns === 2 ? random.int(2, 3) : headed ? 1 : 2)
  const cells = shown.map(name => [name, ...forms.slice(0, columns - 1).map(form => cell[form](random))])
  const row = (texts: readonly string[], ruled: boolean): Row => ({
    pieces: texts.map(text => ({ text, language })),
    ruled,
  })
  const ruled = random.chance(0.5)
  const facts = cells.flatMap(([name, ...values]) =>
    values.map(
      (answer, i): Fact =>
        headed
          ? { ask: 'cell', about: name!, column: headings[i + 1]!, answer }
          : { ask: 'beside', about: name!, answer },
    ),
  )
  return {
    rows: [
      ...(headed ? [row(headings.slice(0, columns), random.chance(0.7))] : []),
      ...cells.map(texts => row(texts, ruled)),
    ],
    // Beside a name in a table of three columns there are two values.
    facts: headed || columns === 2 ? facts : [],
    form: random.pick(['page', 'card']),
    align: 'left',
  }
}
