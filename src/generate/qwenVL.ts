/**
 * A model to talk to: pictures and texts in, answers with boxes out. Everything that the parts of this folder do is put
 * together here, for programs in Node.
 */
import { decode, type Limits, ownMachine, type Picture, type PictureSource, preprocess } from '../image/index.ts'
import type { Allow } from '../image/source.ts'
import {
  type ChatFormat,
  type Content,
  chatPrompt,
  countTokens,
  type MarkupOptions,
  rawPrompt,
  stopSequences,
  type Message as TextMessage,
  type Prompt as TextPrompt,
  type TokenCount,
} from '../text/node.ts'
import type { Answer } from './answer.ts'
import { AnswerStream, type Piece } from './answerStream.ts'
import { Context, type Prompt } from './context.ts'
import { FeatureCache } from './features.ts'
import { type GenerateOptions, generate, generateAnswers, generateOn } from './generate.ts'
import { type LoadedModel, type LoadOptions, loadModel, windowOf } from './load.ts'
import {
  type CaptionOptions,
  captionQuestion,
  contentOf,
  freeQuestion,
  locateQuestion,
  type Question,
  readQuestion,
} from './questions.ts'
import type { Rounding } from './weights.ts'
import { writeAnswer, writeAnswers } from './writeAnswer.ts'

/** A message of a conversation: text, or pieces of text and pictures. */
export type Message = TextMessage<PictureSource>

export interface QwenVLOptions extends LoadOptions {
  /**
   * What pictures may be read from. The default is for a person's own programs: every file and every address. Whoever
   * passes on what strangers send says here what they may reach.
   */
  readonly allow?: Allow
  /** What decoding a picture may cost. */
  readonly limits?: Partial<Limits>
  /** Tokens that prompt and answer may take together (default: what the configuration was made for). */
  readonly window?: number
}

export interface AskOptions extends Omit<GenerateOptions, 'endTokens' | 'stopSequences'> {
  /** Texts that end an answer; they are not part of it. */
  readonly stop?: readonly string[]
  /** The system message, where the conversation has none. */
  readonly system?: string
  /** Told of each piece as it is written, by `ask`, `caption`, `locate` and `read`: the others give streams. */
  readonly onPiece?: (piece: Piece) => void
}

export class QwenVL implements AsyncDisposable {
  readonly #model: LoadedModel
  readonly #options: QwenVLOptions
  readonly #features = new FeatureCache()
  /** What the last conversation left behind, while nobody uses it. */
  #context: Context | undefined

  private constructor(model: LoadedModel, options: QwenVLOptions) {
    this.#model = model
    this.#options = options
  }

  /**
   * Loads a model from a folder, or by its name on the hub if it was pulled.
   *
   *     await using model = await QwenVL.load('Qwen/Qwen-VL-Chat')
   *     const answer = await model.ask('street.jpg', 'Where is the red bus?')
   *     answer.text    // as a person reads it
   *     answer.boxes   // [{ label: 'the red bus', box: { left, top, right, bottom }, raw }], in the picture's pixels
   *
   * `weights: 'int8'` and `'int4'` take less memory and answer faster; a GPTQ checkpoint is computed as int4 without
   * being asked. `adapter` names the folder of a LoRA adapter.
   *
   * Rejects with one line that says what is wrong: no such model, files that do not fit each other, no such device.
   */
  static async load(reference: string, options: QwenVLOptions = {}): Promise<QwenVL> {
    const { allow: _allow, limits: _limits, window: _window, ...load } = options
    return new QwenVL(await loadModel(reference, load), options)
  }

  /** What its weights are: `float32`, `int4 (GPTQ, groups of 128)`, and whether an adapter is beside them. */
  get weights(): string {
    return this.#model.weights.description
  }

  /** What rounding to small integers changed, where `weights` asked for it. */
  get rounding(): Rounding | undefined {
    return this.#model.weights.rounding()
  }

