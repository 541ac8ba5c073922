/**
 * A sample as members of an archive: `00001234.0.jpg` …, then `00001234.json`, which is read back by
 * `sources/sampleForm.ts`. Knows no files.
 */
import type { MadeSample } from './maker.ts'
import { tarMember } from './tarWriter.ts'

/** `00001234` */
export const keyOf = (index: number): string => String(index).padStart(8, '0')

/** The pieces of an archive that hold sample `index`, pictures first. */
export function samplePieces(sample: MadeSample, index: number): Uint8Array[] {
  const key = keyOf(index)
  const { pictures, task, format, language, licence, provenance, numbering, references, turns, record } = sample
  const names = pictures.map(({ extension }, i) => `${key}.${i}.${extension}`)
  const stated = { task, format, language, licence, provenance, numbering, pictures: names, turns, references, record }
  return [
    ...pictures.flatMap(({ data }, i) => tarMember(names[i] as string, data)),
    ...tarMember(`${key}.json`, new TextEncoder().encode(`${JSON.stringify(stated)}\n`)),
  ]
}
