/**
 * What was answered, as it lies on the disk: a line of JSON that says who answered what, then one for each item. An
 * evaluation that was ended goes on with the items that are not there yet. Knows no model and no metric.
 */
import { appendFile, readFile } from 'node:fs/promises'
import { replaceFile } from '../../checkpoint/replaceFile.ts'
import { BenchmarkError } from './benchmark.ts'

/** Who answered what: answers under another header are not gone on with. */
export interface AnswerHeader {
  readonly benchmark: string
  /** Fingerprint of its data. */
  readonly data: string
  /** `pictures`, or `grey` for what was shown in their place. */
  readonly shown: 'pictures' | 'grey'
  /** The answerer's identity. */
  readonly [key: string]: string
}

export interface AnswerRecord {
  readonly id: string
  readonly task: string
  readonly language?: string
  /** The last turn before the answer, without pictures. */
  readonly question: string
  readonly references: readonly string[]
  readonly prediction: string
  /** Why nothing was answered. */
  readonly problem?: string
  /** Figure → score of this answer, from 0 to the metric's best; there when all is answered. */
  readonly scores?: Readonly<Record<string, number>>
}

export interface AnswerFileOptions {
  /** Forget what is there. */
  readonly fresh?: boolean
}

export class AnswerFile {
  readonly #path: string | undefined
  readonly #header: AnswerHeader
  /** By the id of the item, in the order in which they came. */
  readonly records = new Map<string, AnswerRecord>()

  private constructor(path: string | undefined, header: AnswerHeader) {
    this.#path = path
    this.#header = header
  }

  /**
   * Opens the file, or makes it; without a path, answers are kept in memory only. Throws a BenchmarkError for answers of
   * another header, saying what differs, and for a file that is none of these.
   */
  static async open(
    path: string | undefined,
    header: AnswerHeader,
    { fresh = false }: AnswerFileOptions = {},
  ): Promise<AnswerFile> {
    const file = new AnswerFile(path, header)
    if (path === undefined) return file
    const text = fresh ? '' : await readFile(path, 'utf8').catch(nothing)
    if (text !== '') file.#take(text, path)
    await replaceFile(path, file.#written()) // without a last line that was cut off
    return file
  }

  async add(records: readonly AnswerRecord[]): Promise<void> {
    for (const record of records) this.records.set(record.id, record)
    if (this.#path !== undefined) await appendFile(this.#path, records.map(lineOf).join(''))
  }

  /** Writes the file anew with these records first, in their order; others that were there stay behind them. */
  async finish(records: readonly AnswerRecord[]): Promise<void> {
    const others = new Map(this.records)
    for (const { id } of records) others.delete(id)
    this.records.clear()
    for (const record of [...records, ...others.values()]) this.records.set(record.id, record)
    if (this.#path !== undefined) await replaceFile(this.#path, this.#written())
  }

  #written(): string {
    return [this.#header, ...this.records.values()].map(lineOf).join('')
  }

  #take(text: string, path: string): void {
    const lines = text.split('\n')
    const cut = lines.pop() // empty, or what a killed run had begun
    const [header, ...records] = lines.map((line, at) => parsed(line, `${path}:${at + 1}`))
    if (header === undefined && cut !== undefined) return
    if (typeof header?.['benchmark'] !== 'string') {
      throw new BenchmarkError(`${path} does not begin as a file of answers does: name another --out, or say --fresh`)
    }
    const differs = Object.keys({ ...header, ...this.#header }).filter(key => header[key] !== this.#header[key])
    if (differs.length > 0) {
      const said = differs.map(key => `${key} ${short(header[key])} there, ${short(this.#header[key])} now`).join('; ')
      throw new BenchmarkError(`${path} has other answers (${said}): name another --out, or replace them with --fresh`)
    }
    for (const [at, record] of records.entries()) {
      if (typeof record['id'] !== 'string' || typeof record['prediction'] !== 'string') {
        throw new BenchmarkError(`${path}:${at + 2} is no answer: repair the line, or begin anew with --fresh`)
      }
      this.records.set(record['id'], record as unknown as AnswerRecord)
    }
  }
}

const lineOf = (value: object) => `${JSON.stringify(value)}\n`

function parsed(line: string, place: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw new BenchmarkError(`${place} is no line of JSON: repair it, or begin anew with --fresh`)
}

const short = (value: unknown) => (typeof value === 'string' ? value.slice(0, 24) : 'nothing')

function nothing(error: NodeJS.ErrnoException): '' {
  if (error.code === 'ENOENT') return ''
  throw error
}
