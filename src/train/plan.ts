/**
 * What a run will need, before it begins: memory for weights, optimiser and activations, and room on the disk. Computed
 * from the configuration and the graph of a step; reads no weights and no data.
 */
import { freeBytes } from '../checkpoint/disk.ts'
import { formatBytes } from '../checkpoint/storedType.ts'
import { languageLayers, type QwenVLConfig } from '../model/index.ts'
import { cutFor, frozenActivations, logitSlices, stepActivations } from './objective/stepGraph.ts'
import { batchShape, type Recipe, sizesFor } from './recipe/index.ts'
import { describeModel } from './run/origin.ts'
import { type TrainedShapes, trainedShapes } from './run/trained.ts'
import { partOfParameter } from './stages.ts'

export interface PlanItem {
  readonly what: string
  readonly bytes: number
}

export interface RunPlan {
  readonly parameters: number
  readonly trained: number
  /** Tokens of a step, over all processes. */
  readonly tokens: number
  /** Pictures that one process is taken to see at once. */
  readonly pictures: number
  /** What one process holds in memory. */
  readonly memory: readonly PlanItem[]
  readonly peak: number
  /** Memory that this process may use, where the system tells. */
  readonly available: number | undefined
  /** What the run writes. */
  readonly disk: readonly PlanItem[]
  readonly written: number
  readonly free: number | undefined
  /** Why the run cannot be, and what would help; empty where it can. */
  readonly problems: readonly string[]
}

/** A run that would not fit into this machine. */
export class PlanError extends Error {
  override readonly name = 'PlanError'
}

/** Bits of a frozen weight of a linear layer, its scales included (blocks of 32). */
const FROZEN_BITS = { float32: 32, int8: 9, int4: 5 } as const

/** What the program itself takes: Node, the engine, batches on their way. */
const PROGRAM = 350 * 2 ** 20

const SAVED_BYTES = { float32: 4, bfloat16: 2, float16: 2 } as const

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)
const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0)

/** Throws a RecipeError or an OriginError for a recipe that fits no model, and a RangeError for one that trains nothing. */
export async function planRun(recipe: Recipe, processes = 1): Promise<RunPlan> {
  const { config, shapes } = await describeModel(recipe.model)
  const { resolution, sequence } = sizesFor(recipe, config)
  const { rowsAtOnce, accumulation } = batchShape(recipe, processes)
  const trained = trainedShapes(recipe, { config, shapes })
  const trainedCount = sum([...trained.shapes.values()].map(count))
  const parameters = sum([...shapes.values()].map(count))
  const pictures = recipe.objective === 'language' ? 0 : rowsAtOnce * picturesOfRow(recipe, sequence, config)
  const memory: PlanItem[] = [
    { what: 'frozen weights', bytes: frozenBytes(recipe, trained, shapes, config) },
    { what: 'trained weights', bytes: 4 * trainedCount },
    { what: 'gradients', bytes: 4 * trainedCount * (accumulation > 1 ? 2 : 1) },
    {
      what: `AdamW's moments${processes > 1 ? `, 1 of ${processes} shares` : ''}`,
      bytes: (8 * trainedCount) / processes,
    },
    {
      what: 'activations',
      bytes: activations(recipe, trained, { config, resolution, sequence, rowsAtOnce, pictures }),
    },
    { what: 'the program, and data on its way', bytes: PROGRAM + 8 * pictures * 3 * resolution ** 2 },
  ]
  const frozenOnDisk = recipe.lora ? 0 : 4 * (parameters - trainedCount)
  const finished = SAVED_BYTES[recipe.precision.saved] * (recipe.lora ? trainedCount : parameters)
  const disk: PlanItem[] = [
    { what: `${recipe.checkpoints.keep + 1} checkpoints`, bytes: (recipe.checkpoints.keep + 1) * 12 * trainedCount },
    { what: 'frozen weights beside them', bytes: frozenOnDisk },
    { what: recipe.lora ? 'the adapter' : 'the finished model', bytes: finished },
  ]
  const peak = sum(memory.map(({ bytes }) => bytes))
  const written = sum(disk.map(({ bytes }) => bytes))
  const available = process.availableMemory?.()
  const free = await freeBytes(recipe.out)
  return {
    parameters,
    trained: trainedCount,
    tokens: recipe.batch * sequence,
    pictures,
    memory,
    peak,
    available,
    disk,
    written,
    free,
    problems: [
      ...(available !== undefined && peak > available ? [tooLarge(recipe, peak, available, memory)] : []),
      ...(free !== undefined && written > free
        ? [
            `it writes ${formatBytes(written)}, and ${recipe.out} has room for ${formatBytes(free)}: free some space, keep fewer checkpoints, or use another folder (--out)`,
          ]
        : []),
    ],
  }
}

