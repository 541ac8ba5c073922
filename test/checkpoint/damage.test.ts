import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CheckpointError, memorySource } from '../../src/checkpoint/index.ts'
import { openPytorch } from '../../src/checkpoint/pytorch.ts'
import { openSafetensors } from '../../src/checkpoint/safetensors.ts'
import { crc32, listZip } from '../../src/checkpoint/zip.ts'
import { pytorchFile, readFixture, safetensorsFile } from './files.ts'

const safetensors = safetensorsFile(
  {
    __metadata__: { format: 'pt' },
    a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
    b: { dtype: 'BF16', shape: [3], data_offsets: [16, 22] },
  },
  22,
)

const openTensors = async (bytes: Uint8Array) => (await openSafetensors(memorySource(bytes, 'file'))).tensors
const openList = (bytes: Uint8Array) => openPytorch(memorySource(bytes, 'file'))

/** The list of tensors in a file, to be damaged in an archive whose checksum fits again. */
async function pickleOf(name: string): Promise<Uint8Array> {
  const source = memorySource(readFixture(name), name)
  const { offset, length } = [...(await listZip(source)).values()].find(entry => entry.name.endsWith('/data.pkl'))!
  return source.read(offset, length)
}

const storages = Array.from({ length: 20 }, () => new Uint8Array(256))
const openPickle = (bytes: Uint8Array) => openList(pytorchFile(bytes, storages))

test.each([
  ['a safetensors file', safetensors, openTensors],
  ['a PyTorch file', readFixture('module.bin'), openList],
  ['the list of tensors of a PyTorch file', await pickleOf('tensors.bin'), openPickle],
] as const)('however %s is damaged, it is opened or refused, and never anything else', async (_, whole, open) => {
  await open(whole)
  const change = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255) })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async changes => {
      const damaged = new Uint8Array(whole)
      for (const { at, to } of changes) damaged[at] = to
      try {
        for (const tensor of await open(damaged)) await tensor.read()
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error
      }
    }),
    { numRuns: 3000 },
  )
})

test('the checksum is that of zip archives', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926)
})
