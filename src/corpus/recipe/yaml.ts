/**
 * From a recipe's file to what stands in it, with the place of every value. Knows YAML, and not what a recipe says.
 */
import { open } from 'node:fs/promises'
import { type Alias, LineCounter, parseDocument, visit } from 'yaml'
import { RecipeError } from './faults.ts'
import { Places } from './places.ts'

/** The largest file that is read as a recipe, in bytes. */
const LARGEST = 2 ** 20
/** How often the aliases of a file may be followed: enough for a hand, too little for a bomb. */
const MOST_ALIASES = 100

/** The text of a recipe. Throws a RecipeError for a file that cannot be read or is no text. */
export async function readRecipeText(file: string): Promise<string> {
  const fail = (problem: string, cause?: unknown) =>
    new RecipeError([{ place: file, key: '', problem }], cause === undefined ? {} : { cause })
  let bytes: Uint8Array
  try {
    const handle = await open(file)
    try {
      const { size } = await handle.stat()
      if (size > LARGEST) throw fail(`has ${size} bytes: a recipe has at most ${LARGEST}; this is another file`)
      bytes = await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof RecipeError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw fail('there is no such file: name a recipe; those of this package are in its folder recipes', error)
    throw fail(code === 'EISDIR' ? 'is a folder: name a file in it' : `cannot be read (${code})`, error)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw fail('is not UTF-8 text: this is no recipe', cause)
  }
}

/** What a recipe's text holds, and where. Throws a RecipeError for what is no YAML, or YAML that is a bomb. */
export function parseYaml(text: string, file: string): { readonly contents: unknown; readonly places: Places } {
  const whole = (problem: string, cause?: unknown) =>
    new RecipeError([{ place: `${file}:1:1`, key: '', problem }], { cause })
  if (text.length > LARGEST) throw whole(`has ${text.length} characters: a recipe has at most ${LARGEST}`)
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
    const places = new Places(file, document, lines)
    const wrong = [...document.errors, ...document.warnings].slice(0, MOST_SYNTAX)
    const faults = wrong.map(({ pos, message, code }) => ({
      place: places.atOffset(pos[0]),
      key: '',
      problem: syntaxProblem(code, message),
    }))
    if (faults.length > 0) throw new RecipeError(faults)
    const lost = aliasesWithoutAnchor(document).map(({ source, range }) => ({
      place: places.atOffset(range?.[0] ?? 0),
      key: '',
      problem: `*${source} stands for nothing: no &${source} comes before it`,
    }))
    if (lost.length > 0) throw new RecipeError(lost)
    return { contents: document.toJS({ maxAliasCount: MOST_ALIASES }), places }
  } catch (error) {
    if (error instanceof RecipeError) throw error
    // yaml's own defence: aliases of aliases that would multiply.
    if (error instanceof ReferenceError) throw whole('repeats too much by aliases: write the values out', error)
    if (error instanceof RangeError) throw whole(TOO_DEEP, error)
    throw error
  }
}

/** After the first faults of syntax, others are mostly their consequences. */
const MOST_SYNTAX = 5
const TOO_DEEP = 'is nested too deeply: this is no recipe'

function syntaxProblem(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key stands here a second time: keep one'
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here: a recipe is one'
  return /call stack/.test(message) ? TOO_DEEP : `not YAML: ${message}`
}

function aliasesWithoutAnchor(document: ReturnType<typeof parseDocument>): Alias[] {
  const found: Alias[] = []
  visit(document, {
    Alias: (_, node) => {
      if (node.resolve(document) === undefined) found.push(node)
    },
  })
  return found
}
