import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openCheckpoint, pull, resolveModel } from '../../src/checkpoint/index.ts'
import { rejection, temporaryFolder } from './files.ts'
import { commit, gitSha1, HubServer } from './hubServer.ts'
import { blobs, config, files, of, pullFrom, weights, weightsBlob } from './pulling.ts'

test('a model is pulled into the layout of Hugging Face, and can be opened by its name', async () => {
  await using server = await HubServer.start(files)
  const { events, cache, folder } = await pullFrom(server)
  const [plan] = of(events, 'plan')
  const wanted = ['README.md', 'qwen.tiktoken', 'config.json', 'LICENSE', 'model.safetensors']
  expect(plan).toMatchObject({ repository: 'owner/model', revision: 'main', commit, missingBytes: plan!.bytes })
  expect(plan!.files.map(({ path }) => path)).toEqual(wanted)
  expect(events.at(-1)).toMatchObject({ type: 'done', commit, files: 5, folder: join(folder, 'snapshots', commit) })
  expect(readFileSync(join(folder, 'refs/main'), 'utf8')).toBe(commit)
  expect(readdirSync(join(folder, 'snapshots', commit)).sort()).toEqual(wanted.toSorted())
  expect(readlinkSync(join(folder, 'snapshots', commit, 'model.safetensors'))).toBe(join('../../blobs', weightsBlob))
  expect(blobs(folder)).toContain(gitSha1(Buffer.from(config)))
  const { path } = await resolveModel('owner/model', { cache })
  await using checkpoint = await openCheckpoint(path)
  expect([checkpoint.names, checkpoint.config]).toEqual([['a'], { model_type: 'qwen' }])
})

test('programs, pictures and a second copy of the weights are left where they are', async () => {
  await using server = await HubServer.start(files)
  const { events } = await pullFrom(server)
  expect(of(events, 'plan')[0]!.leftOut.toSorted()).toEqual([
    '.gitattributes',
    'SimSun.ttf',
    'assets/config.json',
    'assets/demo.jpg',
    'modeling_qwen.py',
    'pytorch_model.bin',
    'pytorch_model.bin.index.json',
  ])
  expect(server.requests.filter(({ path }) => /\.(py|bin|jpg|ttf)$/.test(path))).toEqual([])
})

test('progress tells the bytes of the file and of all files, and ends with all of them', async () => {
  await using server = await HubServer.start(files)
  const { events } = await pullFrom(server)
  const progress = of(events, 'progress')
  const { bytes } = of(events, 'plan')[0]!
  expect(progress.at(-1)).toMatchObject({ path: 'model.safetensors', fileDone: weights.length, done: bytes, bytes })
  expect(progress.map(({ done }) => done)).toEqual(progress.map(({ done }) => done).toSorted((a, b) => a - b))
})

test('the second pull fetches nothing', async () => {
  await using server = await HubServer.start(files)
  const { cache } = await pullFrom(server)
  const before = server.downloads.length
  const { events } = await pullFrom(server, { cache })
  expect(server.downloads).toHaveLength(before)
  expect(events.map(({ type }) => type)).toEqual(['plan', 'done'])
  expect(of(events, 'plan')[0]).toMatchObject({ missingBytes: 0 })
})

test('a new version fetches only what changed', async () => {
  await using server = await HubServer.start(files)
  const { cache } = await pullFrom(server)
  server.files.set('config.json', Buffer.from('{"changed": 1}'))
  server.requests.length = 0
  await pullFrom(server, { cache, revision: 'v1.0' })
  expect(server.downloads).toEqual(['config.json'])
  expect((await resolveModel('owner/model', { cache, revision: 'v1.0' })).commit).toBe(commit)
})

test('the token goes to the hub and not to the host that it redirects to, and no error shows it', async () => {
  await using server = await HubServer.start(files)
  await pullFrom(server, { environment: { HF_TOKEN: 'hf_secret' } })
  const shown = (host: string) =>
    new Set(server.requests.filter(each => each.host === host).map(each => each.authorization))
  expect(shown('hub')).toEqual(new Set(['Bearer hf_secret']))
  expect(shown('store')).toEqual(new Set([undefined]))
  server.misbehave = (_, response) => {
    response.writeHead(403, { 'x-error-message': 'the token hf_secret may not do this' }).end()
    return true
  }
  const error = await rejection(pullFrom(server, { token: 'hf_secret' }))
  expect(error.message).toContain('the token *** may not do this')
  expect(JSON.stringify(error) + error.message + error.stack).not.toContain('hf_secret')
})

test("the token of Hugging Face's login is found, and can be left out", async () => {
  await using server = await HubServer.start(files)
  const home = temporaryFolder()
  writeFileSync(join(home, 'token'), 'hf_kept\n')
  await pullFrom(server, { environment: { HF_HOME: home } })
  expect(server.requests[0]!.authorization).toBe('Bearer hf_kept')
  server.requests.length = 0
  await pullFrom(server, { environment: { HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' } })
  expect(server.requests[0]!.authorization).toBeUndefined()
})

test('HF_ENDPOINT and HF_HUB_CACHE name the mirror and the cache', async () => {
  await using server = await HubServer.start(files)
  const cache = temporaryFolder()
  const environment = { HF_ENDPOINT: `${server.endpoint}/`, HF_HUB_CACHE: cache }
  for await (const event of pull('owner/model', { environment })) if (event.type === 'done') break
  expect(existsSync(join(cache, 'models--owner--model/refs/main'))).toBe(true)
})

test("a model is pulled from ModelScope's hub, by its listing of checksums", async () => {
  await using server = await HubServer.start(files)
  const environment = { HF_TOKEN: 'hf_secret' }
  const { events, cache, folder } = await pullFrom(server, { hub: 'modelscope', environment })
  expect(events.at(-1)).toMatchObject({ type: 'done', commit, files: 5 })
  expect(blobs(folder)).toContain(weightsBlob)
  expect((await resolveModel('owner/model', { cache })).commit).toBe(commit)
  expect(server.requests.every(({ authorization }) => authorization === undefined)).toBe(true)
  await expect(pullFrom(server, { hub: 'modelscope', revision: 'nowhere' })).rejects.toThrow(
    'has no model owner/model at nowhere',
  )
})

test('a repository without weights is refused', async () => {
  await using server = await HubServer.start({ 'README.md': 'a dataset', 'train.py': '' })
  await expect(pullFrom(server)).rejects.toThrow(
    'owner/model holds no weights as .safetensors or .bin: it has README.md, train.py',
  )
})

test.each([
  ['../../etc', {}, '"../../etc" is no name of a model on a hub'],
  ['model', {}, 'write owner/name, such as Qwen/Qwen-VL-Chat'],
  ['owner/model', { endpoint: 'file:///etc' }, 'is no address of a hub'],
  ['owner/model', { endpoint: 'https://me:secret@hub' }, 'the address of the hub holds a user name'],
  ['owner/model', { revision: '../main' }, '"../main" is no revision'],
])('refuses to pull %s with %j', async (repository, options, message) => {
  const error = await rejection(pull(repository, { environment: {}, ...options }).next())
  expect(error.message).toContain(message)
  expect(error.message).not.toContain('secret')
})
