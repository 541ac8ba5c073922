/** A small maker for tests: pictures of one colour, and how light it is. */
import sharp from 'sharp'
import type { MadeSample } from '../../../src/corpus/shards/maker.ts'
import type { MakeShardsOptions } from '../../../src/corpus/shards/makeShards.ts'

export interface MadeStart {
  readonly seed: number
  /** The sample that cannot be made. */
  readonly broken?: number
  /** The sample in the middle of which the thread ends. */
  readonly deadly?: number
}

/** Sample `index` of a corpus of plain pictures. */
export async function makePlain({ seed, broken, deadly }: MadeStart, index: number): Promise<MadeSample> {
  if (index === broken) throw new Error('there is no paint left')
  if (index === deadly) process.exit(3)
  const shade = (seed * 31 + index * 7) % 256
  const [width, height] = [8 + (index % 5), 6]
  const background = { r: shade, g: Math.floor(index / 256) % 256, b: index % 256 }
  const data = await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer()
  return {
    ...{ task: index % 2 === 0 ? 'vqa' : 'caption', format: 'raw', language: index % 3 === 0 ? 'zh' : 'en' },
    licence: 'CC0-1.0',
    pictures: [{ data: new Uint8Array(data), extension: 'png' }],
    references: [`${shade}`, 'grey'],
    turns: [
      { role: 'user', parts: [{ picture: 0 }, { text: ' How light is it? Answer:' }] },
      { role: 'assistant', parts: [{ text: ` ${shade}` }] },
    ],
    record: { width, height, objects: [{ kind: index % 2 === 0 ? 'cloud' : 'sun' }] },
  }
}

/** What makes `count` of them into `out`, 100 to an archive. */
export function plainCorpus(out: string, count: number, start: MadeStart = { seed: 3 }): MakeShardsOptions<MadeStart> {
  return {
    ...{ file: new URL('./madeThread.ts', import.meta.url), start, out, count, shard: 100 },
    ...{ origin: `plain, seed ${start.seed}`, made: { kind: 'plain', recipe: { seed: start.seed } } },
  }
}
