/** Where the items of nano-bench lie, and how they come there: by the recipes of recipes/nano/bench. */
import { readdir, rename, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { MakeCorpusOptions } from '../../../corpus/shards/makeCorpus.ts'
import { corpusKinds } from '../../../corpus/shards/makers.ts'
import { BenchmarkError, type OpenBenchmarkOptions } from '../benchmark.ts'

/** Four up from here, from the source and from the built file alike. */
const recipeFolder = join(import.meta.dirname, '../../../../recipes/nano/bench')

/** `$QWEN_VL_BENCH`, else a folder of the user's cache. */
export const nanoFolder = (environment: NodeJS.ProcessEnv = process.env): string =>
  environment['QWEN_VL_BENCH'] || join(homedir(), '.cache/qwen-vl/nano-bench')

/** The folder of shards; the usual one is made where it is not there. Throws a BenchmarkError where there is none. */
export async function findNanoData({ data, signal, onNote = () => {} }: OpenBenchmarkOptions): Promise<string> {
  const folder = resolve(data ?? nanoFolder())
  if (await isFolder(folder)) return folder
  if (data !== undefined) {
    throw new BenchmarkError(`there is no folder ${data}: --data names one with shards, DIR/*.tar or DIR/PART/*.tar`)
  }
  await makeNanoItems(folder, {
    ...(signal === undefined ? {} : { signal }),
    onNote,
    make: async options => {
      const { makeCorpus } = await import('../../../corpus/shards/makeCorpus.ts')
      await makeCorpus({
        ...options,
        onEvent: event => {
          if (event.type === 'materials') onNote(event.message)
        },
      })
    },
  })
  return folder
}

export interface MakeItemsOptions {
  /** A folder of recipes, of which each makes the part of its name. */
  readonly recipes?: string
  readonly make: (options: Pick<MakeCorpusOptions, 'kind' | 'recipe' | 'out' | 'signal'>) => Promise<unknown>
  readonly signal?: AbortSignal
  readonly onNote: (note: string) => void
}

/**
 * Makes the items in a folder beside, and renames it when all are there; what an earlier call has left there is gone on
 * with. Throws a BenchmarkError where there are no recipes, and what `make` throws.
 */
export async function makeNanoItems(
  folder: string,
  { recipes = recipeFolder, make, signal, onNote }: MakeItemsOptions,
): Promise<void> {
  const names = await readdir(recipes).catch(() => [])
  const files = names.filter(name => name.endsWith('.yaml')).sort()
  if (files.length === 0) {
    throw new BenchmarkError(
      `there are no items at ${folder}, and no recipes in ${recipes} to make them by: name --data`,
    )
  }
  const making = `${folder}.making`
  for (const file of files) {
    signal?.throwIfAborted()
    const part = basename(file, '.yaml')
    // What a recipe's name begins with says which maker it is for: `text-random.yaml` is for `text`.
    const kind = corpusKinds.find(each => part === each || part.startsWith(`${each}-`))
    if (kind === undefined) {
      throw new BenchmarkError(
        `${join(recipes, file)} must be called by what makes it: ${corpusKinds.join(', ')}, or as text-random is`,
      )
    }
    onNote(`making the items of ${part}, once, in ${making}`)
    const options = { kind, recipe: join(recipes, file), out: join(making, part) }
    await make({ ...options, ...(signal === undefined ? {} : { signal }) })
  }
  await rename(making, folder)
}

const isFolder = (path: string) =>
  stat(path).then(
    info => info.isDirectory(),
    () => false,
  )
