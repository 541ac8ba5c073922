/** Writing on from a prompt: equal to the reference, and the same in every way that one can ask for it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Context, type Prompt } from '../../src/generate/context.ts'
import {
  type GenerateOptions,
  type GenerationEvent,
  generate,
  generateAnswers,
  generateOn,
} from '../../src/generate/generate.ts'
import { Network } from '../../src/generate/network.ts'
import { openRuntime, type Runtime } from '../../src/runtime/node.ts'
import { type Golden, openGolden } from '../golden.ts'

const cases = ['A', 'B', 'C', 'D'] as const
type Case = (typeof cases)[number]

let runtime: Runtime
const networks = new Map<Case, Network>()

beforeAll(async () => {
  runtime = await openRuntime({ threads: 1 })
  for (const name of cases) {
    const { config, load } = openGolden(name)
    networks.set(name, await Network.open(runtime, config, load))
  }
})
afterAll(() => runtime.dispose())

const network = (name: Case) => networks.get(name) as Network

async function promptOf(name: Case, length: number): Promise<Prompt> {
  const golden: Golden = openGolden(name)
  const tokens = (golden.tokens[0] as number[]).slice(0, length)
  const pixels = golden.pixels()
  const { image_start_id: start } = golden.config.visual
  const places = tokens.flatMap((token, at) => (token === start ? [at + 1] : []))
  const each = pixels ? 3 * pixels.size ** 2 : 0
  const pictures = places.map(async (at, i) => ({
    at,
    key: `picture ${i}`,
    features: await network(name).see(pixels!.data.slice(i * each, (i + 1) * each), pixels!.size),
  }))
  return { tokens, pictures: await Promise.all(pictures) }
}

/** The tokens of each row. */
async function rows(events: AsyncIterable<GenerationEvent>): Promise<number[][]> {
  const all: number[][] = []
  for await (const event of events) if (event.kind === 'end') all[event.row] = [...event.tokens]
  return all
}

