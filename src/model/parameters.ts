/** The parameters of a model by name and shape, found by describing it: nothing is listed twice. */
import { constant, input, type Scope, type ScopeOptions, scope } from '../graph/index.ts'
import { type QwenVLConfig, rotaryWidth } from './config.ts'
import { logits } from './languageModel.ts'
import { read, see } from './qwenVL.ts'

/** Every parameter of the published layout, in the order of describing. Values are shapes. */
export function parameterShapes(config: QwenVLConfig): Map<string, readonly number[]> {
  const root = describeWhole(config)
  return new Map([...root.parameters].map(([name, { shape }]) => [name, shape as readonly number[]]))
}

/** Describes the whole model, with one picture size and any text, in a scope of its own. */
export function describeWhole(config: QwenVLConfig, options: ScopeOptions = {}): Scope {
  const root = scope('', options)
  const { image_size: side } = config.visual
  const features = see(root, input('pixels', 'float32', ['pictures', 3, side, side]), config)
  const half = rotaryWidth(config) / 2
  const tokens = input('tokens', 'int64', ['batch', 'sequence'])
  const slots = input('slots', 'int64', [`${config.visual.n_queries}*pictures`])
  const { hidden } = read(
    root,
    tokens,
    { features, slots },
    {
      cosines: input('cosines', 'float32', ['sequence', half]),
      sines: input('sines', 'float32', ['sequence', half]),
      mask: constant([0], [1, 1]),
    },
    config,
  )
  logits(root, hidden, config)
  return root
}
