/** Archives: members are found by their headers, in every form that archives have, and damage is told with its place. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readTarMembers } from '../../src/corpus/index.ts'
import { needs } from '../requirements.ts'
import { archive, temporaryFolder } from './files.ts'

const folder = temporaryFolder()

/** The members of an archive and their content. */
async function contentOf(path: string): Promise<Record<string, string>> {
  const file = await open(path)
  try {
    const members = await readTarMembers(file, path)
    const bytes = await file.readFile()
    return Object.fromEntries(
      members.map(({ name, offset, size }) => [name, bytes.toString('utf8', offset, offset + size)]),
    )
  } finally {
    await file.close()
  }
}

async function membersOf(content: Uint8Array): Promise<Record<string, string>> {
  const path = join(folder, 'test.tar')
  writeFileSync(path, content)
  return contentOf(path)
}

const long = `${'folder/'.repeat(30)}${'n'.repeat(120)}.txt`
const files: Record<string, string> = { 'a.txt': 'one', 'empty.txt': '', [long]: 'far', 'größe.txt': 'x'.repeat(1000) }

test('archives of GNU tar in all its forms', async context => {
  const tar = needs(context, 'tar')
  const root = join(folder, 'files')
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  const short = { 'a.txt': 'one', 'empty.txt': '' }
  for (const [form, wanted] of [
    ['gnu', files],
    ['pax', files],
    ['oldgnu', files],
    ['ustar', short],
    ['v7', short],
  ] as const) {
    const path = join(folder, `${form}.tar`)
    execFileSync(tar, [`--format=${form}`, '-cf', path, '-C', root, ...Object.keys(wanted)])
    expect(await contentOf(path), form).toEqual(wanted)
  }
  const whole = join(folder, 'whole.tar') // with folders, and names that begin with ./
  execFileSync(tar, ['-cf', whole, '-C', root, '.'])
  expect(await contentOf(whole)).toEqual(files)
})

test('archives of another program', async () => {
  expect(await membersOf(await archive(files))).toEqual(files)
})

test('an archive without the two empty blocks at its end', async () => {
  const whole = await archive({ 'a.txt': 'one' })
  expect(await membersOf(whole.subarray(0, 1024))).toEqual({ 'a.txt': 'one' })
})

test('an archive that was cut off says at which member and byte', async () => {
  const whole = await archive({ 'a.txt': 'one', 'b.txt': 'x'.repeat(5000) })
  await expect(membersOf(whole.subarray(0, 4096))).rejects.toThrow(
    /test\.tar is cut off: member "b\.txt", 5,000 bytes, from byte 1,024 on, but the file ends at 4,096/,
  )
  await expect(membersOf(whole.subarray(0, 1300))).rejects.toThrow(/is cut off: a header of 512 bytes, from byte 1,024/)
})

test('a damaged header is found by its checksum', async () => {
  const whole = await archive({ 'a.txt': 'one', 'b.txt': 'two' })
  whole[1024 + 3] = 0xff
  await expect(membersOf(whole)).rejects.toThrow(/test\.tar is damaged at byte 1,024: no header where one was to be/)
})

test('what is no archive says so', async () => {
  await expect(membersOf(Buffer.alloc(2048, 'x'))).rejects.toThrow('it does not begin with a tar header')
  await expect(membersOf(Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(1000, 1)]))).rejects.toThrow(
    'it is compressed: unpack it first (gunzip)',
  )
})
