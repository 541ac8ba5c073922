/**
 * From a recipe's text to a recipe: YAML, then the options of the command line, then types, then contradictions. All
 * faults of a level are told at once, each with its place.
 */
import { basename, resolve } from 'node:path'
import { checkRecipe, inOrder } from '../../corpus/recipe/check.ts'
import { type Fault, type KeyPath, RecipeError } from '../../corpus/recipe/faults.ts'
import { Places } from '../../corpus/recipe/places.ts'
import { parseYaml, readRecipeText } from '../../corpus/recipe/yaml.ts'
import { entryFor } from '../../corpus/sources/openSources.ts'
import { contradictions } from './contradictions.ts'
import { applyOverrides, type RecipeOverrides } from './overrides.ts'
import type { Recipe } from './recipe.ts'
import { resolveRecipe } from './resolve.ts'
import { recipeSchema } from './schema.ts'

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
  const text = await readRecipeText(file)
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
  const checked = checkRecipe(recipeSchema, contents, places)
  const found = contradictions(checked, path => valueAt(contents, path) !== undefined)
  if (found.length > 0) throw new RecipeError(inOrder(found.map(({ path, problem }) => places.fault(path, problem))))
  const recipe = resolveRecipe(checked, {
    name: basename(file).replace(/\.ya?ml$/i, ''),
    folderOf: path => (places.optionOf(path) === undefined ? resolve(folder, file, '..') : folder),
    current: folder,
  })
  origins.set(recipe, places)
  return recipe
}

function valueAt(contents: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<string | number, unknown> | undefined)?.[part], contents)
}
