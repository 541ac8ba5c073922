/** Several exchanges about one scene, of which each may go on from those before it. */
import type { Scene } from '../scenes/scene.ts'
import type { WordingContext } from './context.ts'
import type { Exchange, ExchangeTask, Language } from './exchange.ts'
import { exchangeAbout } from './exchangeAbout.ts'
import { followUp } from './followUp.ts'

/** How often each task is drawn. */
export type TaskWeights = { readonly [task in ExchangeTask]?: number }

/**
 * At most `count` exchanges: fewer where the scene does not afford more. Nothing is asked twice. The weight of
 * `follow-up` counts from the second exchange on; `ocr` and `pair` are no tasks of a single scene.
 */
export function dialogueAbout(
  scene: Scene,
  language: Language,
  count: number,
  context: WordingContext,
  weights: TaskWeights,
): Exchange[] {
  const exchanges: Exchange[] = []
  const { 'follow-up': followUps = 0, ocr: _, pair: __, ...first } = weights
  const open: { [task in ExchangeTask]?: number } = first
  for (let tries = 0; tries < 8 * count && exchanges.length < count; tries++) {
    const following = exchanges.length > 0 ? followUps : 0
    if (following === 0 && !Object.values(open).some(weight => weight > 0)) break
    const task: ExchangeTask = context.random.weighted({ ...open, 'follow-up': following })
    const exchange =
      task === 'follow-up'
        ? followUp(scene, exchanges, language, context)
        : exchangeAbout(task, scene, language, context)
    if (exchange === undefined) {
      // What a scene does not afford it never will; a follow-up may come again.
      if (task !== 'follow-up') open[task] = 0
    } else if (!exchanges.some(other => saysTheSame(other, exchange))) exchanges.push(exchange)
  }
  return exchanges
}

/** The same question, or the same asked in other words. */
function saysTheSame(a: Exchange, b: Exchange): boolean {
  if (a.question === b.question) return true
  const located = a.phrase !== undefined && b.phrase !== undefined
  if (located && JSON.stringify(a.about) === JSON.stringify(b.about)) return true
  if (a.task !== b.task || a.task === 'yes-no' || a.task === 'follow-up') return false
  if (a.task === 'caption' || a.task === 'grounded-caption') return true
  return a.answer === b.answer && JSON.stringify(a.about) === JSON.stringify(b.about)
}
