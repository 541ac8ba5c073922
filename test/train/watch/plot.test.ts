/** Curves on paper: the right points in the right places, ticks that people can read, and text that stays text. */
import fc from 'fast-check'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import type { TrainingEvent } from '../../../src/train/events.ts'
import { curvesOf } from '../../../src/train/watch/curves.ts'
import { plotNames } from '../../../src/train/watch/panels.ts'
import { EmptyPlotError, plotRuns } from '../../../src/train/watch/plot.ts'
import { linearScale, logarithmicScale } from '../../../src/train/watch/scale.ts'
import { madeRun, madeStep } from './madeRun.ts'

const runOf = async (events: Iterable<TrainingEvent>, name = 'street') => ({ name, curves: await curvesOf(events) })

interface Drawn {
  readonly title: string
  /** The points of each path of a style, as steps and values: the inverse of how they were placed. */
  readonly points: (style: 'raw' | 'main' | 'dashed') => [step: number, value: number][][]
  /** Those of marks. */
  readonly marks: () => [step: number, value: number][]
}

/** The panels of a picture, read back. */
function panelsOf(svg: string): Drawn[] {
  return [...svg.matchAll(/<g class="panel"([^>]*)>(.*?)<\/g>/gs)].map(([, attributes, content]) => {
    const data = Object.fromEntries([...attributes!.matchAll(/data-([\w-]+)="([^"]+)"/g)].map(([, n, v]) => [n!, v!]))
    const [left, right, top, bottom] = ['left', 'right', 'top', 'bottom'].map(name => Number(data[name])) as number[]
    const [from, to] = [Number(data['first-step']), Number(data['last-step'])]
    const [low, high] = [Number(data['lowest']), Number(data['highest'])]
    const back = (x: number, y: number): [number, number] => {
      const part = (bottom! - y) / (bottom! - top!)
      const value = data['scale'] === 'logarithmic' ? low * (high / low) ** part : low + part * (high - low)
      return [from + ((x - left!) / (right! - left!)) * (to - from), value]
    }
    const pathOf = (text: string) =>
      [...text.matchAll(/[ML]([-\d.]+) ([-\d.]+)/g)].map(([, x, y]) => back(Number(x), Number(y)))
    return {
      title: />([^<]*)<\/text>/.exec(content!)![1]!,
      points: style =>
        [...content!.matchAll(new RegExp(`<path d="([^"]*)"[^>]*class="${style}"`, 'g'))].map(match =>
          pathOf(match[1]!),
        ),
      marks: () => {
        const circles = [...content!.matchAll(/<circle cx="([-\d.]+)" cy="([-\d.]+)"/g)]
        return circles.map(([, x, y]) => back(Number(x), Number(y))).filter(([, value]) => value <= high * 1.001)
      },
    }
  })
}

/** Holds points to what they should be, to a hundredth of a pixel. */
function expectPoints(points: [number, number][], steps: readonly number[], values: readonly number[]): void {
  expect(points.length).toBe(steps.length)
  const spread = Math.max(...values) - Math.min(...values)
  for (const [i, [step, value]] of points.entries()) {
    expect(Math.abs(step - steps[i]!)).toBeLessThan(0.02)
    expect(Math.abs(value - values[i]!)).toBeLessThan(2e-3 * Math.max(spread, Math.abs(values[i]!)))
  }
}

test('every step of the run is where it should be, in every panel', async () => {
  const run = await runOf(madeRun({ steps: 300 }))
  const { step, columns, evaluations } = run.curves
  const svg = plotRuns([run], { series: plotNames, smoothing: 0 })
  const [loss, tasks, rate, norm, speed, memory, time] = panelsOf(svg)
  expectPoints(loss!.points('main')[0]!, step, columns.loss)
  expectPoints(rate!.points('main')[0]!, step, columns.learningRate)
  expectPoints(norm!.points('main')[0]!, step, columns.gradientNorm)
  expectPoints(speed!.points('main')[0]!, step, columns.tokensPerSecond)
  expectPoints(memory!.points('main')[0]!, step, columns.memory)
  expectPoints(time!.points('main')[1]!, step, columns.computing)
  expect(
    loss!
      .marks()
      .slice(-evaluations.length)
      .map(([at]) => Math.round(at)),
  ).toEqual(evaluations.map(event => event.step))
  const caption = run.curves.tasks.get('caption')!
  const present = step.filter((_, i) => Number.isFinite(caption[i]))
  expectPoints(tasks!.points('main')[0]!, present, caption.filter(Number.isFinite))
})

test('smoothing draws the mean thick and the steps thin', async () => {
  const run = await runOf(madeRun({ steps: 300 }))
  const [loss] = panelsOf(plotRuns([run], { series: ['loss'] }))
  expectPoints(loss!.points('raw')[0]!, run.curves.step, run.curves.columns.loss)
  const roughness = (points: [number, number][]) =>
    points.slice(1).reduce((sum, [, value], i) => sum + Math.abs(value - points[i]![1]), 0)
  expect(roughness(loss!.points('main')[0]!)).toBeLessThan(0.5 * roughness(loss!.points('raw')[0]!))
})

test('a range of steps shows these steps, smoothed as in the whole', async () => {
  const run = await runOf(madeRun({ steps: 300 }))
  const whole = panelsOf(plotRuns([run], { series: ['loss'] }))[0]!.points('main')[0]!
  const part = panelsOf(plotRuns([run], { series: ['loss'], from: 100, to: 150 }))[0]!.points('main')[0]!
  expectPoints(part, whole.slice(99, 150).map(([step]) => Math.round(step)), whole.slice(99, 150).map(([, y]) => y)) // biome-ignore format: one thought
})

test('the axis of losses is logarithmic when asked for', async () => {
  const run = await runOf(madeRun({ steps: 100 }))
  const svg = plotRuns([run], { series: ['loss'], isLogarithmic: true, smoothing: 0 })
  expect(svg).toContain('data-scale="logarithmic"')
  expectPoints(panelsOf(svg)[0]!.points('main')[0]!, run.curves.step, run.curves.columns.loss)
})

test('several runs share the panels, and are named', async () => {
  const runs = [await runOf(madeRun({ steps: 100 }), 'plain'), await runOf(madeRun({ steps: 60, seed: 3 }), 'other')]
  const svg = plotRuns(runs)
  const [loss, tasks] = panelsOf(svg)
  expect(loss!.points('main').map(points => Math.round(points.at(-1)![0]))).toEqual([100, 60])
  expect(tasks!.points('dashed').length).toBe(3)
  for (const label of ['plain', 'other', 'caption, plain', 'vqa, other']) expect(svg).toContain(`>${label}</text>`)
})

test('a panel without curves is left out: one task is no comparison of tasks', async () => {
  const run = await runOf(madeRun({ steps: 20, tasks: ['caption'] }))
  expect(panelsOf(plotRuns([run])).map(({ title }) => title)).toEqual([
    'loss (nats)',
    'learning rate',
    'gradient norm before clipping',
    'tokens per second',
  ])
})

test('a step whose loss is no number is marked, and the curve goes on', async () => {
  const events = Array.from({ length: 20 }, (_, i) => madeStep(i + 1, { steps: 20 }))
  events[9] = { ...events[9]!, loss: Number.NaN }
  const run = await runOf(events)
  const svg = plotRuns([run], { series: ['loss'], smoothing: 0 })
  expect(svg).toContain('<title>step 10: no number</title>')
  expect(panelsOf(svg)[0]!.points('main')[0]!.length).toBe(19)
  const all = await runOf(events.map(event => ({ ...event, loss: Number.NaN })))
  expect(plotRuns([all], { series: ['loss'] }).match(/class="failed"/g)).toHaveLength(20)
})

test('where nothing lies in the range, the message says what does', async () => {
  const run = await runOf(madeRun({ steps: 20 }))
  expect(() => plotRuns([run], { from: 100, to: 200 })).toThrow(EmptyPlotError)
  expect(() => plotRuns([run], { from: 100, to: 200 })).toThrow(
    /nothing to plot from step 100 to step 200: there are steps 1 to 20/,
  )
  const empty = await runOf(madeRun({ steps: 20, until: 0 }))
  expect(() => plotRuns([empty])).toThrow(/nothing to plot: no step has been logged yet/)
})

test('names of runs and tasks stay text', async () => {
  const hostile = `"><script>alert(1)</script>&'\u0000\u001b`
  const run = await runOf(madeRun({ steps: 20, tasks: [hostile, 'b'] }), hostile)
  const svg = plotRuns([run])
  expect(svg).not.toContain('<script')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no place for them
  expect(svg).not.toMatch(/[\u0000-\u0008]/)
  await sharp(Buffer.from(svg)).metadata() // well-formed, or it throws
})

test('a PNG of it has ink: the text is there', async () => {
  const svg = plotRuns([await runOf(madeRun({ steps: 20 }))], { series: ['loss'] })
  const { data, info } = await sharp(Buffer.from(svg)).extract({ left: 60, top: 8, width: 200, height: 24 }).greyscale().raw().toBuffer({ resolveWithObject: true }) // biome-ignore format: one thought
  expect(data.filter(value => value < 100).length).toBeGreaterThan(50)
  expect(info.channels).toBe(1)
})

test('a long run makes no large file', async () => {
  const run = await runOf(Array.from({ length: 20_000 }, (_, i) => madeStep(i + 1, { steps: 20_000 })))
  expect(plotRuns([run]).length).toBeLessThan(800_000)
})

const ranges = fc
  .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }))
  .map(([low, size]) => [low, low + Math.max(size, Math.abs(low) * 1e-6)] as const)