async function allEvents(events: AsyncIterable<GenerationEvent>): Promise<GenerationEvent[]> {
  const all: GenerationEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

const greedy: GenerateOptions = { sample: false, detectRepetition: false, maxNewTokens: 24 }

const runs = cases.flatMap(name => {
  const { manifest } = openGolden(name)
  return [manifest.greedy, ...(manifest.greedy_short ? [manifest.greedy_short] : [])].map(run => ({
    name,
    length: run.prompt_len as number,
    expected: run.tokens.flat() as number[],
  }))
})

describe.each(runs)('case $name, a prompt of $length tokens', ({ name, length, expected }) => {
  test('greedy tokens are those of the reference', async () => {
    expect(await rows(generate(network(name), [await promptOf(name, length)], greedy))).toEqual([expected])
  })

  test('a batch of ragged prompts, with and without pictures, gives what each gives alone', async () => {
    const prompt = await promptOf(name, length)
    const others = [[5, 6, 7], [9], [40, 41, 42, 43, 44, 45, 46]].map(tokens => ({ tokens, pictures: [] }))
    const batch = [others[0], prompt, others[1], others[2], prompt] as Prompt[]
    const alone = []
    for (const single of batch) alone.push(...(await rows(generate(network(name), [single], greedy))))
    expect(await rows(generate(network(name), batch, greedy))).toEqual(alone)
  })

  test('several greedy answers to one prompt are all the same', async () => {
    const answers = await rows(generateAnswers(network(name), await promptOf(name, length), 3, greedy))
    expect(answers).toEqual([expected, expected, expected])
  })

  test('going on from what was read gives what reading all of it anew gives', async () => {
    const prompt = await promptOf(name, length)
    const context = new Context(network(name))
    await rows(generateOn(network(name), context, prompt, { ...greedy, maxNewTokens: 3 }))
    const next = { ...prompt, tokens: [...prompt.tokens, ...expected.slice(0, 3), 17, 18] }
    const anew = await rows(generate(network(name), [next], greedy))
    expect(await rows(generateOn(network(name), context, next, greedy))).toEqual(anew)
  })
})

test.each(['A', 'B'] as const)(
  'without the cache, reading everything anew for each token, the tokens are the same (case %s)',
  async name => {
    const { length, expected } = runs.find(run => run.name === name)!
    const prompt = await promptOf(name, length)
    const written: number[] = []
    while (written.length < 8) {
      const longer = { ...prompt, tokens: [...prompt.tokens, ...written] }
      written.push(...(await rows(generate(network(name), [longer], { ...greedy, maxNewTokens: 1 })))[0]!)
    }
    expect(written).toEqual(expected.slice(0, 8))
  },
)

test('two prompts of different length give what the reference gives them as a left-padded batch', async () => {
  const golden = openGolden('A_leftpad')
  const pixels = golden.pixels()!
  const each = 3 * pixels.size ** 2
  const prompts = golden.tokens.map(async (padded, row): Promise<Prompt> => {
    const tokens = padded.filter((_, at) => golden.attentionMask[row]![at] === 1)
    const features = await network('A').see(pixels.data.slice(row * each, (row + 1) * each), pixels.size)
    const at = tokens.indexOf(golden.config.visual.image_start_id) + 1
    return { tokens, pictures: [{ at, features, key: `picture ${row}` }] }
  })
  expect(await rows(generate(network('A'), await Promise.all(prompts), greedy))).toEqual(golden.manifest.greedy.tokens)
})

test('the cache is handed to the engine where it lies: a step writes what is new and copies nothing old', async () => {
  const { tokens } = await promptOf('C', 20)
  const cache = network('C').newCache(1)
  await network('C').read(cache, [{ tokens, pictures: [], alpha: 1 }])
  const before = Object.values(cache.feeds(1)).map(({ data }) => data)
  const held = before.map(data => data.slice())
  await network('C').read(cache, [{ tokens: [7], pictures: [], alpha: 1 }])
  Object.values(cache.feeds(1)).forEach(({ data }, i) => {
    expect(data.buffer).toBe(before[i]!.buffer)
    expect(data.byteOffset).toBe(before[i]!.byteOffset)
    const written = [...data.keys()].filter(at => data[at] !== held[i]![at])
    expect(written.length).toBeLessThanOrEqual(openGolden('C').config.hidden_size)
  })
})

test('a picture that was exchanged in a conversation is read anew, though the tokens are the same', async () => {
  const prompt = await promptOf('A', 45)
  const picture = prompt.pictures[0]!
  const other: Prompt = {
    ...prompt,
    pictures: [{ at: picture.at, key: 'other', features: picture.features.map(x => -x) }],
  }
  const context = new Context(network('A'))
  await rows(generateOn(network('A'), context, prompt, greedy))
  const going = await rows(generateOn(network('A'), context, other, greedy))
  expect(going).toEqual(await rows(generate(network('A'), [other], greedy)))
})

test('the seed decides the draw, and each answer is drawn by itself', async () => {
  const prompt = await promptOf('C', 20)
  const draw = (seed: number) =>
    rows(generateAnswers(network('C'), prompt, 4, { seed, temperature: 2, maxNewTokens: 12 }))
  const first = await draw(1)
  expect(await draw(1)).toEqual(first)
  expect(await draw(2)).not.toEqual(first)
  expect(new Set(first.map(String)).size).toBe(4)
})

test('an end token ends the text and is not part of it; before the minimum it cannot be chosen', async () => {
  const { length, expected } = runs.find(run => run.name === 'C') as (typeof runs)[number]
  const prompt = await promptOf('C', length)
  const end = expected[4] as number
  const first = expected.indexOf(end)
  expect(await rows(generate(network('C'), [prompt], { ...greedy, endTokens: [end] }))).toEqual([
    expected.slice(0, first),
  ])
  const [longer] = await rows(generate(network('C'), [prompt], { ...greedy, endTokens: [end], minNewTokens: 10 }))
  expect(longer?.length).toBeGreaterThanOrEqual(10)
  expect(longer?.slice(0, 10)).not.toContain(end)
})

test('a stop sequence ends the text and is taken off it', async () => {
  const { length, expected } = runs.find(run => run.name === 'C') as (typeof runs)[number]
  const events = await allEvents(
    generate(network('C'), [await promptOf('C', length)], { ...greedy, stopSequences: [expected.slice(3, 5)] }),
  )
  expect(events.at(-1)).toMatchObject({ kind: 'end', reason: 'stop', tokens: expected.slice(0, 3) })
})

test('log-probabilities are those of the scores, and the likeliest are listed in order', async () => {
  const [first] = await allEvents(
    generate(network('A'), [await promptOf('A', 45)], { ...greedy, maxNewTokens: 1, topLogProbabilities: 5 }),
  )
  const scores = openGolden('A').tensor('gen.logits').data.subarray(0, 288)
  const normaliser = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0))
  const expected = [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number)).slice(0, 5)
  if (first?.kind !== 'token') return expect.fail('no token came')
  expect(first.top.map(({ token }) => token)).toEqual(expected)
  expect(first.logProbability).toBeCloseTo((scores[first.token] as number) - normaliser, 4)
})

test('cancelling stops between two tokens with the reason that was given', async () => {
  const controller = new AbortController()
  const seen: number[] = []
  const run = async () => {
    for await (const event of generate(network('C'), [await promptOf('C', 20)], {
      ...greedy,
      signal: controller.signal,
    })) {
      if (event.kind === 'token' && seen.push(event.token) === 3) controller.abort(new Error('enough'))
    }
  }
  await expect(run()).rejects.toThrow('enough')
  expect(seen.length).toBe(3)
})

test.each([
  [{ temperature: -1 }, 'temperature -1'],
  [{ topP: 0 }, 'topP 0'],
  [{ maxNewTokens: 0 }, 'maxNewTokens 0'],
  [{ minNewTokens: 30, maxNewTokens: 24 }, 'minNewTokens 30 is more than maxNewTokens 24'],
])('options out of range are refused by name: %j', async (options, message) => {
  await expect(allEvents(generate(network('C'), [await promptOf('C', 20)], options))).rejects.toThrow(message)
})
