/** What a recipe of scenes may say: the form of `scenes.yaml`. Knows no materials. */
import { z } from 'zod'
import { group, say } from '../recipe/fields.ts'
import { makerFields, shares } from '../shards/recipeFields.ts'
import { exchangeTasks } from '../wording/exchange.ts'

const numbers = ['1', '2', '3', '4', '5', '6', '7', '8'] as const
const grounds = ['plain', 'gradient', 'texture', 'photograph', 'room', 'street', 'landscape'] as const

/** A recipe of scenes; what is left out has its usual value. */
export const sceneRecipeSchema = group({
  ...makerFields,
  objects: shares(numbers, { 1: 2, 2: 3, 3: 3, 4: 2.5, 5: 2.5, 6: 0.8, 7: 0.3, 8: 0.3 }).describe(
    'How often a picture has 1, 2 … 8 things',
  ),
  painted: z
    .number(say('a number from 0 to 1'))
    .min(0, say('a number from 0 to 1'))
    .max(1, say('a number from 0 to 1'))
    .describe('Share of the things that may have any colour which are painted in one of eleven')
    .default(0.6),
  backgrounds: shares(grounds, {
    ...{ plain: 1.2, gradient: 1, texture: 2, photograph: 3, room: 1.6, street: 1, landscape: 1.6 },
  }).describe('How often a picture has each kind of background'),
  tasks: shares(exchangeTasks, {
    ...{ caption: 3, 'grounded-caption': 2, locate: 3, 'locate-by-description': 2, ocr: 0.5, name: 1.5, colour: 2 },
    ...{
      count: 2,
      position: 1.5,
      relation: 1.5,
      'yes-no': 2,
      compare: 1,
      read: 1,
      region: 1.5,
      pair: 0,
      'follow-up': 0,
    },
  }).describe('How often each task is drawn'),
})

export type SceneRecipe = z.output<typeof sceneRecipeSchema>
