/** Pictures in a line that a person typed: terminals write the path of a file that is dropped on them. */
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface LineWithPictures {
  readonly pictures: readonly string[]
  /** The line without them. */
  readonly text: string
}

const kinds = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif)$/i

/** A word in quotes, or one in which a backslash keeps the next character. */
const word = /'([^']+)'|"([^"]+)"|((?:\\.|[^\s\\])+)/g

/**
 * Takes the paths of existing picture files out of a line. Everything else stays as it is, quotes and spaces included.
 *
 *     findPictures('what is on sign.jpg?')           // text only: "sign.jpg?" is no file
 *     findPictures("'my photos/sign.jpg' read this") // pictures ['my photos/sign.jpg'], text 'read this'
 */
export function findPictures(line: string, exists: (path: string) => boolean = isFile): LineWithPictures {
  const pictures: string[] = []
  const text = line.replace(word, (all, single?: string, double?: string, bare?: string) => {
    const path = pathOf(single ?? double ?? (bare ?? '').replace(/\\(.)/g, '$1'))
    // Backslashes of Windows are no escapes.
    const found = [path, bare ?? ''].find(each => kinds.test(each) && exists(each))
    if (found === undefined) return all
    pictures.push(found)
    return ''
  })
  return { pictures, text: pictures.length > 0 ? text.replace(/ {2,}/g, ' ').trim() : line.trim() }
}

/** Some terminals write an address instead of a path. */
function pathOf(text: string): string {
  try {
    return text.startsWith('file://') ? fileURLToPath(text) : text
  } catch {
    return text
  }
}

const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
