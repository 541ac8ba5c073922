/** A small set of items of nano-bench, in archives, and those who answer it from memory. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Answerer, BenchmarkItem, Contestant, EvaluationEvent } from '../../../src/evaluate/index.ts'
import { archive, picture } from '../../corpus/files.ts'

export interface MadeRow {
  readonly task: string
  readonly language?: 'en' | 'zh'
  readonly question: string
  readonly answer: string
  readonly references?: readonly string[]
  readonly format?: 'chatml' | 'raw'
  /** What was said before, user and assistant in turns. */
  readonly before?: readonly string[]
  readonly pictures?: number
}

/** One row of each task. */
export const everyTask: readonly MadeRow[] = [
  { task: 'name', question: 'What is this?', answer: 'car', references: ['automobile'] },
  { task: 'name', language: 'zh', question: '这是什么？', answer: '汽车' },
  { task: 'colour', question: 'What colour is it?', answer: 'grey', references: ['gray'] },
  { task: 'count', question: 'How many?', answer: '3', references: ['three'] },
  { task: 'position', question: 'Where?', answer: 'top left' },
  { task: 'relation', language: 'zh', question: '在狗的哪边？', answer: '左边' },
  { task: 'yes-no', question: 'Is it?', answer: 'yes' },
  { task: 'compare', question: 'Which is bigger?', answer: 'the dog' },
  { task: 'read', question: 'What does it say?', answer: 'OPEN' },
  { task: 'region', question: '<ref>This</ref><box>(1,2),(30,40)</box> is', answer: 'a red apple', format: 'raw' },
  {
    ...{ task: 'locate', question: '<ref>the dog</ref>', answer: '<ref>the dog</ref><box>(100,100),(300,300)</box>' },
  },
  {
    ...{ task: 'locate-by-description', question: '<ref>the big dog</ref>', format: 'raw' },
    answer: '<box>(100,100),(300,300)</box>',
  },
  {
    ...{ task: 'caption', question: 'Generate the caption in English:', answer: 'A dog and two red apples on a lawn.' },
    references: ['There are a dog and two apples.'],
  },
  { task: 'caption', question: 'Generate the caption in English:', answer: 'Three cats sleep in front of a blue car.' },
  { task: 'caption', language: 'zh', question: 'Generate the caption in Chinese:', answer: '草地上有一只狗。' },
  { task: 'caption', language: 'zh', question: 'Generate the caption in Chinese:', answer: '路边停着两辆蓝色的车。' },
  {
    ...{ task: 'grounded-caption', question: 'Generate the caption in English with grounding:' },
    answer: '<ref>A dog</ref><box>(1,2),(300,400)</box> by <ref>a cup</ref><box>(500,500),(600,700)</box>.',
  },
  {
    ...{ task: 'ocr', question: 'OCR with grounding:' },
    answer:
      '<ref>Tea 2</ref><quad>(10,10),(90,10),(90,30),(10,30)</quad> <ref>Milk 1</ref><quad>(10,50),(90,50),(90,70),(10,70)</quad>',
  },
  { task: 'pair', question: 'Which has a cat?', answer: 'Picture 2', pictures: 2 },
  { task: 'follow-up', question: 'What colour is it?', answer: 'red', before: ['What is there?', 'a cup'] },
]

/** Writes rows as one archive. Pictures are of one colour, another for each row. */
export async function writeItems(path: string, rows: readonly MadeRow[]): Promise<void> {
  const members: Record<string, string | Uint8Array> = {}
  for (const [at, row] of rows.entries()) {
    const key = String(at).padStart(8, '0')
    const names = Array.from({ length: row.pictures ?? 1 }, (_, i) => `${key}.${i}.png`)
    for (const [i, name] of names.entries()) members[name] = await picture(40, 30, (at * 7 + i) % 256)
    const shown = names.map((_, i) => ({ picture: i }))
    const said = [...(row.before ?? []), row.question, row.answer]
    const turns = said.map((text, i) => ({
      role: i % 2 === 0 ? 'user' : 'assistant',
      parts: i === 0 ? [...shown, { text }] : [{ text }],
    }))
    const { task, language = 'en', references, format = 'chatml' } = row
    members[`${key}.json`] = JSON.stringify({ task, language, references, format, pictures: names, turns })
  }
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, await archive(members))
}

/** Counts what it is asked, and says what it is told to. */
export class Memory implements Answerer {
  readonly identity: Readonly<Record<string, string>>
  readonly asked: BenchmarkItem[] = []
  readonly batches: number[] = []
  readonly #say: (item: BenchmarkItem) => string

  constructor(say: (item: BenchmarkItem) => string, name = 'memory') {
    this.#say = say
    this.identity = { model: name }
  }

  promptLength({ turns }: BenchmarkItem): number {
    return JSON.stringify(turns).length
  }

  async answer(items: readonly BenchmarkItem[]): Promise<readonly string[]> {
    this.asked.push(...items)
    this.batches.push(items.length)
    return items.map(this.#say)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export const as = (name: string, answerer: Answerer): Contestant => ({ name, open: async () => answerer })

/** The last event. */
export async function ended(
  events: AsyncIterable<EvaluationEvent>,
): Promise<Extract<EvaluationEvent, { type: 'end' }> & { readonly all: readonly EvaluationEvent[] }> {
  const all: EvaluationEvent[] = []
  for await (const event of events) all.push(event)
  const last = all.at(-1)
  if (last?.type !== 'end') throw new Error('the evaluation ended without its end')
  return { ...last, all }
}
