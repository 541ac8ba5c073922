/** The two compiled graphs that answering needs: one sees pictures, one reads tokens. */
import {
  type CompiledGraph,
  compile,
  gather,
  input,
  type LinearLayer,
  reshape,
  scope,
  type Tensor,
} from '../graph/index.ts'
import { logits, type QwenVLConfig, read, rotaryWidth, see } from '../model/index.ts'
import type { Device } from '../runtime/runtime.ts'
import { freshName, pastName } from './cache.ts'

/** What graphs are made for. */
export interface GraphTarget {
  readonly device: Device
  /** How linear layers are made (default: plain). */
  readonly linear?: LinearLayer | undefined
}

const rootOf = ({ linear }: GraphTarget) => scope('', linear ? { linear } : {})

/** pixels [pictures, 3, size, size] → features [pictures, queries, hidden] */
export function visionGraph(config: QwenVLConfig, size: number, target: GraphTarget): CompiledGraph {
  const pixels = input('pixels', 'float32', ['pictures', 3, size, size])
  return compile({ features: see(rootOf(target), pixels, config) }, { device: target.device })
}

/** The decoder's inputs, as symbolic tensors by their names. */
function decoderInputs(config: QwenVLConfig) {
  const half = rotaryWidth(config) / 2
  const { num_attention_heads: heads, kv_channels: channels } = config
  const kept = (kind: 'keys' | 'values', layer: number) =>
    input(pastName(kind, layer), 'float32', ['batch', heads, 'past', channels])
  return {
    tokens: input('tokens', 'int64', ['batch', 'sequence']),
    features: input('features', 'float32', ['pictures', config.visual.n_queries, config.hidden_size]),
    /** Where features go in the flattened batch. */
    slots: input('slots', 'int64', [`${config.visual.n_queries}*pictures`]),
    cosines: input('cosines', 'float32', ['batch', 'sequence', half]),
    sines: input('sines', 'float32', ['batch', 'sequence', half]),
    queryScale: input('queryScale', 'float32', ['batch', 'sequence']),
    mask: input('mask', 'float32', ['batch', 1, 'sequence', 'past+sequence']),
    /** Positions in the flattened batch whose scores are wanted. */
    wanted: input('wanted', 'int64', ['wanted']),
    past: Array.from({ length: config.num_hidden_layers }, (_, layer) => ({
      keys: kept('keys', layer),
      values: kept('values', layer),
    })),
  }
}

/**
 * tokens and everything around them → `logits` [wanted, vocabulary], and for each layer the keys and values to keep.
 * One graph for reading a prompt, with or without pictures, and for writing token by token: a second would hold the
 * weights a second time.
 */
export function decoderGraph(config: QwenVLConfig, target: GraphTarget): CompiledGraph {
  const root = rootOf(target)
  const { tokens, features, slots, wanted, ...around } = decoderInputs(config)
  const { hidden, fresh } = read(root, tokens, { features, slots }, around, config)
  const rows = reshape(hidden, [-1, config.hidden_size]) // [batch·sequence, hidden]
  const outputs: Record<string, Tensor> = { logits: logits(root, gather(rows, wanted), config) }
  fresh.forEach(({ keys, values }, layer) => {
    outputs[freshName('keys', layer)] = keys
    outputs[freshName('values', layer)] = values
  })
  return compile(outputs, { device: target.device })
}
