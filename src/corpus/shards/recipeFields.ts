/**
 * The keys that every recipe of a maker has, and the forms that they are written in: shares, and ranges. Knows no kind of
 * picture; what each maker has beside these is in its own `recipe.ts`.
 */
import { z } from 'zod'
import { atLeast0, choice, group, say, textOf, whole } from '../recipe/fields.ts'

/** From the least to the most, both of them included: `[200, 400]`. */
export type Range = readonly [least: number, most: number]

/** Two whole numbers of at least `least` and at most `most`, in order. */
export const range = (least: number, most: number) => {
  const allowed = `two whole numbers from ${least} to ${most}, the smaller first, such as [${least}, ${most}]`
  const number = z.int(say(allowed)).min(least, say(allowed)).max(most, say(allowed))
  return z
    .tuple([number, number], say(allowed))
    .refine(([low, high]) => low <= high, { error: `begins with the larger one: it has to be ${allowed}` })
    .readonly()
}

/**
 * How often each of some things is drawn beside the others: `{ word: 3, line: 1 }`. What is not named is not drawn; a
 * recipe without the key has the shares of `usual`.
 */
export const shares = <const Name extends string>(names: readonly Name[], usual: Readonly<Record<Name, number>>) => {
  const fields = Object.fromEntries(names.map(name => [name, atLeast0().default(0)]))
  return group(fields as Record<Name, z.ZodDefault<z.ZodNumber>>)
    .refine(weights => Object.values(weights).some(weight => Number(weight) > 0), {
      error: `has nothing that is drawn: at least one of ${names.join(', ')} has to be above 0`,
      when: ({ issues }) => issues.length === 0,
    })
    .default(usual as never)
}

/** The keys of a recipe that all makers know. Spread them into the maker's own group. */
export const makerFields = {
  seed: whole(0).describe('The same seed gives the same samples, byte for byte').default(1),
  split: choice(['train', 'held-out'])
    .describe('What is held out is told by content: no sample of one split is in the other, whatever the seeds')
    .default('train'),
  side: choice(['seen', 'unseen', 'any'])
    .describe('Which looks, fonts and photographs are used: unseen ones are kept for held-out pictures')
    .default('seen'),
  picture: group({
    width: range(64, 1024).describe('Pixels').default([200, 400]),
    height: range(64, 1024).describe('Pixels').default([200, 400]),
    format: choice(['jpg', 'png', 'webp']).default('jpg'),
    quality: range(1, 100).describe('Of jpg and webp').default([70, 95]),
  }).prefault({}),
  languages: shares(['en', 'zh'], { en: 1, zh: 1 }).describe('How often each language is drawn'),
  format: choice(['raw', 'chatml'])
    .describe("raw: the paper's tasks, to be gone on with; chatml: conversations")
    .default('raw'),
  exchanges: range(1, 16).describe('Questions with answers about one picture, from – to').default([1, 1]),
  order: choice(['drawn', 'in-turn'])
    .describe('in-turn: each task in each language the same number of times, one after the other')
    .default('drawn'),
  licence: textOf('the name of a licence').describe('What the samples may be used for').default('CC0-1.0'),
}

/** What `makerFields` become in a checked recipe. */
export type MakerRecipe = z.output<z.ZodObject<typeof makerFields>>
