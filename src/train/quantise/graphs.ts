/**
 * The graphs of quantising, block by block: a block of the language model, what reaches its linear layers, and the scores
 * at the end. Describes only. All blocks have the graphs of the first: its parameters are fed the values of each in turn.
 */
import {
  type CompiledGraph,
  compile,
  flatten,
  input,
  type LinearLayer,
  matmul,
  plainLinear,
  scope,
  type Tensor,
} from '../../graph/index.ts'
import { type QwenVLConfig, rotaryWidth } from '../../model/index.ts'
import { decode, logits } from '../../model/languageModel.ts'
import { transformerScope } from '../../model/qwenVL.ts'
import type { Device } from '../../runtime/runtime.ts'
import { packedMask } from '../objective/stepGraph.ts'

/** Where the parameters of block `number` are. */
export const blockPath = (number: number): string => `transformer.h.${number}`

/** The layers of a block that read the same inputs, in the order in which they are quantised (`true_sequential`). */
export const stages = [['attn.c_attn'], ['attn.c_proj'], ['mlp.w1', 'mlp.w2'], ['mlp.c_proj']] as const

/** The inputs of a block, for one row of samples that do not see each other. */
function blockInputs(config: QwenVLConfig) {
  const half = rotaryWidth(config) / 2
  const segments = input('segments', 'float32', ['rows', 'length'])
  const places = input('places', 'float32', ['rows', 'length'])
  return {
    hidden: input('hidden', 'float32', ['rows', 'length', config.hidden_size]),
    around: {
      cosines: input('cosines', 'float32', ['rows', 'length', half]),
      sines: input('sines', 'float32', ['rows', 'length', half]),
      mask: packedMask(segments, places),
    },
  }
}

/** Describes one block. Gives what comes out of it, and what goes into its linear layers by their paths. */
function describeBlock(config: QwenVLConfig) {
  const reached = new Map<string, Tensor>()
  const linear: LinearLayer = (at, x, shape) => {
    reached.set(at.path('').replace(/\.$/, ''), x)
    return plainLinear(at, x, shape)
  }
  const root = scope('', { linear })
  const { hidden, around } = blockInputs(config)
  let after = hidden
  decode(transformerScope(root), hidden, around, { ...config, num_hidden_layers: 1 }, (name, tensor) => {
    if (name === 'lm.layer.0') after = tensor
  })
  return { after, reached }
}

/** `hidden` [rows, length, hidden] → `after`, the same behind the block. Its parameters are fed. */
export const blockGraph = (config: QwenVLConfig, device: Device): CompiledGraph =>
  compile({ after: describeBlock(config).after }, { device, trained: 'all' })

/** `hidden` → `moments` [in, in]: the sum over positions of x xᵀ of what goes into the layers of a stage. */
export function momentsGraph(stage: number, config: QwenVLConfig, device: Device): CompiledGraph {
  const [layer] = stages[stage]!
  const x = flatten(describeBlock(config).reached.get(`${blockPath(0)}.${layer}`)!, 0, -2) // [length, in]
  return compile({ moments: matmul(x, x, { transposeA: true }) }, { device, trained: 'all' })
}

/** `hidden` [rows, length, hidden] behind the last block → `scores` [rows, length, vocabulary]. */
export function scoresGraph(config: QwenVLConfig, device: Device): CompiledGraph {
  const root = scope()
  const { hidden, around } = blockInputs(config)
  const last = decode(transformerScope(root), hidden, around, { ...config, num_hidden_layers: 0 })
  return compile({ scores: logits(root, last.hidden, config) }, { device })
}
