/**
 * nano-bench: what the small model was taught, asked about pictures that it has not seen. Its items are shards of samples
 * (`data.ts`); the folder that a shard is in says more of what it asks than the sample does.
 */
import {
  boxFound,
  boxOverlapMean,
  captionLikeness,
  exactAnswer,
  exactWriting,
  groundedPhrases,
  linesFound,
} from '../answerMetrics.ts'
import type { Benchmark, BenchmarkTask, Figure } from '../benchmark.ts'
import { openShards } from '../shardItems.ts'
import { findNanoData } from './data.ts'

/** An aim of both languages, or of each. */
type Aim = number | { readonly en: number; readonly zh: number }

const aimed = (aim: Aim | undefined, language: string | undefined) => {
  const value = typeof aim === 'object' ? (language === 'zh' ? aim.zh : aim.en) : aim
  return value === undefined ? {} : { aim: value }
}

/** Answers of a word or two. */
const answered = (id: string, aim?: Aim): BenchmarkTask => ({
  id,
  maxNewTokens: 32,
  majority: 'answer',
  figures: language => [{ title: 'exact', metric: exactAnswer, ...aimed(aim, language) }],
})

/** Words to be read: the letters count, and their case. */
const read = (id: string, aim?: Aim): BenchmarkTask => ({
  id,
  maxNewTokens: 64,
  majority: 'answer',
  figures: language => [
    { title: 'to the letter', metric: exactWriting, ...aimed(aim, language) },
    { title: 'in any case', metric: exactAnswer },
  ],
})

/** A box to be found. */
const located = (id: string, half: number, strict?: number): BenchmarkTask => ({
  id,
  maxNewTokens: 96,
  majority: 'box',
  figures: language => [
    { title: 'IoU ≥ 0.5', metric: boxFound(0.5), ...aimed(half, language) },
    { title: 'IoU ≥ 0.75', metric: boxFound(0.75), ...aimed(strict, language) },
    { title: 'mean IoU', metric: boxOverlapMean },
  ],
})

/** All text of a picture, with the place of each line. */
const linesWithPlaces = (id: string): BenchmarkTask => ({
  id,
  maxNewTokens: 512,
  figures: (): readonly Figure[] => [{ title: 'lines, IoU ≥ 0.5', metric: linesFound, aim: 0.7 }],
})

const caption: BenchmarkTask = {
  id: 'caption',
  maxNewTokens: 128,
  majority: 'answer',
  figures: language => [{ title: 'CIDEr', metric: captionLikeness(language === 'zh' ? 'zh' : 'en'), aim: 1 }],
}

const groundedCaption: BenchmarkTask = {
  id: 'grounded-caption',
  maxNewTokens: 384,
  figures: () => [{ title: 'phrase F1', metric: groundedPhrases, aim: 0.8 }],
}

const tasks: readonly BenchmarkTask[] = [
  answered('name', 0.9),
  answered('colour', 0.95),
  answered('count', 0.9),
  answered('position', 0.9),
  answered('relation', 0.9),
  answered('yes-no', 0.95),
  answered('compare'),
  answered('region'),
  read('read', { en: 0.85, zh: 0.8 }),
  read('read-random', { en: 0.85, zh: 0.8 }),
  read('read-document'),
  located('locate', 0.85, 0.6),
  located('locate-by-description', 0.8),
  caption,
  groundedCaption,
  linesWithPlaces('ocr'),
  linesWithPlaces('ocr-document'),
  answered('pair', 0.85),
  answered('follow-up', 0.85),
]

/**
 * The task of a sample of a folder: words of random letters and whole documents are figures of their own.
 *
 *     nanoTask('read', 'random-letters')   // 'read-random'
 */
export function nanoTask(task: string, part: string): string {
  if (task === 'read' && part.includes('random')) return 'read-random'
  return (task === 'read' || task === 'ocr') && part.includes('document') ? `${task}-document` : task
}

export const nanoBench: Benchmark = {
  id: 'nano-bench',
  title: 'what the small model was taught, about pictures that it has not seen',
  tasks,
  open: async options => openShards(await findNanoData(options), nanoTask),
}
