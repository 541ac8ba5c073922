/** What the reference implementations give, as tests read it. `test/fixtures/metrics/README.md` says what it is. */
import { readFileSync } from 'node:fs'

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/metrics/${name}.json`, import.meta.url), 'utf8'))

export interface WordCases<Scores extends unknown[]> {
  readonly figure: number
  readonly items: readonly [prediction: string, references: string[], ...Scores][]
}

export const tokenCases: () => {
  texts: [text: string, line: string, tokens: string[]][]
  captions: [text: string, tokens: string[]][]
} = () => read('tokens')

export const captionScores: () => {
  columns: string[]
  corpus: Record<string, number>
  items: [prediction: string, references: string[], scores: number[]][]
} = () => read('captionScores')

export const wordCases: () => {
  exactMatch: WordCases<[score: number]>
  anls: WordCases<[score: number]>
  relaxedAccuracy: WordCases<[ofAnswer: number, ofReference: number]> & { figureOfReference: number }
  vqaAccuracy: WordCases<[qwen: number, official: number]> & { figureOfficial: number }
  vqaAnswers: [text: string, punctuation: string, articles: string, all: string, evalAi: string][]
} = () => read('words')

export const boxCases: () => {
  figure: number
  items: [
    answer: string,
    box: [number, number, number, number],
    width: number,
    height: number,
    overlap: number,
    right: number,
  ][]
} = () => read('boxes')

export const choiceCases: () => {
  pope: { figures: Record<string, number>; items: [answer: string, label: 'yes' | 'no', said: string][] }
  popeLlava: { figures: Record<string, number>; items: [answer: string, label: 'yes' | 'no', times: number][] }
  mme: Record<string, { figure: number; items: [answer: string, label: 'yes' | 'no', said: string][] }>
  optionLetters: [answer: string, options: Record<string, string>, letter: string | null][]
  circular: { strict: number; majority: number; items: [tied: number, rotations: [string, string][]][] }
  scienceQaLetters: [answer: string, index: number][]
  scienceQa: {
    figures: Record<string, string>
    items: [string, string, string, hasText: number, hasImage: number, questions: number, right: number][]
  }
  mmVet: { figures: Record<string, [samples: number, percent: number]>; items: [capabilities: string, number][] }
} = () => read('choices')
