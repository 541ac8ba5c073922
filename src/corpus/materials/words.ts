/** Words and characters to be written in pictures, as the lists in `assets/materials` have them. Knows no fonts. */
import { readAsset } from './assets.ts'

const linesOf = (name: string): readonly string[] =>
  readAsset(name)
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))

/** Everyday English words of 2 to 10 letters, most frequent first. */
export const englishWords = linesOf('english-words.txt')

/** Simplified Chinese characters, most frequent first. */
export const chineseCharacters = linesOf('chinese-characters.txt').flatMap(line => [...line])

/** Everyday Chinese words of 2 to 4 characters. */
export const chineseWords = linesOf('chinese-words.txt').flatMap(line => line.split(' '))
