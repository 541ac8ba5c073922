/** Optimisers of several processes, in one: made, trained and saved together. For tests. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Optimiser } from '../../../src/train/optimiser/optimiser.ts'
import { fillGradients, optimiserOf, trained } from './numbers.ts'
import { processesInMemory } from './processesInMemory.ts'

export const together = (size: number, parameters = trained, arenaBytes?: number): Optimiser[] =>
  processesInMemory(size).map(processes => optimiserOf(parameters, {}, processes, arenaBytes))

/** Takes steps in which each process has a part of the gradients. */
export async function trainTogether(all: readonly Optimiser[], from: number, to: number): Promise<number[][]> {
  const norms: number[][] = []
  for (let step = from; step < to; step++) {
    for (const [rank, optimiser] of all.entries()) fillGradients(optimiser, step, rank, all.length)
    norms.push((await Promise.all(all.map(optimiser => optimiser.step(1e-2)))).map(({ norm }) => norm))
  }
  return norms
}

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'qwen-vl-optimiser-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

export const saveAll = (all: readonly Optimiser[], folder: string): Promise<string[]> =>
  Promise.all(all.map(optimiser => optimiser.saveState(folder)))