function frozenBytes(
  { precision, objective }: Recipe,
  trained: TrainedShapes,
  shapes: ReadonlyMap<string, readonly number[]>,
  config: QwenVLConfig,
): number {
  const packed = new Set([...languageLayers(config).keys()].map(path => `${path}.weight`))
  const bits = FROZEN_BITS[precision.frozen]
  const frozen = [...shapes].filter(([name]) => !trained.shapes.has(name))
  const used = objective === 'language' ? frozen.filter(([name]) => partOfParameter(name) === 'language') : frozen
  return sum(used.map(([name, shape]) => (count(shape) * (packed.has(name) ? bits : 32)) / 8))
}

/** Pictures that a row has room for, each with a few words: how many there will be is up to the data. */
function picturesOfRow({ packing }: Recipe, sequence: number, { visual }: QwenVLConfig): number {
  if (packing === 'none') return 1
  return Math.max(1, Math.floor(sequence / (visual.n_queries + 2 + WORDS)))
}

/** Tokens beside a picture in a short sample. */
const WORDS = 24

interface Sizes {
  readonly config: QwenVLConfig
  readonly resolution: number
  readonly sequence: number
  readonly rowsAtOnce: number
  readonly pictures: number
}

function activations(recipe: Recipe, { shapes, linear }: TrainedShapes, sizes: Sizes): number {
  const { config, resolution: size, sequence: length, rowsAtOnce: rows, pictures } = sizes
  const trained = [...shapes.keys()]
  const cut = cutFor(trained)
  const positions = rows * length
  const described = { config, size, cut, trained, device: 'cpu', positions, recompute: recipe.recompute } as const
  const supervised = Math.ceil(positions / logitSlices(positions, config))
  const step = stepActivations({ ...described, ...(linear && { linear }) }, { rows, length, pictures, supervised })
  const seeing = cut === 'pixels' || pictures === 0 ? 0 : frozenActivations({ config, size, device: 'cpu' }, cut)
  return Math.max(step, seeing)
}

function tooLarge(recipe: Recipe, peak: number, available: number, memory: readonly PlanItem[]): string {
  const largest = [...memory].sort((a, b) => b.bytes - a.bytes)[0]
  const ways = [
    ...(recipe.recompute ? [] : ['recompute: true']),
    ...(recipe.batch > recipe.accumulation ? ['a greater accumulation'] : []),
    ...(recipe.lora ? [] : ['LoRA (recipes/lora.yaml)']),
    ...(recipe.lora && recipe.precision.frozen !== 'int4' ? ['precision.frozen: int4'] : []),
    'more processes, which share the moments',
  ]
  return `it needs ${formatBytes(peak)} of memory, and ${formatBytes(available)} are there; most is for ${largest?.what}. What helps: ${ways.join(', ')}`
}

/** The plan as a table for people. */
export function formatPlan(plan: RunPlan): string {
  const { memory, disk, peak, written, available, free, parameters, trained, tokens } = plan
  const rows = (items: readonly PlanItem[]) =>
    items.map(({ what, bytes }) => `  ${what.padEnd(44)} ${formatBytes(bytes)}`)
  const whole = (value: number) => value.toLocaleString('en-US')
  return [
    `${whole(trained)} of ${whole(parameters)} parameters are trained; ${whole(tokens)} tokens a step`,
    `memory of one process (with ${whole(plan.pictures)} pictures at once):`,
    ...rows(memory),
    `  ${'peak'.padEnd(44)} ${formatBytes(peak)}${available === undefined ? '' : ` of ${formatBytes(available)}`}`,
    'disk:',
    ...rows(disk),
    `  ${'in all'.padEnd(44)} ${formatBytes(written)}${free === undefined ? '' : ` of ${formatBytes(free)}`}`,
    ...plan.problems.map(problem => `It does not fit: ${problem}.`),
  ].join('\n')
}
