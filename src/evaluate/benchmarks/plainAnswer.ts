/** Short answers as they are compared. Knows no markup. */

const around = /^[\p{P}\p{Z}\s]+|[\p{P}\p{Z}\s]+$/gu

/**
 * What an answer says: in lower case, full-width forms as ordinary ones, single blanks, without punctuation around it
 * and without an article before it.
 *
 *     plainAnswer(' The  Car. ')   // 'car'
 *     plainAnswer('“左边”。')        // '左边'
 */
export const plainAnswer = (text: string): string =>
  normal(text)
    .toLowerCase()
    .replace(around, '')
    .replace(/^(?:an?|the) (?=.)/, '')

/**
 * What an answer spells: as written, but for full-width forms, blanks, and quotation marks and full stops around it.
 *
 *     writtenAnswer('“OPEN”.')   // 'OPEN'
 */
export const writtenAnswer = (text: string): string =>
  normal(text).replace(/^["'“”‘’「」《》\s]+|["'“”‘’「」《》。.\s]+$/gu, '')

const normal = (text: string) => text.normalize('NFKC').replace(/\s+/g, ' ').trim()