  /** What came out other than asked, in sentences: layers that stayed float32, an adapter made for another base. */
  get remarks(): readonly string[] {
    return this.#model.remarks
  }

  /** `chatml` for chat models, `raw` for base models. */
  get format(): ChatFormat {
    return this.#model.defaults.chatFormat
  }

  /** Tokens that prompt and answer may take together. */
  get window(): number {
    return this.#options.window ?? windowOf(this.#model.config)
  }

  /** Answers a question about a picture, or about several. */
  ask(pictures: PictureSource | readonly PictureSource[], question: string, options: AskOptions = {}): Promise<Answer> {
    return this.#about(pictures, freeQuestion(question, this.format), options)
  }

  /** Says what is seen, in English or Chinese, with boxes when `grounded`. */
  caption(picture: PictureSource, options: AskOptions & CaptionOptions = {}): Promise<Answer> {
    const { language, grounded, ...ask } = options
    return this.#about(picture, captionQuestion({ ...(language && { language }), ...(grounded && { grounded }) }), ask)
  }

  /** Finds what is named or described. The boxes are in the picture's own pixels. */
  locate(picture: PictureSource, what: string, options: AskOptions = {}): Promise<Answer> {
    return this.#about(picture, locateQuestion(what, this.format), options)
  }

  /** Reads the text in a picture, with the place of each piece in `quads`. */
  read(picture: PictureSource, options: AskOptions = {}): Promise<Answer> {
    return this.#about(picture, readQuestion(), options)
  }

  /**
   * Goes on with a conversation. Iterate for the answer as it is written, or await `answer()`.
   *
   *     const messages = [{ role: 'user', content: [{ image: 'a.jpg' }, { text: 'What is this?' }] }]
   *     for await (const { text } of model.chat(messages)) process.stdout.write(text)
   *
   * What the last conversation shares with this one is not read again, and no picture is seen twice. Throws a TextError
   * for roles out of order, a PromptTooLongError with the arithmetic, a PictureError for what is no picture.
   */
  chat(messages: readonly Message[], options: AskOptions = {}): AnswerStream {
    return this.#stream(() => this.#conversation(messages, options), undefined, options)
  }

