/**
 * How well models predict what is learnt in the same samples, from their hidden states behind the last block: losses, and
 * how often the likeliest token is that of the first model. Knows neither blocks nor quantisation.
 */
import type { WeightLoader } from '../../generate/network.ts'
import type { QwenVLConfig } from '../../model/index.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'
import type { Score } from './events.ts'
import { scoresGraph } from './graphs.ts'
import type { Row } from './states.ts'

/** Positions whose scores are computed at once: 39 MB with the published vocabulary. */
const AT_ONCE = 64

export interface ScoreOptions {
  readonly runtime: Runtime
  readonly config: QwenVLConfig
  readonly load: WeightLoader
  readonly signal?: AbortSignal | undefined
}

/** One score for each model, in their order; the first is what the others are held against. */
export async function scoreModels(
  models: readonly { readonly model: Score['model']; readonly rows: readonly Row[] }[],
  { runtime, config, load, signal }: ScoreOptions,
): Promise<Score[]> {
  const graph = scoresGraph(config, runtime.device)
  const wanted = graph.weights.map(({ name, type, shape }) => ({ name, type, shape: shape as readonly number[] }))
  await using session = await runtime.openSession(graph, { weights: await load(wanted) })
  const { hidden_size: width, vocab_size: vocabulary } = config
  const scores: Score[] = []
  let first: readonly number[] | undefined
  for (const { model, rows } of models) {
    const likeliest: number[] = []
    let loss = 0
    for (const { hidden, supervised } of rows) {
      for (let start = 0; start < supervised.length; start += AT_ONCE) {
        signal?.throwIfAborted()
        const part = supervised.slice(start, start + AT_ONCE)
        const states = new Float32Array(part.length * width)
        part.forEach(({ at }, i) => {
          states.set(hidden.subarray(at * width, (at + 1) * width), i * width)
        })
        const outputs = await session.run({ hidden: tensorValue('float32', [1, part.length, width], states) })
        const logits = outputs['scores']?.data as Float32Array
        part.forEach(({ target }, i) => {
          const found = predict(logits.subarray(i * vocabulary, (i + 1) * vocabulary), target)
          likeliest.push(found.likeliest)
          loss += found.loss
        })
      }
    }
    first ??= likeliest
    const mean = loss / likeliest.length
    const agreeing = likeliest.filter((token, i) => token === first?.[i]).length
    scores.push({ model, loss: mean, perplexity: Math.exp(mean), agreement: agreeing / likeliest.length })
  }
  return scores
}

/** -log softmax(scores)[target], and the token with the highest score. */
function predict(scores: Float32Array, target: number): { readonly loss: number; readonly likeliest: number } {
  let likeliest = 0
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[likeliest]!) likeliest = i
  const highest = scores[likeliest]!
  let sum = 0
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i]! - highest)
  return { loss: highest + Math.log(sum) - scores[target]!, likeliest }
}
