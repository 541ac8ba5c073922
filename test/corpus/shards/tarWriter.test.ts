/** Archives that are written: any reader reads them, and they say nothing of the machine. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { joined, tarEnd, tarMember } from '../../../src/corpus/shards/tarWriter.ts'
import { needs } from '../../requirements.ts'
import { temporaryFolder } from '../files.ts'

const folder = temporaryFolder()

test('GNU tar reads them back', context => {
  const tar = needs(context, 'tar')
  const path = join(folder, 'a.tar')
  const [empty, exact, long] = ['', 'x'.repeat(512), 'y'.repeat(70_000)]
  const members = { '00000001.0.jpg': empty, '00000001.json': exact, '00000002.json': long }
  const pieces = Object.entries(members).flatMap(([name, text]) => tarMember(name, Buffer.from(text)))
  writeFileSync(path, joined([...pieces, tarEnd]))
  const listed = execFileSync(tar, ['-tvf', path, '--utc'], { encoding: 'utf8' })
  expect(listed.match(/^-rw-r--r-- 0\/0 .* 1970-01-01 00:00 /gm)).toHaveLength(3)
  for (const [name, text] of Object.entries(members)) {
    expect(execFileSync(tar, ['-xOf', path, name], { encoding: 'utf8' })).toBe(text)
  }
})

test('names that readers could understand in two ways are refused', () => {
  for (const name of ['', 'a b', 'größe.txt', 'n'.repeat(101)]) {
    expect(() => tarMember(name, new Uint8Array())).toThrow(RangeError)
  }
})
