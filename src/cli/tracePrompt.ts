/** The tokens that `qwen-vl trace` reads, from ids or from a text, checked against the model and the pictures. */
import type { OpenedModel } from '../generate/load.ts'
import type { QwenVLConfig } from '../model/index.ts'
import { UsageError } from './failure.ts'

export interface PromptOptions {
  readonly promptIds?: string
  readonly prompt?: string
  readonly window?: number
}

/** The tokens of a prompt with places for so many pictures. Throws an Error that says what does not fit. */
export async function makePrompt(opened: OpenedModel, options: PromptOptions, pictures: number): Promise<number[]> {
  const { promptIds, prompt = '' } = options
  const tokens = promptIds === undefined ? await encode(opened, prompt, pictures) : readIds(promptIds)
  const { config } = opened
  checkIds(tokens, config)
  checkPlaces(tokens, config, pictures)
  await checkLength(tokens, options, config, pictures)
  return tokens
}

/** `1,2,3`, with spaces and brackets as programs print them. */
function readIds(text: string): number[] {
  const words = text
    .trim()
    .replace(/^\[(.*)\]$/s, '$1')
    .split(',')
    .map(word => word.trim())
  const wrong = words.find(word => !/^\d+$/.test(word))
  if (wrong !== undefined)
    throw new UsageError(`--prompt-ids must be whole numbers, separated by commas: "${wrong}" is none`)
  return words.map(Number)
}

/** The pictures first, then the text as it stands. */
async function encode({ path, config, checkpoint }: OpenedModel, text: string, pictures: number): Promise<number[]> {
  const { openModelTokenizer } = await import('../generate/load.ts')
  const { rawPrompt } = await import('../text/node.ts')
  using tokenizer = await openModelTokenizer(path, config, checkpoint.config)
  const content = [...Array.from({ length: pictures }, (_, image) => ({ image })), { text }]
  return [...rawPrompt(tokenizer, content, { specials: 'all' }).ids]
}

function checkIds(tokens: readonly number[], { vocab_size: vocabulary }: QwenVLConfig): void {
  if (tokens.length === 0) throw new Error('the prompt is empty: there is nothing to read')
  const at = tokens.findIndex(token => token >= vocabulary)
  if (at >= 0)
    throw new Error(
      `token ${tokens[at]} (number ${at + 1} of the prompt) is none: the model has 0 to ${vocabulary - 1}`,
    )
}

/** Every start of a picture is followed by its slots, and there is a picture for each. */
function checkPlaces(tokens: readonly number[], { visual }: QwenVLConfig, pictures: number): void {
  const { image_start_id: start, n_queries: queries } = visual
  const places = tokens.flatMap((token, at) => (token === start ? [at] : []))
  const short = places.find(at => at + queries >= tokens.length)
  if (short !== undefined) {
    throw new Error(
      `the picture that begins with token number ${short + 1} needs ${queries} slots after it, but ${tokens.length - short - 1} tokens follow`,
    )
  }
  if (places.length === pictures) return
  const count = (n: number) => `${n} ${n === 1 ? 'picture' : 'pictures'}`
  throw new Error(
    `the prompt has places for ${count(places.length)} (token ${start}), but --image gives ${count(pictures)}`,
  )
}

/** A trace holds no answer, so that a prompt may fill the window. */
async function checkLength(
  tokens: readonly number[],
  { window }: PromptOptions,
  config: QwenVLConfig,
  pictures: number,
): Promise<void> {
  const { windowOf } = await import('../generate/load.ts')
  const { PromptTooLongError } = await import('../text/errors.ts')
  const most = window ?? windowOf(config)
  if (tokens.length <= most) return
  const pictureTokens = pictures * (config.visual.n_queries + 2)
  throw new PromptTooLongError(
    { total: tokens.length, text: tokens.length - pictureTokens, pictures, pictureTokens },
    most,
  )
}
