/**
 * Which scenes afford a task: counting wants several of a kind, a description wants others that are like it, reading
 * wants a sign. Knows no wording.
 */
import type { Random } from '../random.ts'
import type { ExchangeTask, Language } from '../wording/exchange.ts'
import type { Gathering, SceneOptions } from './composed.ts'
import type { SceneRecipe } from './recipe.ts'

type Gatherings = Readonly<Partial<Record<Gathering, number>>>

const gatherings: Readonly<Record<ExchangeTask, Gatherings>> = {
  caption: { single: 2, different: 4, same: 2.5, twins: 1.5 },
  'grounded-caption': { single: 1, different: 4, same: 2, twins: 1.5 },
  locate: { single: 1, different: 5, same: 0.5 },
  'locate-by-description': { different: 1, same: 1, twins: 3 },
  ocr: { single: 2, different: 1 },
  name: { single: 4, different: 2 },
  colour: { single: 2, different: 4, twins: 0.5 },
  count: { same: 8, different: 1 },
  position: { single: 2, different: 2 },
  relation: { different: 1 },
  'yes-no': { single: 1, different: 3, same: 1.5, twins: 1.5 },
  compare: { different: 2, same: 1.5, twins: 1 },
  read: { single: 2, different: 3 },
  region: { single: 1, different: 4, twins: 0.5 },
  pair: { single: 0.5, different: 4, same: 1, twins: 0.5 },
  'follow-up': { single: 1, different: 4, same: 1, twins: 1 },
}

/** One to six of a kind are counted, and each number is about as frequent. */
const counted = { 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 0.25 }

/** Relations are told between few things. */
const few = { 2: 3, 3: 3, 4: 1 }

/** Other tasks see a sign too, now and then. */
const passing = 0.05

/** What a scene is composed with so that it probably affords the task. */
export function wishFor(task: ExchangeTask, language: Language, recipe: SceneRecipe, random: Random): SceneOptions {
  const { side, picture, objects, painted, backgrounds } = recipe
  const gathering = random.weighted(allowedBy(objects, gatherings[task]))
  const reading = task === 'read' || task === 'ocr' || (gathering === 'different' && random.chance(passing))
  return {
    ...{ side, gathering, backgrounds, width: picture.width, height: picture.height },
    number: task === 'count' && gathering === 'same' ? counted : task === 'relation' || task === 'pair' ? few : objects,
    painted: task === 'colour' || task === 'pair' ? Math.max(painted, 0.85) : painted,
    ...(reading ? { writing: language } : {}),
    ...(task === 'pair' ? { apart: true } : {}),
  }
}

/** What the recipe's numbers leave of a task's gatherings; all of them for a task that cannot be had otherwise. */
function allowedBy(objects: SceneRecipe['objects'], wanted: Gatherings): Gatherings {
  const alone = objects['1'] > 0
  const several = Object.entries(objects).some(([number, weight]) => number !== '1' && weight > 0)
  const allowed = Object.entries(wanted).filter(([gathering]) => (gathering === 'single' ? alone : several))
  return allowed.length > 0 ? Object.fromEntries(allowed) : wanted
}