  /**
   * Goes on with a text as it stands, without roles: how base models are asked. Special tokens in it are read, so it is
   * for texts of one's own.
   */
  complete(content: Content<PictureSource>, options: AskOptions = {}): AnswerStream {
    const prompt = () => rawPrompt(this.#model.tokenizer, content, { specials: 'all', window: this.window })
    return this.#stream(prompt, undefined, options)
  }

  /** Several answers to one conversation, which is read once. */
  async answers(messages: readonly Message[], count: number, options: AskOptions = {}): Promise<Answer[]> {
    const { prompt, text, picture } = await this.#prepare(this.#conversation(messages, options), options)
    const events = generateAnswers(this.#model.network, prompt, count, this.#decoding(text, options))
    return writeAnswers(
      events,
      Array.from({ length: count }, () => ({ text, picture })),
      this.#writing(options),
    )
  }

  /** Answers to several conversations, computed as one batch; each is what it would be alone under greedy decoding. */
  async batch(conversations: readonly (readonly Message[])[], options: AskOptions = {}): Promise<Answer[]> {
    const prepared = []
    for (const messages of conversations)
      prepared.push(await this.#prepare(this.#conversation(messages, options), options))
    const longest = prepared.reduce((a, b) => (a.text.size.total > b.text.size.total ? a : b))
    const events = generate(
      this.#model.network,
      prepared.map(({ prompt }) => prompt),
      this.#decoding(longest.text, options),
    )
    return writeAnswers(events, prepared, this.#writing(options))
  }

  /** Tokens of a conversation's prompt, without running the model. Throws a PromptTooLongError as `chat` would. */
  countTokens(messages: readonly Message[], options: Pick<AskOptions, 'system'> = {}): TokenCount {
    return countTokens(this.#model.tokenizer, messages, this.#chatOptions(options))
  }

  /** Frees the model. Calling it again changes nothing. */
  dispose(): Promise<void> {
    this.#context = undefined
    return this.#model.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #about(
    pictures: PictureSource | readonly PictureSource[],
    question: Question,
    options: AskOptions,
  ): Promise<Answer> {
    const content = contentOf(Array.isArray(pictures) ? pictures : [pictures as PictureSource], question)
    const prompt = () =>
      this.format === 'chatml'
        ? this.#conversation([{ role: 'user', content }], options)
        : rawPrompt(this.#model.tokenizer, content, { specials: 'markup', window: this.window })
    const stream = this.#stream(prompt, question.opened, options)
    if (options.onPiece) for await (const piece of stream) options.onPiece(piece)
    return stream.answer()
  }

  #conversation(messages: readonly Message[], options: AskOptions): TextPrompt<PictureSource> {
    return chatPrompt(this.#model.tokenizer, messages, this.#chatOptions(options))
  }

  #chatOptions({ system }: Pick<AskOptions, 'system'>) {
    const { historyWindow } = this.#model.defaults
    return { historyWindow, window: this.window, ...(system !== undefined && { system }) }
  }

  #stream(
    makePrompt: () => TextPrompt<PictureSource>,
    opened: MarkupOptions | undefined,
    options: AskOptions,
  ): AnswerStream {
    return new AnswerStream(this.#write(makePrompt, opened, options))
  }

  async *#write(makePrompt: () => TextPrompt<PictureSource>, opened: MarkupOptions | undefined, options: AskOptions) {
    const { prompt, text, picture } = await this.#prepare(makePrompt(), options)
    const context = this.#context ?? new Context(this.#model.network)
    this.#context = undefined
    const events = generateOn(this.#model.network, context, prompt, this.#decoding(text, options))
    const answer = yield* writeAnswer(events, { text, picture, ...(opened && { opened }) }, this.#writing(options))
    this.#context = context
    return answer
  }

  /** Decodes the pictures of a prompt and has them seen. */
  async #prepare(text: TextPrompt<PictureSource>, { signal }: AskOptions) {
    const { allow = ownMachine, limits } = this.#options
    const size = this.#model.config.visual.image_size
    const decoding = { allow, ...(limits && { limits }), ...(signal && { signal }) }
    const pictures = await Promise.all(text.pictures.map(({ image }) => decode(image, decoding)))
    const seen: Prompt['pictures'][number][] = []
    for (const [i, { start }] of text.pictures.entries()) {
      signal?.throwIfAborted()
      const picture = pictures[i] as Picture
      const key = `${picture.sha256}:${size}`
      const features = await this.#features.get(key, () => this.#model.network.see(preprocess(picture, size), size))
      seen.push({ at: start + 1, features, key })
    }
    return { prompt: { tokens: text.ids, pictures: seen }, text, picture: pictures.at(-1) }
  }

  /** The checkpoint's defaults under the caller's wishes, within what is left of the window. */
  #decoding({ size }: TextPrompt<unknown>, asked: AskOptions): GenerateOptions {
    const { stop: _stop, system: _system, onPiece: _onPiece, ...options } = asked
    const { sampling, maxNewTokens } = this.#model.defaults
    const room = this.window - size.total
    return {
      ...sampling,
      ...options,
      maxNewTokens: Math.min(options.maxNewTokens ?? maxNewTokens, room),
      endTokens: this.#endTokens(),
    }
  }

  /** Single tokens that end a text: those of the format, and what the checkpoint names. */
  #endTokens(): number[] {
    const single = stopSequences(this.#model.tokenizer, this.format).filter(({ length }) => length === 1)
    return [...new Set([...single.flat(), ...(this.#model.defaults.endTokens ?? [])])]
  }

  /** Base models go on with the next speaker of a dialogue, where nobody stops them. */
  #writing({ stop = [] }: AskOptions) {
    return { tokenizer: this.#model.tokenizer, stop: this.format === 'raw' ? ['Human:', ...stop] : stop }
  }
}
