/** Conversations and raw prompts → ids, pictures and counts. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  chatPrompt,
  countTokens,
  defaultSystem,
  type Message,
  PromptTooLongError,
  rawPrompt,
  splitPictures,
  TextError,
} from '../../src/text/node.ts'
import { openPublished, openSmallest, readJson } from './vocabulary.ts'

interface Conversation {
  readonly query: string
  readonly history: readonly (readonly [string, string])[]
  readonly system: string
  readonly max_window_size: number
  readonly raw_text: string
  readonly ids: readonly number[]
}

const published = await openPublished()
const smallest = await openSmallest()
const { chats } = readJson<{ chats: Conversation[] }>('tokenizer.json')

/** A conversation of the original: a question and the turns before it, pictures written as <img>path</img>. */
function messagesOf({ query, history, system }: Conversation): Message<string>[] {
  const turns = history.flatMap(([user, assistant]) => [
    { role: 'user' as const, content: splitPictures(user) },
    { role: 'assistant' as const, content: splitPictures(assistant) },
  ])
  return [{ role: 'system', content: system }, ...turns, { role: 'user', content: splitPictures(query) }]
}

const user = <Image = never>(content: Message<Image>['content']): Message<Image> => ({ role: 'user', content })
const assistant = (content: string): Message<never> => ({ role: 'assistant', content })
const shown = (messages: readonly Message<unknown>[], options = {}) =>
  published.decode(chatPrompt(published, messages, options).ids)

describe('equal to the original', () => {
  test('the reference conversations have the reference ids', () => {
    expect(chats.length).toBe(4)
    for (const chat of chats) {
      const options = { historyWindow: chat.max_window_size, numbering: 'none' as const }
      const prompt = chatPrompt(published, messagesOf(chat), options)
      expect(prompt.ids).toEqual(chat.ids)
      expect(published.decode(prompt.ids)).toBe(chat.raw_text)
    }
  })

  test('a picture given as a part gives the ids of its path written into the text', () => {
    const [, chat] = chats
    const [system, , ...rest] = messagesOf(chat!)
    const first = user([{ image: 'demo', name: 'assets/demo.jpeg' }, { text: '这是什么' }])
    expect(chatPrompt(published, [system!, first, ...rest]).ids).toEqual(chat!.ids)
  })

  test('the list format numbers pictures without a space', () => {
    const { ids } = chatPrompt(published, [user([{ image: 1, name: 'a' }, { text: 'x' }])], { numbering: 'tight' })
    expect(published.decode(ids)).toContain('user\nPicture 1:<img>a</img>\nx<|im_end|>')
  })

  test('the history window counts as the original: strictly less, newest first, without the question', () => {
    const turn = [user('q'), assistant('a')]
    const whole = chatPrompt(published, [...turn, ...turn, user('q')], { historyWindow: 1e9 }).ids.length
    const system = published.encode(`system\n${defaultSystem}`).length + 2
    const each = (whole - chatPrompt(published, [user('q')]).ids.length) / 2
    const dropped = (historyWindow: number) =>
      chatPrompt(published, [...turn, ...turn, user('q')], { historyWindow }).dropped
    expect(dropped(system + 2 * each + 1)).toBe(0)
    expect(dropped(system + 2 * each)).toBe(2)
    expect(dropped(system + each + 1)).toBe(2)
    expect(dropped(system + each)).toBe(4)
  })

  test('the first turn that does not fit ends the history, however short the ones before it are', () => {
    const messages = [user('short'), assistant('short'), user('long '.repeat(200)), assistant('x'), user('q')]
    expect(chatPrompt(published, messages, { historyWindow: 100 }).dropped).toBe(4)
  })

  test('a question that was never answered is followed by one line break more', () => {
    expect(shown([user('a'), user('b')])).toContain('user\na<|im_end|>\n\n<|im_start|>user\nb<|im_end|>')
  })

  test('the system message is the usual one unless one is given', () => {
    expect(shown([user('hi')])).toMatch(/^<\|im_start\|>system\nYou are a helpful assistant\.<\|im_end\|>\n/)
    expect(shown([{ role: 'system', content: 'Be brief.' }, user('hi')])).toMatch(/system\nBe brief\.<\|im_end\|>/)
    expect(shown([user('hi')], { system: '' })).toMatch(/system\n<\|im_end\|>/)
  })
})

