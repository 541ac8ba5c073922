/**
 * A LoRA adapter beside the weights of a model, whatever those are: floats or small integers. Modules that the adapter
 * saved whole stand in the place of the base's. Opens no files; merging is `train/merge`'s affair.
 */
import type { Adapter } from '../checkpoint/peft.ts'
import { tensorSource } from '../checkpoint/tensor.ts'
import { type LinearLayer, plainLinear } from '../graph/index.ts'
import { loraLinear } from '../model/index.ts'
import type { WeightSource } from '../runtime/runtime.ts'
import type { ModelWeights } from './weights.ts'

/**
 * The weights of a base with an adapter beside them. The caller has held the adapter against the base (`checkAdapter`),
 * and keeps it open until everything is loaded.
 */
export function withAdapter(base: ModelWeights, adapter: Adapter): ModelWeights {
  const { modules, saved, tensors } = adapter
  // A layer saved whole is floats, also where the base has integers.
  const layer: LinearLayer = (at, x, shape) => (saved.has(at.path('weight')) ? plainLinear : base.linear)(at, x, shape)
  const whole = saved.size > 0 ? `, ${saved.size} ${saved.size === 1 ? 'tensor' : 'tensors'} whole` : ''
  return {
    ...base,
    linear: loraLinear(layer, {
      rankOf: path => modules.get(path)?.rank,
      scaleOf: path => modules.get(path)?.scale ?? 0,
    }),
    async load(wanted) {
      const sources: [string, WeightSource][] = []
      for (const { name } of wanted) {
        const own = tensors.get(name)
        if (own) sources.push([name, (await tensorSource(own, 'float32')) as WeightSource])
      }
      const rest = await base.load(wanted.filter(({ name }) => !tensors.has(name)))
      return { ...rest, ...Object.fromEntries(sources) }
    },
    description: `${base.description}, with an adapter (${modules.size} layers${whole})`,
  }
}