test('a linear scale holds its range, and has from two to eleven ticks that differ', () => {
  fc.assert(
    fc.property(ranges, ([low, high]) => {
      const { from, to, ticks, place, value } = linearScale(low, high)
      expect(from).toBeLessThanOrEqual(low + 1e-8 * (high - low))
      expect(to).toBeGreaterThanOrEqual(high - 1e-8 * (high - low))
      expect(ticks.length).toBeGreaterThanOrEqual(2)
      expect(ticks.length).toBeLessThanOrEqual(11)
      expect(value(place((low + high) / 2))).toBeCloseTo((low + high) / 2, 4)
    }),
  )
})

test('a logarithmic scale holds its range, and has ticks', () => {
  const bounds = fc.tuple(fc.double({ min: -8, max: 8, noNaN: true }), fc.double({ min: 0, max: 10, noNaN: true }))
  fc.assert(
    fc.property(bounds, ([power, decades]) => {
      const [low, high] = [10 ** power, 10 ** (power + decades)]
      const { from, to, ticks, place, value } = logarithmicScale(low, high)
      expect(from).toBeLessThanOrEqual(low * 1.001)
      expect(to).toBeGreaterThanOrEqual(high * 0.999)
      expect(ticks.length).toBeGreaterThanOrEqual(2)
      expect(ticks.length).toBeLessThanOrEqual(11)
      expect(value(place(low)) / low).toBeCloseTo(1, 6)
    }),
  )
})

test.each([
  [0, 10, '0 2 4 6 8 10'],
  [0, 1e-4, '0 2e-5 4e-5 6e-5 8e-5 1e-4'],
  [1.21, 1.34, '1.20 1.25 1.30 1.35'],
  [0, 43_000, '0 10k 20k 30k 40k 50k'],
])('ticks from %d to %d are %s', (low, high, texts) => {
  expect(
    linearScale(low, high)
      .ticks.map(tick => tick.text)
      .join(' '),
  ).toBe(texts)
})
