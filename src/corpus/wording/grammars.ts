/** Which grammar a language has. */
import { chinese } from './chinese.ts'
import { english } from './english.ts'
import type { Language } from './exchange.ts'
import type { Grammar } from './grammar.ts'

export const grammars: Readonly<Record<Language, Grammar>> = { en: english, zh: chinese }
