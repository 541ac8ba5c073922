/**
 * Asks models the items of a benchmark and scores what they say, as a stream of events. Everything that a person looks
 * at afterwards (text, pages) is made of its last event elsewhere. Knows no command line.
 */
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../../checkpoint/replaceFile.ts'
import { type Answerer, withoutSight } from './answerer.ts'
import { AnswerFile, type AnswerFileOptions, type AnswerHeader, type AnswerRecord } from './answerFile.ts'
import { itemBatches } from './batches.ts'
import { type Benchmark, BenchmarkError, type BenchmarkItem, type OpenedBenchmark } from './benchmark.ts'
import { chooseItems, type ItemChoice } from './chooseItems.ts'
import { turnText } from './sampleItem.ts'
import { type AnswerSet, type Judged, makeTable, type Table } from './table.ts'

/** A model to ask. It is loaded when its turn comes and freed after it: no two are in memory at one time. */
export interface Contestant {
  /** As it was named; heads its column. */
  readonly name: string
  open(): Promise<Answerer>
}

export interface EvaluateOptions extends ItemChoice, AnswerFileOptions {
  /** Answers, table, report and page go there; without it nothing is written. */
  readonly out?: string
  /** Items that are answered at one time (default 16). */
  readonly batch?: number
  /** Ask the judged model once more with plain grey in the place of pictures. */
  readonly blind?: boolean
  /** Other models, asked the same. */
  readonly beside?: readonly Contestant[]
  /** Tables of earlier evaluations of the same data. */
  readonly earlier?: readonly Table[]
  readonly signal?: AbortSignal
}

export type EvaluationEvent =
  /** A contestant begins: `answered` of its `items` were answered by an earlier run. */
  | { readonly type: 'start'; readonly name: string; readonly items: number; readonly answered: number }
  | { readonly type: 'progress'; readonly answered: number; readonly items: number }
  | { readonly type: 'note'; readonly message: string }
  | ({ readonly type: 'end'; readonly items: readonly BenchmarkItem[]; readonly judgedAnswers: AnswerSet } & Judged)

/** The column of the judged model's answers to grey. */
export const blindColumn = 'no picture'

/**
 * Asks all, then scores all. What was answered is on the disk after each batch, and a later call with the same `out`
 * goes on from there.
 *
 *     for await (const event of evaluate(nanoBench, opened, model, { out: 'runs/judged' })) …
 *
 * Throws a BenchmarkError for items or answers that do not fit, the signal's reason when cancelled, and what loading and
 * asking throw.
 */
export async function* evaluate(
  benchmark: Benchmark,
  opened: OpenedBenchmark,
  contestant: Contestant,
  options: EvaluateOptions = {},
): AsyncGenerator<EvaluationEvent, void, undefined> {
  const { out, blind = false, beside = [], earlier = [] } = options
  checkNames([contestant.name, ...beside.map(({ name }) => name), ...earlier.map(({ model }) => model)])
  const items = await chooseItems(benchmark, opened, options)
  if (out !== undefined) await mkdir(out, { recursive: true })
  const asking: Asking = { benchmark, data: opened.fingerprint, items, options }

  const sets: AnswerSet[] = []
  let identity: Answerer['identity']
  let file: AnswerFile
  {
    await using answerer = await contestant.open()
    identity = answerer.identity
    file = yield* ask(answerer, { ...asking, name: contestant.name, path: inside(out, 'results.jsonl') })
    if (blind) {
      const blindfolded = { ...asking, items: items.map(withoutSight), shown: 'grey' as const }
      const path = inside(out, 'without-picture.jsonl')
      sets.push(setOf(blindColumn, yield* ask(answerer, { ...blindfolded, name: blindColumn, path })))
    }
  }
  for (const other of beside) {
    await using answerer = await other.open()
    const path = inside(out, `beside-${shortHash(answerer.identity)}.jsonl`)
    sets.push(setOf(other.name, yield* ask(answerer, { ...asking, name: other.name, path })))
  }

  const judgedAnswers = setOf(contestant.name, file)
  const parts = { data: opened.fingerprint, items, judged: { ...judgedAnswers, identity }, beside: sets, earlier }
  const judged = makeTable(benchmark, parts)
  await file.finish(items.map(item => ({ ...file.records.get(item.id)!, scores: judged.scores.get(item.id)! })))
  if (out !== undefined) await replaceFile(join(out, 'table.json'), `${JSON.stringify(judged.table, null, 2)}\n`)
  yield { type: 'end', items, judgedAnswers, ...judged }
}

interface Asking {
  readonly benchmark: Benchmark
  readonly data: string
  readonly items: readonly BenchmarkItem[]
  readonly options: EvaluateOptions
  readonly shown?: AnswerHeader['shown']
}

/** Has the items answered that no earlier run has answered. */
async function* ask(
  answerer: Answerer,
  asking: Asking & { readonly name: string; readonly path: string | undefined },
): AsyncGenerator<EvaluationEvent, AnswerFile, undefined> {
  const { benchmark, data, items, options, shown = 'pictures', name, path } = asking
  const { batch = 16, fresh = false, signal } = options
  const header: AnswerHeader = { benchmark: benchmark.id, data, shown, ...answerer.identity }
  const file = await AnswerFile.open(path, header, { fresh })
  const left = items.filter(({ id }) => !file.records.has(id))
  let answered = items.length - left.length
  yield { type: 'start', name, items: items.length, answered }
  const refused: AnswerRecord[] = []
  const refuse = (item: BenchmarkItem, reason: Error) =>
    void refused.push({ ...recordOf(item, ''), problem: reason.message })
  for (const { items: asked, maxNewTokens } of itemBatches(benchmark, left, { answerer, size: batch, refuse })) {
    signal?.throwIfAborted()
    const answers = await answerer.answer(asked, { maxNewTokens, ...(signal === undefined ? {} : { signal }) })
    await file.add(asked.map((item, at) => recordOf(item, answers[at] as string)))
    answered += asked.length
    yield { type: 'progress', answered, items: items.length }
  }
  for (const { id, problem } of refused) yield { type: 'note', message: `${id} counts as wrong: ${problem}` }
  await file.add(refused)
  return file
}

const recordOf = ({ id, task, language, turns, references }: BenchmarkItem, prediction: string): AnswerRecord => ({
  id,
  task,
  ...(language === undefined ? {} : { language }),
  question: turns.length === 0 ? '' : turnText(turns.at(-1)!),
  references,
  prediction,
})

const setOf = (name: string, { records }: AnswerFile): AnswerSet => ({
  name,
  predictions: new Map([...records.values()].map(({ id, prediction }) => [id, prediction])),
})

const inside = (folder: string | undefined, name: string) => (folder === undefined ? undefined : join(folder, name))

const shortHash = (identity: Answerer['identity']) =>
  createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 8)

function checkNames(names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new BenchmarkError(`${twice} is named twice: columns need different names`)
}
