/** A recipe of these tests, run by the command line. */
import { type Ended, run, type StartOptions } from '../../cli/process.ts'
import { type RecipeKeys, writeRecipe } from './tinyRun.ts'

/** Writes a recipe and runs it; its folder is `runs/NAME`. */
export async function trainBy(
  options: StartOptions,
  name: string,
  keys: RecipeKeys = {},
  args: readonly string[] = [],
): Promise<Ended> {
  return run(['train', await writeRecipe(options.folder, name, keys), ...args], options)
}
