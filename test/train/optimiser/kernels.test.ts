/** The compiled loops are those of the source. */
import { expect, test } from 'vitest'
import { compileKernels } from '../../../scripts/make-optimiser-kernels.ts'
import { read } from '../../checkout.ts'

test('the committed kernels are what their source compiles to', async () => {
  expect(read('src/train/optimiser/kernelModule.ts')).toBe(await compileKernels())
})
