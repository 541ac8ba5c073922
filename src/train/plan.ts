/**
 * What a run will need, before it begins: memory for weights, optimiser and activations, and room on the disk. Computed
 * from the configuration and the graph of a step; reads no weights and no data.
 */
import { freeBytes } from '../checkpoint/disk.ts'
import { formatBytes } from '../checkpoint/storedType.ts'
import { type ContrastiveConfig, contrastiveShapes, languageLayers, type QwenVLConfig } from '../model/index.ts'
import { contrastiveActivations } from './objective/contrastiveGraphs.ts'
import { cutFor, frozenActivations, logitSlices, stepActivations } from './objective/stepGraph.ts'
import { batchShape, type Recipe, sizesFor } from './recipe/index.ts'
import { describeModel } from './run/origin.ts'
import { contrastiveNames } from './run/pairSubject.ts'
import { runBytes } from './run/runFolder.ts'
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
  /** What the run writes; `free` has room for it, what it has written already included. */
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
  const needs = await (recipe.objective === 'contrastive' ? needsOfPairs : needsOfTokens)(recipe, processes)
  const { parameters, trained, tokens, pictures, resolution } = needs
  const memory: PlanItem[] = [
    { what: 'frozen weights', bytes: needs.frozen },
    { what: 'trained weights', bytes: 4 * trained },
    { what: 'gradients', bytes: 4 * trained * (recipe.accumulation > 1 ? 2 : 1) },
    { what: `AdamW's moments${processes > 1 ? `, 1 of ${processes} shares` : ''}`, bytes: (8 * trained) / processes },
    { what: 'activations', bytes: needs.activations },
    { what: 'the program, and data on its way', bytes: PROGRAM + 8 * pictures * 3 * resolution ** 2 },
  ]
  const { keep } = recipe.checkpoints
  const finished = SAVED_BYTES[recipe.precision.saved] * (recipe.lora ? trained : needs.written)
  const disk: PlanItem[] = [
    { what: `${keep + 1} checkpoints`, bytes: (keep + 1) * 12 * trained },
    { what: 'frozen weights beside them', bytes: recipe.lora ? 0 : 4 * (needs.written - trained) },
    { what: recipe.lora ? 'the adapter' : 'the finished model', bytes: finished },
  ]
  const peak = sum(memory.map(({ bytes }) => bytes))
  const written = sum(disk.map(({ bytes }) => bytes))
  const available = process.availableMemory?.()
  const left = await freeBytes(recipe.out)
  // What a run has written before it was stopped is part of what it writes in all.
  const free = left === undefined ? undefined : left + (await runBytes(recipe.out))
  return {
    ...{ parameters, trained, tokens, pictures, memory, peak, available, disk, written, free },
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

/** What objectives differ in. Numbers of parameters, and bytes. */
interface Needs {
  readonly parameters: number
  readonly trained: number
  /** Parameters that a checkpoint has. */
  readonly written: number
  readonly tokens: number
  readonly pictures: number
  readonly resolution: number
  readonly frozen: number
  readonly activations: number
}

const countAll = (shapes: Iterable<readonly number[]>) => sum([...shapes].map(count))

async function needsOfTokens(recipe: Recipe, processes: number): Promise<Needs> {
  const { config, shapes } = await describeModel(recipe.model)
  const { resolution, sequence } = sizesFor(recipe, config)
  const { rowsAtOnce } = batchShape(recipe, processes)
  const trained = trainedShapes(recipe, { config, shapes })
  const isLanguage = recipe.objective === 'language'
  const written = [...shapes].filter(([name]) => !isLanguage || partOfParameter(name) === 'language')
  const pictures = isLanguage ? 0 : rowsAtOnce * picturesOfRow(recipe, sequence, config)
  return {
    parameters: countAll(shapes.values()),
    trained: countAll(trained.shapes.values()),
    written: countAll(written.map(([, shape]) => shape)),
    tokens: recipe.batch * sequence,
    ...{ pictures, resolution },
    frozen: frozenBytes(recipe, trained, shapes, config),
    activations: activations(recipe, trained, { config, resolution, sequence, rowsAtOnce, pictures }),
  }
}

async function needsOfPairs(recipe: Recipe, processes: number): Promise<Needs> {
  const { config } = await describeModel(recipe.model)
  const contrastive = recipe.contrastive as ContrastiveConfig
  const { resolution } = sizesFor(recipe, config)
  const { rowsAtOnce, accumulation } = batchShape(recipe, processes)
  const shapes = contrastiveShapes(config, contrastive)
  const names = contrastiveNames(recipe, shapes)
  const trained = countAll(names.map(name => shapes.get(name) as readonly number[]))
  const all = countAll(shapes.values())
  return {
    ...{ parameters: all, written: all, trained, resolution, frozen: 4 * (all - trained) },
    tokens: recipe.batch * contrastive.context,
    // The parts of a step are compared with each other: their pictures are there together.
    pictures: rowsAtOnce * accumulation,
    activations: contrastiveActivations(
      { config, contrastive, size: resolution, trained: names, device: 'cpu', recompute: recipe.recompute },
      rowsAtOnce,
    ),
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

/** Slices of the logits are there one at a time, so that these tell what thousands take. */
const PLANNED_SLICES = 64

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
  const slices = logitSlices(rows * length, config)
  const supervised = Math.ceil((rows * length) / slices)
  const positions = supervised * Math.min(slices, PLANNED_SLICES)
  const described = { config, size, cut, trained, device: 'cpu', positions, recompute: recipe.recompute } as const
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