describe("a stranger's text", () => {
  const forms = [...published.specialTokens.keys()]
  const control = new Set(
    [...published.specialTokens].filter(([form]) => !/ref|box|quad/.test(form)).map(([, id]) => id),
  )

  test('never becomes a control token or a picture, in any role', () => {
    const text = fc.array(fc.oneof(fc.constantFrom(...forms), fc.string())).map(parts => parts.join(''))
    fc.assert(
      fc.property(text, text, text, (system, question, answer) => {
        const messages = [user(question), assistant(answer), user(question)]
        const { ids, pictures } = chatPrompt(published, messages, { system, historyWindow: 1e9 })
        const found = ids.filter(id => control.has(id))
        const { imStart, imEnd } = published.ids
        expect(found).toEqual([imStart, imEnd, imStart, imEnd, imStart, imEnd, imStart, imEnd, imStart])
        expect(pictures).toEqual([])
      }),
    )
  })

  test('may ask about places, unless that is forbidden too', () => {
    const { ref } = published.ids
    expect(chatPrompt(published, [user('<ref>dog</ref>')]).ids).toContain(ref)
    expect(chatPrompt(published, [user('<ref>dog</ref>')], { specials: 'none' }).ids).not.toContain(ref)
  })

  test('does not depend on how its caller cut it', () => {
    const cut = [{ text: 'He' }, { text: 'llo wor' }, { text: 'ld' }]
    expect(chatPrompt(published, [user(cut)]).ids).toEqual(chatPrompt(published, [user('Hello world')]).ids)
  })
})

describe('pictures', () => {
  test('each fills its span, in order, numbered through the conversation', () => {
    const [a, b, c] = [Symbol('a'), Symbol('b'), Symbol('c')]
    const messages = [
      user([{ image: a }, { text: 'x' }, { image: b }]),
      assistant('y'),
      user([{ text: 'z' }, { image: c }]),
    ]
    const { ids, pictures, size } = chatPrompt(published, messages)
    expect(pictures.map(({ image, number }) => [image, number])).toEqual([
      [a, 1],
      [b, 2],
      [c, 3],
    ])
    for (const { start, end } of pictures) {
      expect([ids[start], ids[end - 1], end - start]).toEqual([published.ids.img, published.ids.imgEnd, 258])
    }
    expect(published.imageSpans(ids).map(span => span.start)).toEqual(pictures.map(picture => picture.start))
    expect(size.pictureTokens).toBe(3 * 258)
    const text = published.decode(ids)
    expect(text).toContain('user\nPicture 1: <img>1</img>\nx\nPicture 2: <img>2</img>\n<|im_end|>')
    expect(text).toContain('user\nz\nPicture 3: <img>3</img>\n<|im_end|>')
  })

  test('those of turns that fell out of the window are gone, the others keep their numbers', () => {
    const messages = [user([{ image: 'old' }]), assistant('y'), user([{ image: 'new' }])]
    const { ids, pictures, dropped } = chatPrompt(published, messages, { historyWindow: 200 })
    expect(pictures).toMatchObject([{ image: 'new', number: 2 }])
    expect(ids[pictures[0]!.start]).toBe(published.ids.img)
    expect(dropped).toBe(2)
  })

  test('an address that is too long for a span works: it stays outside of it', () => {
    const address = `https://example.org/${'x'.repeat(500)}.png`
    const parts = splitPictures(`Picture 1: <img>${address}</img>\nhi`)
    const { ids, pictures } = chatPrompt(published, [user(parts)], { numbering: 'none' })
    expect(pictures[0]!.image).toBe(address)
    expect(published.decode(ids)).toContain('<img>1</img>')
  })

  test('a text with an <img> that is not closed is refused when it is split', () => {
    expect(() => splitPictures('<img>a')).toThrow(/Unclosed image token/)
  })

  test('have as many slots as the model says', () => {
    expect(rawPrompt(smallest, [{ image: 0 }, { text: 'hi' }]).ids).toHaveLength(20)
  })
})

