/** The panels of a picture as a page gets them: thinned to what a screen can show, with few digits, as JSON. */
import { z } from 'zod'
import { makePanels, type NamedRun, type PlotName } from '../panels.ts'
import { thin } from '../smoothing.ts'

/** What a page can ask for. Without `from` and `to` all steps, without `smoothing` what suits the run. */
const querySchema = z.object({
  from: z.coerce.number().min(0).optional(),
  to: z.coerce.number().min(0).optional(),
  smoothing: z.coerce.number().int().min(0).max(100_000).optional(),
  logarithmic: z.enum(['0', '1']).default('0'),
})

const series: readonly PlotName[] = ['loss', 'tasks', 'norm', 'rate', 'speed', 'memory', 'time']

/** Most points of a line: enough for the widest screen, and for a second look without asking again. */
const mostPoints = 2000

/** Most steps without a number that are named. */
const mostFailed = 200

/** The panels that a query asks for; undefined for a query that asks for something else. */
export function panelData(runs: readonly NamedRun[], query: URLSearchParams): object | undefined {
  const { success, data } = querySchema.safeParse(Object.fromEntries(query))
  if (!success) return undefined
  const { from = 0, to = Number.MAX_SAFE_INTEGER, smoothing, logarithmic } = data
  const panels = makePanels(runs, { series, from, to, smoothing, isLogarithmic: logarithmic === '1' })
  return {
    panels: panels.map(panel => ({
      ...panel,
      failed: panel.failed.slice(0, mostFailed),
      lines: panel.lines.map(({ x, y, ...line }) => {
        const isShown = (value: number) => Number.isFinite(value) && (!panel.isLogarithmic || value > 0)
        const places = y.map((_, i) => i).filter(i => isShown(y[i] as number))
        const values = places.map(i => y[i] as number)
        const kept = thin(values, mostPoints)
        return {
          ...line,
          x: kept.map(i => x[places[i] as number]),
          y: kept.map(i => Number((values[i] as number).toPrecision(5))),
        }
      }),
    })),
    resumed: [...new Set(runs.flatMap(({ curves }) => curves.resumed))],
  }
}
