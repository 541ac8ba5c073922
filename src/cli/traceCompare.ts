/** What `qwen-vl trace --compare` tells: where two traces part first, or that they agree. */
import { type Comparison, compareTraces, type Difference } from '../generate/trace.ts'
import type { TensorValue } from '../runtime/runtime.ts'

type Trace = Readonly<Record<string, TensorValue>>

export interface Compared extends Comparison {
  readonly agree: boolean
  readonly tolerance: number
  /** Tensors that only one of the two has. */
  readonly onlyHere: readonly string[]
  readonly onlyThere: readonly string[]
  /** To be thrown at the end, if they part. */
  readonly failure: Error | undefined
}

interface Comparing {
  readonly ours: Trace
  readonly reference: Trace
  /** The file of the reference. */
  readonly file: string
  readonly tolerance: number
  /** Say on standard output that they agree, and what was left out. */
  readonly print: boolean
}

export function compareWith({ ours, reference, file, tolerance, print }: Comparing): Compared {
  const comparison = compareTraces(ours, reference, tolerance)
  const { first, compared, furthest } = comparison
  const onlyHere = Object.keys(ours).filter(name => !reference[name])
  const onlyThere = Object.keys(reference).filter(name => !ours[name])
  if (print) {
    if (onlyHere.length > 0) tell(`not compared, since ${file} lacks them: ${listed(onlyHere)}`)
    if (onlyThere.length > 0) tell(`not compared, since only ${file} has them: ${listed(onlyThere)}`)
    if (!first && furthest) {
      const off = furthest.relative === 0 ? 'exactly' : `to ${furthest.relative.toExponential(1)} (${furthest.name})`
      tell(`all ${compared} tensors agree ${off}; allowed is ${tolerance} of a tensor's largest value`)
    }
  }
  const failure = first && new Error(parting(first, { ours, reference, file, tolerance, compared }))
  return { ...comparison, agree: !first, tolerance, onlyHere, onlyThere, failure }
}

/** Names that a line shows. */
const SHOWN = 6

const listed = (names: readonly string[]) =>
  names.length <= SHOWN ? names.join(', ') : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`

const tell = (line: string) => void process.stdout.write(`${line}\n`)

/** `the traces part at lm.layer.3 [0, 12, 77]: 0.31 here, 0.52 in reference.safetensors, …` */
function parting(
  { name, kind, at, ours, theirs, largest }: Difference,
  { compared, tolerance, file, ...traces }: Omit<Comparing, 'print'> & { readonly compared: number },
): string {
  const place = `the traces part at ${name} (tensor ${compared} of those that both have)`
  const shape = (trace: Trace) => `[${trace[name]?.shape.join(', ')}]`
  if (kind === 'shape')
    return `${place}: its shape is ${shape(traces.ours)} here, ${shape(traces.reference)} in ${file}`
  return `${place}: furthest at [${at.join(', ')}], ${ours} here, ${theirs} in ${file}, ${largest.toPrecision(3)} apart; allowed is ${tolerance} of the tensor's largest value`
}
