/** How a trained model is to be asked: as a conversation, or as a text to go on with. Decided by what it learnt from. */
import type { Tokenizer } from '../../text/index.ts'
import type { Recipe } from '../recipe/recipe.ts'
import type { Companions } from './origin.ts'

export type ChatFormat = 'chatml' | 'raw'

/** Conversations make a chat model; so does stage 3, whatever its archives hold. */
export function chatFormatOf({ data, stage, objective }: Recipe): ChatFormat {
  if (objective !== 'qwen-vl') return 'raw'
  const hasConversations = data.some(({ conversations }) => conversations !== undefined)
  return hasConversations || (stage === 3 && data.some(({ shards }) => shards !== undefined)) ? 'chatml' : 'raw'
}

/** The companions with a `generation_config.json` of that format; what it says of other things is kept. */
export function withChatFormat(companions: Companions, format: ChatFormat, { ids }: Tokenizer): Companions {
  const file = 'generation_config.json'
  const before = companions[file]
  const known = before === undefined ? {} : JSON.parse(Buffer.from(before).toString('utf8'))
  const defaults = { do_sample: false, max_new_tokens: 512, eos_token_id: ids.endoftext, pad_token_id: ids.endoftext }
  const config = { ...defaults, ...known, chat_format: format }
  return { ...companions, [file]: `${JSON.stringify(config, undefined, 2)}\n` }
}
