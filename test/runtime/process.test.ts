import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('process.ts', import.meta.url))

/** Runs `process.ts`; a program that does not end within 30 s is killed, and has no status then. */
function run(how: string, environment: Record<string, string> = {}) {
  return new Promise<{ status: number | null; output: string; errors: string }>((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', script, how], {
      timeout: 30_000,
      env: { ...process.env, ...environment },
    })
    let [output, errors] = ['', '']
    child.stdout.on('data', chunk => {
      output += chunk
    })
    child.stderr.on('data', chunk => {
      errors += chunk
    })
    child.on('error', reject)
    child.on('close', status => resolve({ status, output: output.trim(), errors }))
  })
}

test('a program ends by itself once its runtime is disposed of', async () => {
  expect(await run('disposed')).toEqual({ status: 0, output: '3', errors: '' })
})

test('a runtime that nobody disposed of does not keep an idle program alive', async () => {
  expect(await run('idle')).toEqual({ status: 0, output: '3', errors: '' })
})

test('a run under way does', async () => {
  expect(await run('pending')).toEqual({ status: 0, output: '1', errors: '' })
})

test('process.exit and an uncaught error end a program with an open runtime', async () => {
  expect(await run('exit')).toMatchObject({ status: 3, output: '3' })
  expect(await run('thrown')).toMatchObject({ status: 1, errors: expect.stringContaining('on purpose') })
})

test('process.exit in the middle of a run does not abort the program', async () => {
  expect(await run('exit during a run')).toEqual({ status: 3, output: '', errors: '' })
})

test('a device that is not there is refused with the list of those that are', async () => {
  const { status, output } = await run('missing device', { VK_ICD_FILENAMES: '/nonexistent.json' })
  expect(status).toBe(0)
  expect(output).toMatch(/^DeviceError cpu: the device "webgpu" is not there.*Available here: cpu\..*SwiftShader/)
})
