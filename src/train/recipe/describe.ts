/** What a recipe will do, in a few lines for the head of a run. Knows no model and no terminal. */
import { basename, relative } from 'node:path'
import { numberText } from '../../corpus/recipe/faults.ts'
import { sourceKinds } from '../../corpus/sources/openSources.ts'
import { batchShape } from './forModel.ts'
import type { Recipe } from './recipe.ts'

export interface DescribeOptions {
  /** Default: one. */
  readonly processes?: number
  /** Paths in it are written from here on. Default: the process's current folder. */
  readonly folder?: string
}

/**
 * The lines, without indent:
 *
 *     lora: trains LoRA of rank 64 (alpha 16) on c_attn, attn.c_proj, w1, w2, of Qwen/Qwen-VL-Chat
 *     data: conversations my.json
 *     5 epochs of steps of 8 rows (8 parts of 1); no packing; rows of 2,048 tokens
 *     AdamW: learning rate 1e-5, cosine to 0 after 1% warm-up; betas 0.9 and 0.95; decay 0.1; clipped at 1
 *     checkpoints every 500 steps, the last 3 kept, in runs/lora
 */
export function describeRecipe(recipe: Recipe, options: DescribeOptions = {}): string[] {
  const { processes = 1, folder = process.cwd() } = options
  const near = (path: string) => nearPath(path, folder)
  return [
    `${recipe.name}: ${whatOf(recipe)}, of ${modelOf(recipe, near)}`,
    `data: ${some(recipe.data.map(entry => sourceOf(entry, near)))}`,
    `${lengthOf(recipe, processes)}; ${rowsOf(recipe)}`,
    optimiserOf(recipe),
    `${savingOf(recipe)}, in ${near(recipe.out)}`,
  ]
}

/** Sources that are named one by one. */
const MOST_NAMED = 4

function some(names: readonly string[]): string {
  const more = names.length - MOST_NAMED
  return [...names.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

function nearPath(path: string, folder: string): string {
  const short = relative(folder, path)
  return short.startsWith('..') || short === '' ? path : short
}

const trainedBy = {
  1: 'vision tower and adapter (stage 1)',
  2: 'vision tower, adapter and language model (stage 2)',
  3: 'adapter and language model (stage 3)',
}

function whatOf({ objective, stage, train, lora, precision, contrastive }: Recipe): string {
  if (objective === 'language') return 'trains the language model on text'
  if (contrastive) {
    const { layers, width } = contrastive
    return `trains the vision tower with a text tower of ${layers} layers of width ${width}, on pairs`
  }
  if (lora) {
    const targets = typeof lora.targets === 'string' ? lora.targets : lora.targets.join(', ')
    const whole = lora.save.length > 0 ? `, and all of ${lora.save.join(', ')}` : ''
    const base = precision.frozen === 'float32' ? '' : `, beside ${precision.frozen} weights`
    return `trains LoRA of rank ${lora.rank} (alpha ${lora.alpha}) on ${targets}${whole}${base}`
  }
  const fixed = train.fixVit && stage !== 3 ? ', but for the vision tower' : ''
  return `trains ${stage === undefined ? 'nothing' : trainedBy[stage]}${fixed}`
}

function modelOf({ model }: Recipe, near: (path: string) => string): string {
  if ('from' in model) return near(model.from)
  const parts = (['vision', 'adapter', 'language'] as const).map(part => `${part} ${near(model[part])}`)
  return `${near(model.config)} with ${parts.join(', ')}`
}

function sourceOf(entry: Recipe['data'][number], near: (path: string) => string): string {
  const kind = sourceKinds.find(each => entry[each] !== undefined) ?? 'text'
  const files = entry[kind] ?? []
  const names = (typeof files === 'string' ? [files] : files).map(near)
  const [first, second] = names
  const more = second === undefined ? '' : ` and ${names.length - 1} more, from ${basename(second)}`
  const extra = [
    ...(entry.weight === 1 ? [] : [`weight ${entry.weight}`]),
    ...(entry.limit === undefined ? [] : [`the first ${count(entry.limit)}`]),
  ]
  return `${kind} ${first}${more}${extra.length > 0 ? ` (${extra.join(', ')})` : ''}`
}

function lengthOf(recipe: Recipe, processes: number): string {
  const { rowsAtOnce, accumulation } = batchShape(recipe, processes)
  const rows = recipe.objective === 'contrastive' ? 'pairs' : 'rows'
  const parts = [
    ...(accumulation === 1 ? [] : [`${accumulation} parts`]),
    ...(processes === 1 ? [] : [`${processes} processes`]),
  ]
  const division = parts.length > 0 ? ` (${[...parts, count(rowsAtOnce)].join(' × ')})` : ''
  const length = recipe.steps === undefined ? times(recipe.epochs ?? 0, 'epoch') : times(recipe.steps, 'step')
  return `${length}${recipe.steps === undefined ? ', steps' : ''} of ${count(recipe.batch)} ${rows}${division}`
}

function rowsOf({ objective, packing, sequence, resolution, contrastive }: Recipe): string {
  const pictures =
    resolution === undefined ? "pictures of the model's own size" : `pictures of ${resolution}×${resolution}`
  if (objective === 'contrastive') return `${pictures}, texts of at most ${contrastive?.context} tokens`
  const length = sequence === undefined ? "of the model's own length" : `of ${count(sequence)} tokens`
  const packed = {
    'same-task': `rows ${length}, each packed with samples of one task`,
    mixed: `rows ${length}, packed with samples of any task`,
    none: `one sample a row ${length}, at most`,
  }
  return `${packed[packing]}${objective === 'language' ? '' : `; ${pictures}`}`
}

function optimiserOf({ optimiser, schedule, train }: Recipe): string {
  const { learningRate, beta1, beta2, decay, clip, exclude } = optimiser
  const { shape, warmup, floor } = schedule
  const rates = Object.entries(train.rates).flatMap(([part, rate]) => (rate === 1 ? [] : [`${part} ×${rate}`]))
  const curve = shape === 'constant' ? 'constant' : `${shape} to ${numberText(floor)}`
  const start = warmup === 0 ? '' : ` after a warm-up of ${typeof warmup === 'number' ? times(warmup, 'step') : warmup}`
  return [
    `AdamW: learning rate ${numberText(learningRate)}, ${curve}${start}`,
    ...(rates.length > 0 ? [rates.join(', ')] : []),
    ...(train.visionDecay === 1 ? [] : [`×${train.visionDecay} a layer down the vision tower`]),
    `betas ${beta1} and ${beta2}`,
    `decay ${decay}${decay > 0 && exclude.length > 0 ? ` but for ${exclude.join(', ')}` : ''}`,
    clip === 0 ? 'not clipped' : `clipped at ${clip}`,
  ].join('; ')
}

function savingOf({ checkpoints: { every, keep, keepEvery }, evaluation }: Recipe): string {
  const forGood = keepEvery === undefined ? '' : `, every ${ordinal(keepEvery)} for good`
  const judged = evaluation === undefined ? '' : `; evaluated every ${times(evaluation.every, 'step')}`
  return `a checkpoint every ${times(every, 'step')}, the last ${keep} kept${forGood}${judged}`
}

const ordinal = (value: number) => `${count(value)}th step`
const count = (value: number) => value.toLocaleString('en-US')
const times = (value: number, what: string) => `${count(value)} ${what}${value === 1 ? '' : 's'}`
