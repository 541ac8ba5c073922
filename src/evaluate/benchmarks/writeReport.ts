/** What an evaluation leaves for people: `report.md` and `worst.html`. */

import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { cpus, type } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { replaceFile } from '../../checkpoint/replaceFile.ts'
import type { Benchmark } from './benchmark.ts'
import type { EvaluationEvent } from './evaluate.ts'
import { reportText } from './report.ts'
import { worstAnswers } from './worstAnswers.ts'
import { worstPage } from './worstPage.ts'

export interface ReportOptions {
  /** Of each task and language (default 6). */
  readonly worst?: number
  readonly signal?: AbortSignal
}

/** Writes both into a folder that is there. Throws a PictureError for a picture that cannot be read any more. */
export async function writeReport(
  folder: string,
  benchmark: Benchmark,
  { table, items, judgedAnswers, scores }: Extract<EvaluationEvent, { type: 'end' }>,
  { worst = 6, signal }: ReportOptions = {},
): Promise<void> {
  await replaceFile(join(folder, 'report.md'), reportText(table, machine()))
  const answers = worstAnswers(benchmark, items, judgedAnswers.predictions, scores, worst)
  const page = worstPage(`${benchmark.id}: ${table.model}`, answers, signal === undefined ? {} : { signal })
  const path = join(folder, 'worst.html')
  const temporary = `${path}.${process.pid}.partial`
  try {
    await pipeline(Readable.from(page), createWriteStream(temporary))
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

const machine = () =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'processor'}, ${type()}, Node ${process.versions.node}`
