/** Downloads through the command line, from a hub on this machine. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { root } from '../checkout.ts'
import { commit, HubServer } from '../checkpoint/hubServer.ts'
import { files, weights, weightsBlob } from '../checkpoint/pulling.ts'
import { ended, run, start, startInTerminal, testFolder, written } from './process.ts'

const folder = testFolder()
let server: HubServer
let cache = ''
let tests = 0

beforeAll(async () => {
  server = await HubServer.start(files)
})
beforeEach(() => {
  server.misbehave = () => false
  server.requests.length = 0
  cache = join(folder, `cache ${tests++}`)
})
afterAll(() => server[Symbol.asyncDispose]())

const pull = (...more: string[]) => ['pull', 'owner/model', '--endpoint', server.endpoint, '--cache', cache, ...more]
const model = () => join(cache, 'models--owner--model')
const incomplete = () => join(model(), `blobs/${weightsBlob}.incomplete`)

/** Sends the beginning of the weights, and then nothing more. */
function stall(): void {
  server.misbehave = ({ path }, response) => {
    if (path !== '/model.safetensors') return false
    response.writeHead(200, { 'content-length': weights.length })
    response.write(weights.subarray(0, 100_000))
    return true
  }
}

/** Waits until the beginning of the weights lies on the disk. */
async function begun(): Promise<void> {
  while (!existsSync(incomplete()) || readFileSync(incomplete()).length < 100_000)
    await new Promise(resolve => setTimeout(resolve, 20))
}

test('a model is downloaded, with a line for everything that happens', async () => {
  const { status, stdout, stderr } = await run(pull(), { folder })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const snapshot = join(model(), 'snapshots', commit)
  expect(stdout.split('\n')).toEqual([
    `owner/model at main (${commit.slice(0, 12)}): 5 files, 300.1 kB`,
    'README.md (7 bytes)',
    'qwen.tiktoken (7 bytes)',
    'config.json (22 bytes)',
    'LICENSE (32 bytes)',
    'model.safetensors (300.1 kB)',
    `300.1 kB downloaded: ${snapshot}`,
    '',
  ])
  expect(readFileSync(join(snapshot, 'model.safetensors')).equals(weights)).toBe(true)
  const again = await run(pull(), { folder })
  expect(again.stdout).toContain(`everything is there already: ${snapshot}`)
})

test('--json gives every event as a line of JSON', async () => {
  const { status, stdout } = await run(pull('--json'), { folder })
  expect(status).toBe(0)
  const events = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { type: string })
  expect(events[0]).toMatchObject({ type: 'plan', repository: 'owner/model', commit })
  expect(events.at(-1)).toMatchObject({ type: 'done', commit, files: 5 })
  expect(events.filter(({ type }) => type === 'file')).toHaveLength(5)
})

test('Ctrl-C keeps what has arrived, and the same command goes on with it', async () => {
  stall()
  const child = start(pull(), { folder })
  child.stdin.end()
  const end = ended(child)
  await begun()
  child.kill('SIGINT')
  const { status, stderr } = await end
  expect(stderr).toBe('qwen-vl: cancelled: the same command goes on where this one ended\n')
  expect(status).toBe(130)
  expect(existsSync(join(model(), 'refs'))).toBe(false)
  server.misbehave = () => false
  const { stdout } = await run(pull(), { folder })
  expect(stdout).toMatch(/going on with an earlier pull: 100\.1 kB are there, 200\.\d kB to go/)
  expect(server.downloads.at(-1)).toBe('model.safetensors bytes=100000-')
  expect(readFileSync(join(model(), 'snapshots', commit, 'model.safetensors')).equals(weights)).toBe(true)
})

test('a connection that fails is tried again, and says so', async () => {
  let failures = 0
  server.misbehave = ({ path }, response) => {
    if (path !== '/model.safetensors' || failures++ > 0) return false
    response.writeHead(503).end()
    return true
  }
  const { status, stdout } = await run(pull(), { folder })
  expect(stdout).toMatch(/503.*; attempt 2 in 1 s/)
  expect(status).toBe(0)
})

/** Pulls, and gives the one line that it must fail with. */
async function failing(args: readonly string[], environment: Record<string, string> = {}): Promise<string> {
  const preload = 'FULL_DISK' in environment ? [join(root, 'test/cli/fullDisk.ts')] : []
  const { status, stdout, stderr } = await run(args, { folder, environment, preload })
  expect({ stderr, status }).toMatchObject({ status: 1 })
  expect(stderr).toMatch(/^qwen-vl: [^\n]+\n$/)
  expect(stdout).not.toContain('downloaded')
  return stderr
}

test('a disk without room is found before anything is fetched', async () => {
  expect(await failing(pull(), { FULL_DISK: 'before' })).toMatch(
    /has room for 4\.1 kB, but 300\.1 kB are needed: free .*, or set HF_HOME to a folder on another disk/,
  )
  expect(existsSync(join(model(), 'blobs'))).toBe(false)
  expect(server.downloads).toEqual([])
})

test('a disk that becomes full ends the pull: no half-written file has a good name', async () => {
  expect(await failing(pull(), { FULL_DISK: 'during' })).toMatch(
    /the disk was full before model\.safetensors \(300\.1 kB\) was written: free some space/,
  )
  expect(existsSync(join(model(), 'snapshots'))).toBe(false)
  expect(readdirSync(join(model(), 'blobs'))).toContain(`${weightsBlob}.incomplete`)
})

test('names and hubs that are none: one line each', async () => {
  expect(await failing(['pull', 'model'])).toContain('write owner/name, such as Qwen/Qwen-VL-Chat')
  const other = ['pull', 'owner/nothing', '--endpoint', server.endpoint, '--cache', cache]
  expect(await failing(other)).toMatch(/owner\/nothing/)
  expect(await failing([...other.slice(0, 2), '--endpoint', 'nonsense'])).toContain('is no address of a hub')
  const nobody = ['--endpoint', 'http://127.0.0.1:9', '--retries', '0']
  expect(await failing([...other.slice(0, 2), ...nobody])).toMatch(/could not be fetched from 127\.0\.0\.1:9/)
  expect(await failing(['pull', 'owner/model', '--revision', '../x'])).toContain('is no revision')
})

test('a pulled model can be named', async () => {
  await run(pull(), { folder })
  const { stdout, stderr } = await run(['inspect', 'owner/model', '--cache', cache], { folder })
  expect(stderr).toMatch(/config\.json: .*vocab_size/) // found; the model of this hub is none
  expect(stdout).toBe('')
})

test('on a terminal a bar shows how far it is', async context => {
  const child = startInTerminal(context, pull(), { folder })
  const end = ended(child)
  await written(child, /100% of 300\.1 kB/)
  const { status, stdout } = await end
  expect(status).toBe(0)
  expect(stdout).toContain(`300.1 kB downloaded: ${join(model(), 'snapshots', commit)}`)
})