describe('raw prompts', () => {
  test('are the text alone, with pictures where they stand', () => {
    const content = [{ image: 'x', name: 'x.png' }, { text: 'Describe the image in English:' }]
    const { ids, pictures } = rawPrompt(published, content)
    expect(ids).toEqual(published.encode('<img>x.png</img>Describe the image in English:', { specials: 'image' }))
    expect(pictures).toEqual([{ image: 'x', number: 1, start: 0, end: 258 }])
  })

  test('read control tokens only where that is asked for', () => {
    expect(rawPrompt(published, '<|im_end|>').ids).not.toContain(published.ids.imEnd)
    expect(rawPrompt(published, '<|im_end|>', { specials: 'all' }).ids).toEqual([published.ids.imEnd])
    expect(() => rawPrompt(published, '<img>a</img>', { specials: 'all' })).toThrow(/splitPictures/)
  })
})

describe('roles', () => {
  test('an answer that has begun is gone on with: its turn stays open', () => {
    expect(shown([user('Count.'), assistant('One, two,')])).toMatch(/assistant\nOne, two,$/)
  })

  test.each([
    ['nobody asks', [], /no message from the user/],
    ['only a system message', [{ role: 'system', content: 'x' }], /no message from the user/],
    ['the assistant begins', [assistant('hi'), user('x')], /message 1 of 2 .* begins with the user/],
    ['two answers', [user('x'), assistant('a'), assistant('b')], /message 3 of 3 .* join the two/],
    ['a late system message', [user('x'), { role: 'system', content: 'y' }], /message 2 of 2 .* comes first/],
  ] as [string, Message<never>[], RegExp][])('%s: refused by number', (_, messages, message) => {
    expect(() => chatPrompt(published, messages)).toThrow(message)
    expect(() => chatPrompt(published, messages)).toThrow(TextError)
  })
})

describe('counting', () => {
  const pictures = (n: number) => user(Array.from({ length: n }, (_, image) => ({ image })))

  test('without a model: 258 for each picture, whatever its size, and the text', () => {
    const counted = countTokens(published, [user([{ image: 'any' }, { text: 'What is this?' }])])
    expect(counted).toEqual({ total: 287, text: 29, pictures: 1, pictureTokens: 258, dropped: 0 })
  })

  test('is the length of the prompt', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string().map(text => ({ text })),
            fc.nat().map(image => ({ image })),
          ),
        ),
        parts => {
          const { total, text, pictureTokens } = countTokens(published, [user(parts)])
          expect(total).toBe(chatPrompt(published, [user(parts)]).ids.length)
          expect(total).toBe(text + pictureTokens)
        },
      ),
    )
  })

  test('too many pictures are refused with the arithmetic', () => {
    const refused = () => countTokens(published, [pictures(9)], { window: 2048 })
    expect(refused).toThrow(PromptTooLongError)
    expect(refused).toThrow(/^9 pictures = 2322 tokens, window 2048: at most 7 fit \(258 tokens each\)/)
    expect(() => countTokens(published, [pictures(7)], { window: 2048 })).not.toThrow()
  })

  test('pictures that fit alone, but not with their text, are refused with both numbers', () => {
    const messages = [user([...Array.from({ length: 7 }, (_, image) => ({ image })), { text: 'word '.repeat(300) }])]
    expect(() => countTokens(published, messages, { window: 2048 })).toThrow(
      /^7 pictures = 1806 tokens and \d+ of text make \d+/,
    )
  })

  test('a text that is too long is refused with what is to spare', () => {
    const messages = [user('word '.repeat(100))]
    const { total } = countTokens(published, messages)
    const message = `${total} tokens of text, window ${total}: shorten by at least 1, or raise the window`
    expect(() => countTokens(published, messages, { window: total })).toThrow(message)
    expect(() => countTokens(published, messages, { window: total + 1 })).not.toThrow()
  })
})
