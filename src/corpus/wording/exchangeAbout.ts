/** One question about a scene and its answer, for each task. */
import type { Scene } from '../scenes/scene.ts'
import { type Asker, askingOf } from './asking.ts'
import { askCaption } from './caption.ts'
import type { WordingContext } from './context.ts'
import type { Exchange, ExchangeTask, Language } from './exchange.ts'
import { askGroundedCaption } from './groundedCaption.ts'
import { askLocate, askLocateByDescription } from './locate.ts'
import { askColour } from './questions/colour.ts'
import { askCompare } from './questions/compare.ts'
import { askCount } from './questions/count.ts'
import { askName } from './questions/name.ts'
import { askPosition } from './questions/position.ts'
import { askRead } from './questions/read.ts'
import { askRegion } from './questions/region.ts'
import { askRelation } from './questions/relation.ts'
import { askYesNo } from './questions/yesNo.ts'

const askers: Readonly<Record<Exclude<ExchangeTask, 'ocr' | 'pair' | 'follow-up'>, Asker>> = {
  caption: askCaption,
  'grounded-caption': askGroundedCaption,
  locate: askLocate,
  'locate-by-description': askLocateByDescription,
  name: askName,
  colour: askColour,
  count: askCount,
  position: askPosition,
  relation: askRelation,
  'yes-no': askYesNo,
  compare: askCompare,
  read: askRead,
  region: askRegion,
}

/**
 * A question about a scene and its answer. Undefined where the scene does not afford it: nothing with a name of its own,
 * no plain colour, nothing written; and for `ocr`, `pair` and `follow-up`, which need more than a scene.
 * Throws a WordingError for a kind that the catalogue lacks.
 *
 *     exchangeAbout('colour', scene, 'en', { random, kinds, categories })
 *     // { task: 'colour', language: 'en', question: 'What colour is the car?', answer: 'red', references: [], about: [0] }
 */
export function exchangeAbout(
  task: ExchangeTask,
  scene: Scene,
  language: Language,
  context: WordingContext,
): Exchange | undefined {
  if (task === 'ocr' || task === 'pair' || task === 'follow-up') return undefined
  return askers[task](askingOf(scene, language, context))
}
