/**
 * A corpus by its recipe: reads it, gets the materials once, and lets threads make the samples. Knows no command line.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { fileBeside } from '../../runtime/startThread.ts'
import { attributionText } from '../materials/attribution.ts'
import { fetchMaterials } from '../materials/fetchPackages.ts'
import { materialPackages } from '../materials/packages.ts'
import { checkRecipe } from '../recipe/check.ts'
import { whole } from '../recipe/fields.ts'
import { Places } from '../recipe/places.ts'
import { parseYaml, readRecipeText } from '../recipe/yaml.ts'
import type { MakeEvent, MakeReport } from './events.ts'
import { generator } from './generator.ts'
import { type CorpusKind, recipeSchemaOf } from './makers.ts'
import type { MakerStart } from './makerThread.ts'
import { makeShards } from './makeShards.ts'

export interface MakeCorpusOptions {
  readonly kind: CorpusKind
  /** A YAML file, or what would stand in one. */
  readonly recipe: string | Readonly<Record<string, unknown>>
  /** The folder to write into. Made where it is not there. */
  readonly out: string
  /** Samples, in place of what the recipe says. */
  readonly count?: number | undefined
  /** Threads. Default: one for each core. The bytes do not depend on it. */
  readonly workers?: number | undefined
  /** Begin anew where an earlier call has made something. */
  readonly fresh?: boolean | undefined
  /** Where materials are kept. Default: `$QWEN_VL_MATERIALS`, else the cache of the user. */
  readonly materials?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: MakeEvent) => void) | undefined
}

/** Keys that every kind's recipe has beside its own. */
const amounts = {
  count: whole().describe('Samples in all'),
  shard: whole().describe('Samples of an archive').default(10_000),
}

/**
 * Makes a corpus: archives `shard-00000.tar` … with `corpus.json` and `ATTRIBUTION.md` beside them. Goes on behind the
 * archives that an earlier call with the same recipe has made. Throws a RecipeError with the line of each mistake, what
 * materials throw that cannot be had, and what `makeShards` throws.
 *
 *     await makeCorpus({ kind: 'scenes', recipe: 'recipes/nano/corpus/scenes.yaml', out: 'corpus/scenes' })
 */
export async function makeCorpus(options: MakeCorpusOptions): Promise<MakeReport> {
  const { kind, out, workers, fresh, materials, signal, onEvent } = options
  const { count, shard, ...recipe } = await readMakerRecipe(options)
  const folder = materials === undefined ? {} : { folder: materials }
  await fetchMaterials({
    ...folder,
    ...(signal && { signal }),
    onProgress: message => onEvent?.({ type: 'materials', message }),
  })
  const start: MakerStart = { kind, recipe, materials }
  return makeShards({
    ...{ file: fileBeside(import.meta.url, 'makerThread'), start, out, count, shard, workers, fresh, signal, onEvent },
    origin: `qwen-vl corpus make ${kind}, seed ${String(recipe['seed'])}`,
    made: { generator: generator(), kind, recipe, materials: materialNames() },
    beside: { 'ATTRIBUTION.md': attributionText() },
  })
}

/** The recipe with its defaults. Throws a RecipeError. */
export async function readMakerRecipe({
  kind,
  recipe,
  count,
}: MakeCorpusOptions): Promise<{ count: number; shard: number; [key: string]: unknown }> {
  const schema = z.strictObject({ ...amounts, ...(await recipeSchemaOf(kind)).shape })
  const file = typeof recipe === 'string' ? recipe : 'recipe'
  const { contents, places } =
    typeof recipe === 'string'
      ? parseYaml(await readRecipeText(recipe), file)
      : { contents: recipe, places: new Places(file) }
  const isGroup = typeof contents === 'object' && contents !== null && !Array.isArray(contents)
  return checkRecipe(schema, isGroup && count !== undefined ? { ...contents, count } : contents, places)
}

/** Tells other versions of the materials apart. */
function materialNames(): string {
  const names = materialPackages.map(({ name, version, integrity }) => [name, version, integrity])
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 16)
}
