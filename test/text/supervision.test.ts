/** Conversations to learn from: ids and labels equal to the original's. */
import { expect, test } from 'vitest'
import { ignoredLabel, type Message, splitPictures, supervise } from '../../src/text/node.ts'
import { openPublished, readJson } from './vocabulary.ts'

interface Sample {
  readonly conversations: readonly { from: 'user' | 'assistant'; value: string }[]
  readonly max_len: number
  readonly input_ids: readonly number[]
  readonly labels: readonly number[]
}

const published = await openPublished()
const { finetune } = readJson<{ finetune: Sample[] }>('tokenizer.json')

test('the reference samples have the reference ids and labels', () => {
  expect(finetune.length).toBe(3)
  for (const { conversations, max_len, input_ids, labels } of finetune) {
    const messages = conversations.map(({ from, value }) => ({ role: from, content: splitPictures(value) }))
    const sample = supervise(published, messages, { numbering: 'none' })
    const padded = (values: readonly number[], padding: number) =>
      [...values, ...new Array<number>(max_len).fill(padding)].slice(0, max_len)
    expect(padded(sample.ids, published.ids.endoftext)).toEqual(input_ids)
    expect(padded(sample.labels, ignoredLabel)).toEqual(labels)
  }
})

test('no slot of a picture is ever learnt, not even in the words of the assistant', () => {
  const messages: Message<string>[] = [
    { role: 'user', content: [{ image: 'a' }] },
    { role: 'assistant', content: [{ text: 'like ' }, { image: 'b' }] },
  ]
  const { ids, labels, pictures } = supervise(published, messages)
  expect(pictures.map(picture => picture.image)).toEqual(['a', 'b'])
  for (const { start, end } of pictures) {
    expect(ids[start]).toBe(published.ids.img)
    expect(new Set(labels.slice(start, end))).toEqual(new Set([ignoredLabel]))
  }
  expect(labels).toContain(published.encode('like')[0])
})

test('users and assistants take turns', () => {
  const twice = { role: 'user', content: 'x' } as const
  expect(() => supervise(published, [twice, twice])).toThrow(/turn 2 of the sample is from "user"/)
})
