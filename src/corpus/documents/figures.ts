/** Numbers as people write them, in ways that both languages share. Knows no words. */
import type { Random } from '../random.ts'

/** `count` digits, the first not 0. */
export const digits = (random: Random, count: number): string =>
  Array.from({ length: count }, (_, i) => random.int(i === 0 ? 1 : 0, 9)).join('')

const two = (value: number) => String(value).padStart(2, '0')

/** `09:30`, `18:05`. */
export const clock = (random: Random): string =>
  `${two(random.int(0, 23))}:${two(random.pick([0, 5, 10, 15, 20, 30, 40, 45, 50, random.int(0, 59)]))}`

/** Letters of codes: those that are not taken for digits. */
const codeLetters = [...'ABCDEFGHJKLMNPRSTUVWXYZ']
/** Digits beside letters: those that are not taken for them. */
const codeDigits = [...'2345678947']

/** Letters and digits: `B7`, `KT-204`, `A3F9`. */
export function code(random: Random): string {
  const letters = (count: number) => Array.from({ length: count }, () => random.pick(codeLetters)).join('')
  const figures = (count: number) => Array.from({ length: count }, () => random.pick(codeDigits)).join('')
  switch (random.int(0, 3)) {
    case 0:
      return letters(1) + figures(random.int(1, 3))
    case 1:
      return `${letters(random.int(1, 3))}-${figures(random.int(2, 4))}`
    case 2:
      return letters(random.int(2, 3)) + figures(random.int(2, 4))
    default:
      return Array.from({ length: random.int(4, 7) }, () => random.pick([...codeLetters, ...codeDigits])).join('')
  }
}

/** `2024-03-18`, `18/03/2024`, `18.3.24`. */
export function numericDate(random: Random): string {
  const [year, month, day] = [random.int(1980, 2035), random.int(1, 12), random.int(1, 28)]
  switch (random.int(0, 2)) {
    case 0:
      return `${year}-${two(month)}-${two(day)}`
    case 1:
      return `${two(day)}/${two(month)}/${year}`
    default:
      return `${day}.${month}.${year}`
  }
}

/** A price in hundredths, such as shops have: mostly round. */
export const priceInHundredths = (random: Random, most: number): number =>
  random.pick([
    random.int(1, most) * 100,
    random.int(1, most * 2) * 50,
    random.int(1, most) * 100 - 1,
    random.int(100, most * 100),
  ])

/** `3.50`; without the hundredths where they are none and `short` is set. */
export const decimal = (hundredths: number, short = false): string =>
  short && hundredths % 100 === 0 ? String(hundredths / 100) : (hundredths / 100).toFixed(2)
