/**
 * What a key of a recipe may hold, and what is said where it holds something else: numbers with their range, choices,
 * paths, groups of keys. Knows no key by name.
 */
import { z } from 'zod'
import { shown } from './faults.ts'

/** What is said of a value that is not allowed. */
export const say = (allowed: string) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    input === undefined ? `is missing: it has to be ${allowed}` : `is ${shown(input)}: it has to be ${allowed}`,
})

/** Any number; `allowed` says which are meant. */
export const number = (allowed: string) => z.number(say(allowed))

/** A whole number of at least `least`. */
export const whole = (least = 1) => {
  const allowed = `a whole number of at least ${least}`
  return number(allowed).int(say(allowed)).min(least, say(allowed))
}

export const above0 = () => number('a number above 0').gt(0, say('a number above 0'))
export const atLeast0 = () => number('a number of at least 0').min(0, say('a number of at least 0'))

/** 0 ≤ x < 1. */
export const below1 = () => {
  const allowed = 'a number of at least 0 and below 1'
  return number(allowed).min(0, say(allowed)).lt(1, say(allowed))
}

export const flag = () => z.boolean(say('true or false'))

/** One of some words. */
export const choice = <const Options extends readonly [string, ...string[]]>(options: Options) =>
  z.enum(options, say(`one of ${options.join(', ')}`))

/** A text that is not empty. */
export const textOf = (allowed: string) => z.string(say(allowed)).min(1, say(allowed))
export const path = () => textOf('a path')

/** A list of texts. */
export const listOf = (what: string) => z.array(textOf(what), say(`a list: ${what} each`))

/** Keys of which each is known: others are refused. */
export const group = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => {
  const { error } = say('a group of keys')
  return z.strictObject(shape, { error: issue => (issue.code === 'unrecognized_keys' ? undefined : error(issue)) })
}
