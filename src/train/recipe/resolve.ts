/** Fills in what a recipe leaves to its name, and makes its paths absolute. Checks nothing: that is done before. */
import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { isRepository } from '../../checkpoint/hub/cache.ts'
import type { KeyPath } from '../../corpus/recipe/faults.ts'
import type { PartsModel, Recipe, RecipeData, WholeModel } from './recipe.ts'
import { defaultTextTower, type WrittenRecipe } from './schema.ts'

export interface ResolveContext {
  /** For a recipe that has no name. */
  readonly name: string
  /** Where a relative path starts that stands at a key. */
  readonly folderOf: (path: KeyPath) => string
  /** Where `out` starts. */
  readonly current: string
}

/** A recipe as runs take it. */
export function resolveRecipe(written: WrittenRecipe, context: ResolveContext): Recipe {
  const { name = context.name, model, data, evaluation, out, contrastive, checkpoints, ...plain } = written
  const { stage, resolution, sequence, steps, epochs, lora, ...rest } = plain
  const { keepEvery, ...keeping } = checkpoints
  const sourcesAt = (entries: WrittenRecipe['data'], path: KeyPath) =>
    entries.map((entry, i) => dataEntry(entry, [...path, i], context))
  return {
    ...rest,
    name,
    model: modelOf(model, context),
    ...defined({ stage, resolution, sequence, steps, epochs, lora }),
    data: sourcesAt(data, ['data']),
    checkpoints: { ...keeping, ...defined({ keepEvery }) },
    ...(evaluation && { evaluation: { ...evaluation, data: sourcesAt(evaluation.data, ['evaluation', 'data']) } }),
    ...(written.objective === 'contrastive' && {
      contrastive: contrastive ?? defaultTextTower,
    }),
    out: resolve(context.current, out ?? `runs/${name}`),
  }
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

/** Without what is undefined. */
function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
}

function modelOf(model: WrittenRecipe['model'], context: ResolveContext): WholeModel | PartsModel {
  const reference = (key: string, text: string) => modelReference(text, context.folderOf(['model', key]))
  if (model.from !== undefined) return { from: reference('from', model.from) }
  const part = (key: 'vision' | 'adapter' | 'language') =>
    model[key] === undefined || model[key] === 'random' ? 'random' : reference(key, model[key])
  return {
    config: resolve(context.folderOf(['model', 'config']), model.config ?? ''),
    tokenizer: resolve(context.folderOf(['model', 'tokenizer']), model.tokenizer ?? ''),
    vision: part('vision'),
    adapter: part('adapter'),
    language: part('language'),
  }
}

/** `owner/name` is a pulled model where there is no such folder, as on the command line; all else is a path. */
function modelReference(text: string, folder: string): string {
  const path = resolve(folder, text)
  return isRepository(text) && !isAbsolute(text) && !existsSync(path) ? text : path
}

function dataEntry(entry: WrittenRecipe['data'][number], path: KeyPath, context: ResolveContext): RecipeData {
  const { conversations, boxes, pairs, shards, text, pictures, weight, task, language, limit } = entry
  const at = (key: string, file: string) => resolve(context.folderOf([...path, key]), file)
  const kinds = Object.entries({ conversations, boxes, pairs, shards, text }).flatMap(([kind, files]) => {
    if (files === undefined) return []
    return [[kind, typeof files === 'string' ? at(kind, files) : files.map(file => at(kind, file))]]
  })
  return {
    ...(Object.fromEntries(kinds) as Partial<RecipeData>),
    weight,
    ...defined({ task, language, limit, pictures: pictures === undefined ? undefined : at('pictures', pictures) }),
  }
}
