/**
 * What tests need of the system, and what happens without it: locally they are skipped, with the reason and the remedy;
 * under CI=true they fail, so that nothing is left out unseen.
 *
 *     test('draws in a page', async context => {
 *       needs(context, 'chromium')
 *       …
 */
import { existsSync } from 'node:fs'
import type { TestContext } from 'vitest'

const candidates = {
  chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  /** Of Open MPI, with the library that its processes load. */
  mpirun: ['/usr/bin/mpirun.openmpi', '/usr/bin/mpirun'],
  /** Of util-linux: gives a process a terminal. */
  script: ['/usr/bin/script'],
  /** GNU tar, for archives that are not our own. */
  tar: ['/usr/bin/tar', '/bin/tar'],
  'vulkan-swiftshader': [
    '/usr/lib/chromium/vk_swiftshader_icd.json',
    '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
    '/opt/google/chrome/vk_swiftshader_icd.json',
  ],
} as const

export type Requirement = keyof typeof candidates

const overrides: Record<Requirement, string> = {
  chromium: 'CHROMIUM',
  mpirun: 'MPIRUN',
  script: 'SCRIPT',
  tar: 'TAR',
  'vulkan-swiftshader': 'SWIFTSHADER_ICD',
}

/** Where the thing is, or undefined. An environment variable (CHROMIUM, SWIFTSHADER_ICD) names another place. */
export function find(requirement: Requirement): string | undefined {
  const named = process.env[overrides[requirement]]
  return [...(named ? [named] : []), ...candidates[requirement]].find(path => existsSync(path))
}

/** Where the thing is. Without it, ends the test: skipped locally, failed under CI=true. */
export function needs(context: TestContext, requirement: Requirement): string {
  const path = find(requirement)
  if (path !== undefined) return path
  const note = `needs ${requirement} (scripts/install-test-tools.sh)`
  if (process.env['CI'] === 'true') throw new Error(note)
  return context.skip(note)
}
