/**
 * Makes a small vocabulary of the published one, for models that are small themselves: the 256 bytes, the tokens that
 * some texts need, and then the most frequent words and pieces of words. Ranks are counted anew, in their old order.
 *
 * It is closed: with each token come the two that it is merged from, so that it encodes as the large one does with fewer
 * merges. `recipes/small/qwen.tiktoken` was made so:
 *
 *     npx tsx scripts/make-small-vocabulary.ts QWEN.TIKTOKEN 2048 recipes/small/qwen.tiktoken \
 *       examples/training/{texts.txt,captions.jsonl,boxes.jsonl,conversations.json}
 *
 * QWEN.TIKTOKEN is the file beside every published model. A TEXT that ends in `.tar` is an archive of samples, of which
 * all that is said is counted. RANKS is `all` for every token that occurs and no more.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { openSources } from '../src/corpus/index.ts'
import { openTokenizer, parseVocabulary } from '../src/text/node.ts'

const [source, count, target, ...texts] = process.argv.slice(2)
const size = count === 'all' ? Number.POSITIVE_INFINITY : Number(count)
if (!source || !target || !(size >= 256)) {
  console.error('usage: npx tsx scripts/make-small-vocabulary.ts QWEN.TIKTOKEN RANKS OUT TEXT…')
  process.exit(2)
}

const vocabulary = parseVocabulary(readFileSync(source))
const key = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const bytesOf = (rank: number) => key(vocabulary.bytes(rank) as Uint8Array)
const rankOf = new Map(Array.from({ length: vocabulary.size }, (_, rank) => [bytesOf(rank), rank]))

/** The two tokens that a token is merged from: what byte-pair encoding leaves of its bytes before the last merge. */
function halves(rank: number): [number, number] {
  let parts = [...bytesOf(rank)]
  while (parts.length > 2) {
    const ranks = parts.slice(1).map((part, i) => rankOf.get(parts[i] + part) ?? Number.POSITIVE_INFINITY)
    const first = ranks.indexOf(Math.min(...ranks))
    if ((ranks[first] as number) >= rank) throw new Error(`rank ${rank} is not made of two tokens`)
    parts = [...parts.slice(0, first), `${parts[first]}${parts[first + 1]}`, ...parts.slice(first + 2)]
  }
  return parts.map(part => rankOf.get(part)) as [number, number]
}

const kept = new Set(Array.from({ length: 256 }, (_, byte) => rankOf.get(String.fromCharCode(byte)) as number))

/** A token and all that it is made of, as far as they are not kept yet. */
function needed(rank: number, into = new Set<number>()): Set<number> {
  if (kept.has(rank) || into.has(rank)) return into
  into.add(rank)
  for (const half of halves(rank)) needed(half, into)
  return into
}

/** Keeps a token where it and its parts still fit. */
function keep(rank: number): void {
  const wanted = needed(rank)
  if (kept.size + wanted.size <= size) for (const each of wanted) kept.add(each)
}

/** What is read by people in a file: of JSON, the texts in it. */
async function textOf(path: string): Promise<string> {
  if (path.endsWith('.tar')) return (await samplesOf(path)).join('\n')
  const content = readFileSync(path, 'utf8')
  const strings = [...content.matchAll(/"(?:caption|label|question|answer|value)"\s*:\s*("(?:[^"\\]|\\.)*")/g)]
  return strings.length === 0 ? content : strings.map(([, text]) => JSON.parse(text as string)).join('\n')
}

/** All that is said in an archive of samples. */
async function samplesOf(path: string): Promise<string[]> {
  const [opened] = await openSources([{ shards: path }])
  const shard = await opened!.source.open(0)
  const said: string[] = []
  for (let entry = 0; entry < shard.length; entry++) {
    for (const { turns, references = [] } of await shard.read(entry)) {
      said.push(turns.flatMap(({ parts }) => parts.map(part => ('text' in part ? part.text : ''))).join('\n'))
      said.push(...references)
    }
  }
  await shard.close()
  return said
}

using tokenizer = await openTokenizer(vocabulary)
const counts = new Map<number, number>()
for (const path of texts) {
  for (const id of tokenizer.encode(await textOf(path), { specials: 'image' })) {
    if (id < vocabulary.size) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
}
for (const [rank] of [...counts].sort(([a, m], [b, n]) => n - m || a - b)) keep(rank)
const words = Array.from({ length: vocabulary.size }, (_, rank) => rank).filter(rank =>
  /^ ?[A-Za-z]?[a-z]+$/.test(bytesOf(rank)),
)
for (const rank of words) if (Number.isFinite(size) && kept.size < size) keep(rank)

const lines = [...kept]
  .sort((a, b) => a - b)
  .map((rank, i) => `${Buffer.from(bytesOf(rank), 'latin1').toString('base64')} ${i}`)
writeFileSync(target, `${lines.join('\n')}\n`)
console.log(
  `${lines.length} ranks; ${counts.size} tokens occur in the texts, ${[...counts.keys()].filter(id => kept.has(id)).length} of them are kept`,
)
