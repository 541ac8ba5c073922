/**
 * What in a recipe contradicts something else in it. Knows the types of `schema.ts`, and neither files nor models.
 */

import { type KeyPath, numberText } from '../../corpus/recipe/faults.ts'
import { sourceKinds } from '../../corpus/sources/openSources.ts'
import { kindsFor, warmupSteps } from './recipe.ts'
import type { WrittenRecipe } from './schema.ts'

/** Something that cannot be meant. */
export interface Contradiction {
  readonly path: KeyPath
  readonly problem: string
}

/** Every contradiction of a recipe. `isGiven` tells what a person wrote from what is there by default. */
export function contradictions(recipe: WrittenRecipe, isGiven: (path: KeyPath) => boolean): Contradiction[] {
  return [
    ...ofModel(recipe),
    ...ofObjective(recipe, isGiven),
    ...ofLora(recipe, isGiven),
    ...ofData(recipe),
    ...ofLength(recipe),
    ...ofSaving(recipe),
  ]
}

type Written = WrittenRecipe

const when = (holds: boolean, path: KeyPath, problem: string): Contradiction[] => (holds ? [{ path, problem }] : [])

function ofModel({ model }: Written): Contradiction[] {
  const parts = (['config', 'tokenizer', 'vision', 'adapter', 'language'] as const).filter(
    key => model[key] !== undefined,
  )
  if (model.from !== undefined) {
    const rule = 'excludes model.from: a model comes whole from one place, or is put together by config and parts'
    return parts.map(key => ({ path: ['model', key], problem: rule }))
  }
  if (model.config === undefined) {
    const problem = 'has neither from nor config: name a model by from, or config and tokenizer of one to put together'
    return [{ path: ['model'], problem }]
  }
  return when(
    model.tokenizer === undefined,
    ['model', 'tokenizer'],
    'is missing: a model by config needs a qwen.tiktoken',
  )
}

function ofObjective(recipe: Written, isGiven: (path: KeyPath) => boolean): Contradiction[] {
  const { objective, stage, lora } = recipe
  const idle = (keys: readonly string[], why: string) =>
    keys.flatMap(key => when(isGiven([key]), [key], `has no meaning with objective ${objective}: ${why}`))
  if (objective === 'qwen-vl') {
    return [
      ...when(
        stage === undefined && lora === undefined,
        ['stage'],
        'is missing: say what is trained, 1 (vision tower and adapter), 2 (everything) or 3 (language model and adapter), or add lora',
      ),
      ...idle(['contrastive'], 'it describes the text tower of objective contrastive'),
    ]
  }
  const without = objective === 'language' ? 'it trains the language model alone' : 'it trains both towers, on pairs'
  const keys = objective === 'language' ? ['resolution', 'contrastive'] : ['sequence']
  const heads = recipe.contrastive
  return [
    ...idle(['stage', 'lora', ...keys], without),
    ...when(
      heads !== undefined && heads.width % heads.heads !== 0,
      ['contrastive', 'heads'],
      `is ${heads?.heads}: the width, ${heads?.width}, has to be a multiple of it`,
    ),
    ...when(recipe.train.fixVit, ['train', 'fixVit'], `has no meaning with objective ${objective}`),
  ]
}

function ofLora({ objective, stage, lora, precision, train }: Written, isGiven: (path: KeyPath) => boolean) {
  if (lora === undefined) {
    const { frozen } = precision
    const fix = 'only the frozen model beside an adapter can be held so: add lora, or take float32'
    return when(frozen !== 'float32', ['precision', 'frozen'], `is ${frozen} without lora: ${fix}`)
  }
  if (objective !== 'qwen-vl') return []
  const idle = (['fixVit', 'freeze', 'also'] as const).filter(key => isGiven(['train', key]) && isSet(train[key]))
  return [
    ...when(
      stage !== undefined,
      ['stage'],
      `is ${stage} beside lora: LoRA trains its matrices alone; leave out one of them`,
    ),
    ...idle.map(key => ({
      path: ['train', key],
      problem: 'has no meaning beside lora, which trains its targets and what lora.save names',
    })),
  ]
}

const isSet = (value: boolean | readonly string[]) => (typeof value === 'boolean' ? value : value.length > 0)

function ofData(recipe: Written): Contradiction[] {
  const lists = [
    ['data', recipe.data],
    ['evaluation', recipe.evaluation?.data ?? []],
  ] as const
  const allowed = kindsFor[recipe.objective]
  return lists.flatMap(([key, sources]) =>
    sources.flatMap((source, i): Contradiction[] => {
      const path = key === 'data' ? [key, i] : [key, 'data', i]
      const kinds = sourceKinds.filter(kind => source[kind] !== undefined)
      const [kind, second] = kinds
      if (kind === undefined) return [{ path, problem: `names no data: add one of ${sourceKinds.join(', ')}` }]
      if (second !== undefined) {
        return [{ path: [...path, second], problem: `stands beside ${kind}: a source has one of them; make two of it` }]
      }
      const problem = `cannot be learnt from with objective ${recipe.objective}: take ${allowed.join(', ')}`
      return [
        ...when(!allowed.includes(kind), [...path, kind], problem),
        ...when(
          source.pictures !== undefined && kind === 'text',
          [...path, 'pictures'],
          'has no meaning: text has no pictures',
        ),
      ]
    }),
  )
}

function ofLength({ steps, epochs, batch, accumulation, schedule, optimiser }: Written): Contradiction[] {
  const { warmup, floor } = schedule
  const neither = 'has neither steps nor epochs: say how long it trains'
  const warm = steps === undefined ? 0 : warmupSteps({ schedule }, steps)
  return [
    ...when(steps !== undefined && epochs !== undefined, ['epochs'], 'excludes steps: say one of them'),
    ...when(steps === undefined && epochs === undefined, [], neither),
    ...when(
      batch % accumulation !== 0,
      ['accumulation'],
      `is ${accumulation}: a batch of ${batch} rows has to be a multiple of it`,
    ),
    ...when(
      steps !== undefined && warm > steps,
      ['schedule', 'warmup'],
      `is ${warmup}: it does not end within the ${steps} steps of the run`,
    ),
    ...when(
      floor > optimiser.learningRate,
      ['schedule', 'floor'],
      `is ${numberText(floor)}: it has to be at most optimiser.learningRate, ${numberText(optimiser.learningRate)}`,
    ),
  ]
}

function ofSaving({ checkpoints: { every, keepEvery } }: Written): Contradiction[] {
  return when(
    keepEvery !== undefined && keepEvery % every !== 0,
    ['checkpoints', 'keepEvery'],
    `is ${keepEvery}: it has to be a multiple of checkpoints.every, ${every}, for there to be checkpoints`,
  )
}
