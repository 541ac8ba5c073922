/**
 * From a recipe's text to a recipe: YAML, then the options of the command line, then types, then contradictions. All
 * faults of a level are told at once, each with its place.
 */
import { open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { type Alias, LineCounter, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { nearest } from '../../checkpoint/nearest.ts'
import { entryFor } from '../../corpus/sources/openSources.ts'
import { contradictions } from './contradictions.ts'
import { type Fault, type KeyPath, keyText, RecipeError } from './faults.ts'
import { applyOverrides, type RecipeOverrides } from './overrides.ts'
import { Places } from './places.ts'
import type { Recipe } from './recipe.ts'
import { resolveRecipe } from './resolve.ts'
import { allKeys, keysAt, recipeSchema } from './schema.ts'

/** The largest file that is read as a recipe, in bytes. */
const LARGEST = 2 ** 20
/** How often the aliases of a file may be followed: enough for a hand, too little for a bomb. */
const MOST_ALIASES = 100

export interface ParseOptions {
  /** Path of the file, as messages name it. Its folder is where relative paths start. */
  readonly file?: string
  readonly overrides?: RecipeOverrides
  /** Where paths of options and `out` start. Default: the process's current folder. */
  readonly folder?: string
}

/** As `RecipeOverrides`, where `--data` may be a path of which the kind is told by its content. */
export interface FileOverrides extends Omit<RecipeOverrides, 'data'> {
  readonly data?: string | NonNullable<RecipeOverrides['data']>
}

/** Where each recipe's values came from, for what is found wrong with it later. */
const origins = new WeakMap<Recipe, Places>()

/** The place of a value of a recipe, and the fault to throw there. */
export function faultIn(recipe: Recipe, path: KeyPath, problem: string): Fault {
  return (origins.get(recipe) ?? new Places('recipe')).fault(path, problem)
}

/**
 * Reads a recipe. Throws a RecipeError for a file that cannot be read or followed, and a SourceError for `data` of the
 * command line that cannot.
 *
 *     const recipe = await readRecipe('recipes/lora.yaml', { model: 'Qwen/Qwen-VL-Chat', set: ['lora.rank=16'] })
 */
export async function readRecipe(file: string, overrides: FileOverrides = {}): Promise<Recipe> {
  const text = await readText(file)
  const { data, ...others } = overrides
  const entry = typeof data === 'string' ? await entryFor(data) : data
  return parseRecipe(text, { file, overrides: { ...others, ...(entry && { data: entry }) } })
}

/** Reads a recipe from its text. Throws a RecipeError. */
export function parseRecipe(text: string, options: ParseOptions = {}): Recipe {
  const { file = 'recipe.yaml', overrides = {}, folder = process.cwd() } = options
  const { contents: written, places } = parseYaml(text, file)
  const { contents, faults } = applyOverrides(written, overrides, places)
  if (faults.length > 0) throw new RecipeError(faults)
  const checked = recipeSchema.safeParse(contents)
  if (!checked.success) throw new RecipeError(inOrder(schemaFaults(checked.error.issues, places)))
  const found = contradictions(checked.data, path => valueAt(contents, path) !== undefined)
  if (found.length > 0) throw new RecipeError(inOrder(found.map(({ path, problem }) => places.fault(path, problem))))
  const recipe = resolveRecipe(checked.data, {
    name: basename(file).replace(/\.ya?ml$/i, ''),
    folderOf: path => (places.optionOf(path) === undefined ? resolve(folder, file, '..') : folder),
    current: folder,
  })
  origins.set(recipe, places)
  return recipe
}

async function readText(file: string): Promise<string> {
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
    if (code === 'ENOENT') throw fail('there is no such file: name a recipe, such as recipes/lora.yaml', error)
    throw fail(code === 'EISDIR' ? 'is a folder: name a file in it' : `cannot be read (${code})`, error)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw fail('is not UTF-8 text: this is no recipe', cause)
  }
}

function parseYaml(text: string, file: string): { readonly contents: unknown; readonly places: Places } {
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

/** What the schema found, one fault for each value. */
function schemaFaults(issues: readonly z.core.$ZodIssue[], places: Places): Fault[] {
  const faults: Fault[] = []
  const told = new Set<string>()
  for (const issue of issues) {
    const path = issue.path as (string | number)[]
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const problem = `is no key of a recipe${suggestion(path, key)}`
        faults.push({ place: places.ofKey(path, key), key: keyText([...path, key]), problem })
      }
    } else if (!told.has(keyText(path))) {
      // A number with a fraction below its least is wrong twice, and told once.
      told.add(keyText(path))
      const problem = path.length === 0 && issue.message.startsWith('is empty') ? 'the recipe is empty' : issue.message
      faults.push(places.fault(path, problem))
    }
  }
  return faults
}

/** `; did you mean optimiser.learningRate?` */
function suggestion(path: KeyPath, key: string): string {
  const known = keysAt(path)
  const [near] = nearest(key, known, 1)
  if (near !== undefined) return `; did you mean ${keyText([...path, near])}?`
  const elsewhere = allKeys().find(own => own.at(-1) === key)
  if (elsewhere !== undefined) return `; did you mean ${keyText(elsewhere)}?`
  return path.length === 0 ? `; there are ${known.join(', ')}` : `; ${keyText(path)} has ${known.join(', ')}`
}

/** By line and column; options last. */
function inOrder(faults: readonly Fault[]): Fault[] {
  const at = ({ place }: Fault) => (/:(\d+):(\d+)$/.exec(place) ?? [0, 1e9, 0]).slice(1).map(Number) as [number, number]
  return [...faults].sort((a, b) => at(a)[0] - at(b)[0] || at(a)[1] - at(b)[1])
}

function valueAt(contents: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<string | number, unknown> | undefined)?.[part], contents)
}
