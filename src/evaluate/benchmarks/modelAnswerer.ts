/** A model of a folder as one who answers items: batches, each picture seen once, the likeliest token each time. */

import { fingerprint } from '../../checkpoint/fingerprint.ts'
import { openCheckpoint } from '../../checkpoint/folder.ts'
import { openAdapter } from '../../checkpoint/peft.ts'
import type { Prompt } from '../../generate/context.ts'
import { FeatureCache } from '../../generate/features.ts'
import { generate } from '../../generate/generate.ts'
import { type LoadedModel, type LoadOptions, loadModel, windowOf } from '../../generate/load.ts'
import { decode, ownMachine, type PictureSource, preprocess } from '../../image/index.ts'
import { type ChatFormat, stopSequences } from '../../text/node.ts'
import type { Answerer, AnswerOptions } from './answerer.ts'
import type { BenchmarkItem } from './benchmark.ts'
import { type ItemPrompt, itemPrompt } from './prompt.ts'

/** Loads a model. The caller disposes of it. Throws what `loadModel` throws. */
export async function openModelAnswerer(reference: string, options: LoadOptions = {}): Promise<Answerer> {
  const model = await loadModel(reference, options)
  try {
    return new ModelAnswerer(model, await identityOf(model, options))
  } catch (error) {
    await model.dispose()
    throw error
  }
}

/** What tells this model from others: its tensors, and how they are computed. */
async function identityOf({ origin, weights }: LoadedModel, { adapter }: LoadOptions): Promise<Record<string, string>> {
  await using checkpoint = await openCheckpoint(origin)
  const identity = { model: await fingerprint(checkpoint), weights: weights.description }
  if (adapter === undefined) return identity
  await using opened = await openAdapter(adapter)
  return { ...identity, adapter: await fingerprint({ tensors: [...opened.tensors.values()] }) }
}

class ModelAnswerer implements Answerer {
  readonly identity: Readonly<Record<string, string>>
  readonly #model: LoadedModel
  readonly #features = new FeatureCache()

  constructor(model: LoadedModel, identity: Readonly<Record<string, string>>) {
    this.#model = model
    this.identity = identity
  }

  promptLength(item: BenchmarkItem): number {
    return this.#promptOf(item).ids.length
  }

  async answer(items: readonly BenchmarkItem[], { maxNewTokens, signal }: AnswerOptions): Promise<readonly string[]> {
    const prompts = items.map(item => this.#promptOf(item))
    const seen: Prompt[] = []
    for (const prompt of prompts) seen.push(await this.#seen(prompt, signal))
    const longest = Math.max(...prompts.map(({ ids }) => ids.length))
    const formats = [...new Set(items.map(({ format }) => format))]
    const stops = formats.flatMap(format => stopSequences(this.#model.tokenizer, format))
    const endTokens = [...stops.filter(({ length }) => length === 1).flat(), ...(this.#model.defaults.endTokens ?? [])]
    const events = generate(this.#model.network, seen, {
      sample: false,
      maxNewTokens: Math.min(maxNewTokens, this.#window - longest),
      endTokens,
      stopSequences: stops.filter(({ length }) => length > 1),
      ...(signal === undefined ? {} : { signal }),
    })
    const answers = items.map(() => '')
    for await (const event of events) {
      if (event.kind === 'end') answers[event.row] = this.#textOf(event.tokens, items[event.row]!.format)
    }
    return answers
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#model.dispose()
  }

  get #window(): number {
    return windowOf(this.#model.config)
  }

  #promptOf(item: BenchmarkItem): ItemPrompt {
    const { tokenizer, defaults } = this.#model
    return itemPrompt(tokenizer, item, { window: this.#window, historyWindow: defaults.historyWindow })
  }

  async #seen({ ids, pictures }: ItemPrompt, signal: AbortSignal | undefined): Promise<Prompt> {
    const seen: Prompt['pictures'][number][] = []
    for (const { image, start } of pictures) {
      signal?.throwIfAborted()
      seen.push({ at: start + 1, ...(await this.#look(image, signal)) })
    }
    return { tokens: ids, pictures: seen }
  }

  async #look(image: PictureSource, signal: AbortSignal | undefined) {
    const { network, config } = this.#model
    const size = config.visual.image_size
    const picture = await decode(image, { allow: ownMachine, ...(signal === undefined ? {} : { signal }) })
    const key = `${picture.sha256}:${size}`
    return { key, features: await this.#features.get(key, () => network.see(preprocess(picture, size), size)) }
  }

  /** A base model goes on with the next speaker of a dialogue where nobody stops it. */
  #textOf(tokens: readonly number[], format: ChatFormat): string {
    const text = this.#model.tokenizer.decode(tokens, { specials: 'markup' })
    return (format === 'raw' ? (text.split('Human:')[0] as string) : text).trim()
  }
}
