import { describe, expect, test } from 'vitest'
import {
  circularAccuracy,
  circularMajority,
  groupMeans,
  judge,
  mme,
  mmeAnswer,
  mmVetGroups,
  optionLetter,
  pope,
  popeAnswer,
  scienceQaGroups,
  scienceQaLetter,
} from '../../src/evaluate/metrics/index.ts'
import { choiceCases } from './fixtures.ts'

const cases = choiceCases()

describe('equal to the reference implementation', () => {
  test('POPE: what answers say', () => {
    expect(cases.pope.items.filter(([answer, , said]) => popeAnswer(answer) !== said)).toEqual([])
  })

  const llava = cases.popeLlava.items.flatMap(([prediction, label, times]) =>
    Array.from({ length: times }, () => ({ prediction, label })),
  )
  const answers = cases.pope.items.map(([prediction, label]) => ({ prediction, label }))
  test.each(['accuracy', 'precision', 'recall', 'f1', 'yes-ratio'] as const)('POPE: %s', figure => {
    const name = figure.replace('-', '_')
    const value = (items: typeof llava) => judge(pope(figure), items, { resamples: 1 }).value
    expect(value(answers)).toBeCloseTo(cases.pope.figures[name]!, 12)
    expect(value(llava)).toBeCloseTo(cases.popeLlava.figures[name]!, 12)
  })

  test.each(Object.entries(cases.mme))('MME: %s', (_, { figure, items }) => {
    expect(items.filter(([answer, , said]) => mmeAnswer(answer) !== said)).toEqual([])
    const questions = items.map(([prediction, label]) => ({ prediction, label }))
    const pictures = Array.from({ length: items.length / 2 }, (_, at) => ({
      questions: questions.slice(2 * at, 2 * at + 2),
    }))
    expect(judge(mme, pictures, { resamples: 1 }).value).toBeCloseTo(figure, 10)
  })

  test('option letters in free answers', () => {
    const wrong = cases.optionLetters.filter(
      ([answer, options, letter]) => optionLetter(answer, options) !== (letter ?? undefined),
    )
    expect(wrong).toEqual([])
  })

  test('MMBench: all rotations right, and the majority of them', () => {
    const items = cases.circular.items.map(([tied, rotations]) => ({
      tied,
      rotations: rotations.map(([prediction, answer]) => ({ prediction, answer })),
    }))
    expect(judge(circularAccuracy, items).value).toBeCloseTo(cases.circular.strict, 12)
    const untied = items.filter(({ tied }) => tied === 0)
    expect(judge(circularMajority, untied).value).toBeCloseTo(cases.circular.majority, 12)
  })

  test('ScienceQA: letters of answers', () => {
    const letter = (index: number) => (index === -1 ? undefined : 'ABCDE'[index])
    // The reference gives -1 too where a question has no such option; those here had two.
    const wrong = cases.scienceQaLetters.filter(
      ([answer, index]) => scienceQaLetter(answer, index === -1 ? 2 : 5) !== letter(index),
    )
    expect(wrong).toEqual([])
  })

  test('ScienceQA: the figures of subjects, contexts and grades', () => {
    const questions = cases.scienceQa.items.flatMap(([subject, topic, grade, hasText, hasImage, all, right]) =>
      Array.from({ length: all }, (_, at) => ({
        question: { subject, topic, grade, hasText: hasText === 1, hasImage: hasImage === 1 },
        score: at < right ? 1 : 0,
      })),
    )
    const means = groupMeans(
      questions.map(({ question }) => question),
      questions.map(({ score }) => score),
      scienceQaGroups,
    )
    const percent = [...means].map(([group, { mean }]) => [group, (100 * mean).toFixed(2)])
    expect(Object.fromEntries(percent)).toEqual(cases.scienceQa.figures)
  })

  test('MM-Vet: the figures of capabilities and their combinations', () => {
    const means = groupMeans(
      cases.mmVet.items.map(([capabilities]) => capabilities),
      cases.mmVet.items.map(([, score]) => score),
      mmVetGroups,
    )
    expect(new Set(means.keys())).toEqual(new Set(Object.keys(cases.mmVet.figures)))
    for (const [group, { samples, mean }] of means) {
      const [all, percent] = cases.mmVet.figures[group]!
      expect([group, samples]).toEqual([group, all])
      expect(100 * mean).toBeCloseTo(percent, 9)
    }
  })
})

test('a tie between rotations scores what breaking it at random would give on average', () => {
  const rotations = ['red', 'blue'].map(prediction => ({ prediction, answer: 'red' }))
  expect(judge(circularMajority, [{ rotations }]).value).toBe(0.5)
})
