/**
 * Sentences with gaps: `What colour {is} {the}?`. A gap with a capital, `{The}`, is filled with a capital. Knows no
 * grammar.
 */
import type { Random } from '../random.ts'
import { capital } from './english.ts'
import type { Language } from './exchange.ts'
import { WordingError } from './wordingError.ts'

/** Ways to say the same, in each language. */
export type Wordings = Readonly<Record<Language, readonly string[]>>

/** Fills the gaps. Throws a WordingError for one that there is no value for. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (gap, name: string) => {
    const value = values[name] ?? values[name.toLowerCase()]
    if (value === undefined) {
      throw new WordingError(`nothing fills ${gap} in ${JSON.stringify(template)}: there is ${Object.keys(values)}`)
    }
    return name in values ? value : capital(value)
  })
}

/** One of the ways, filled. */
export const say = (
  random: Random,
  wordings: Wordings,
  language: Language,
  values: Readonly<Record<string, string>> = {},
): string => fill(random.pick(wordings[language]), values)
