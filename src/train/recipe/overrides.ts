/**
 * What the command line says in the place of a recipe: options for what changes often, `--set key=value` for the rest.
 * Knows keys and values, and not what they mean: what is wrong with them is found where the file's own are checked.
 */
import { parseDocument } from 'yaml'
import type { Fault, KeyPath } from '../../corpus/recipe/faults.ts'
import type { Places } from '../../corpus/recipe/places.ts'
import type { DataEntry } from '../../corpus/sources/openSources.ts'

/** Options, by the name of the option. Paths in them start at the current folder. */
export interface RecipeOverrides {
  /** `--model`: a folder or a pulled model, in the place of all of `model`. */
  readonly model?: string
  /** `--data`: one source in the place of all of `data`. */
  readonly data?: DataEntry
  readonly out?: string
  /** `--steps`: `epochs` of the recipe no longer count. */
  readonly steps?: number
  readonly batch?: number
  readonly seed?: number
  /** `--set`: `optimiser.learningRate=1e-4`, `data.0.weight=2`, `lora.targets=[c_attn]`; values as YAML. */
  readonly set?: readonly string[]
}

type Group = Record<string | number, unknown>

/**
 * The contents of a recipe's file with the options put in; `contents` itself stays as it is. Their places become the
 * options. What cannot be put in is in `faults`.
 */
export function applyOverrides(
  contents: unknown,
  overrides: RecipeOverrides,
  places: Places,
): { readonly contents: unknown; readonly faults: readonly Fault[] } {
  if (!isGroup(contents)) return { contents, faults: [] }
  const changed = structuredClone(contents)
  const faults: Fault[] = []
  const put = (path: KeyPath, value: unknown, option: string) => {
    const problem = place(changed, path, value)
    if (problem === undefined) places.setOption(path, option)
    else faults.push({ place: option, key: '', problem })
  }
  const { model, data, set = [], ...plain } = overrides
  if (plain.steps !== undefined) delete changed['epochs']
  if (model !== undefined) put(['model'], { from: model }, '--model')
  if (data !== undefined) put(['data'], [{ ...data }], '--data')
  for (const [key, value] of Object.entries(plain)) if (value !== undefined) put([key], value, `--${key}`)
  for (const text of set) {
    const parsed = parseSet(text)
    if (typeof parsed === 'string') faults.push({ place: `--set ${text}`, key: '', problem: parsed })
    else put(parsed.path, parsed.value, `--set ${text}`)
  }
  return { contents: changed, faults }
}

function parseSet(text: string): { readonly path: KeyPath; readonly value: unknown } | string {
  const [, left, right] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(text) ?? []
  if (left === undefined || right === undefined) return 'is not key=value, as in --set optimiser.learningRate=1e-4'
  const path = left.replace(/\[(\d+)\]/g, '.$1').split('.')
  if (path.includes('') || path.includes('__proto__')) return `has no key: "${left}" is to be like schedule.warmup`
  const document = parseDocument(right)
  const [fault] = [...document.errors, ...document.warnings]
  if (fault !== undefined) return `has a value that is not YAML: ${fault.message.split(/ at line |\n/)[0]}`
  return {
    path: path.map(part => (/^\d+$/.test(part) ? Number(part) : part)),
    value: document.toJS({ maxAliasCount: 0 }),
  }
}

/** Puts a value where a path leads; groups on the way are made. Says what is in the way. */
function place(contents: Group, path: KeyPath, value: unknown): string | undefined {
  let at: Group | unknown[] = contents
  for (const [i, part] of path.entries()) {
    const way = path.slice(0, i).join('.')
    if (Array.isArray(at)) {
      if (typeof part !== 'number' || part >= at.length) {
        return `names ${part} of ${way}, which is a list of ${at.length}: its places are 0 to ${at.length - 1}`
      }
    } else if (!isGroup(at)) return `goes into ${way}, which is a value and no group of keys`
    const group = at as Group
    if (i === path.length - 1) group[part] = value
    else {
      if (group[part] === undefined || group[part] === null || !Object.hasOwn(group, part)) group[part] = {}
      at = group[part] as Group
    }
  }
  return undefined
}

const isGroup = (value: unknown): value is Group => typeof value === 'object' && value !== null && !Array.isArray(value)
