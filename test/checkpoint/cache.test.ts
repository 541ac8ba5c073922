import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { cacheFolder, ModelNotFoundError, resolveModel } from '../../src/checkpoint/index.ts'
import { rejection, temporaryFolder } from './files.ts'

const commit = '0123456789abcdef0123456789abcdef01234567'

/** A cache as Hugging Face's own tools leave it. */
function cacheWith(names: readonly string[], ref = 'main', index?: string) {
  const cache = temporaryFolder()
  const folder = join(cache, 'models--Qwen--Qwen-VL-Chat')
  for (const part of ['blobs', 'refs', join('snapshots', commit)]) mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'refs', ref), commit)
  for (const name of names) {
    writeFileSync(join(folder, 'blobs', name), name.endsWith('index.json') ? index! : '{}')
    symlinkSync(join('../../blobs', name), join(folder, 'snapshots', commit, name))
  }
  return { cache, folder, path: join(folder, 'snapshots', commit) }
}

const complete = ['config.json', 'model.safetensors']

test.each([
  [{}, join(homedir(), '.cache/huggingface/hub')],
  [{ XDG_CACHE_HOME: '/caches' }, '/caches/huggingface/hub'],
  [{ HF_HOME: '/models', XDG_CACHE_HOME: '/caches' }, '/models/hub'],
  [{ HF_HOME: '~/models' }, join(homedir(), 'models/hub')],
  [{ HF_HUB_CACHE: '/hub', HF_HOME: '/models' }, '/hub'],
  [{ HF_HUB_CACHE: '', HF_HOME: '/models' }, '/models/hub'],
])('with %j the cache is %s', (environment, folder) => {
  expect(cacheFolder(environment)).toBe(resolve(folder))
})

test('a folder or file that exists is the model, whatever it is called', async () => {
  const folder = temporaryFolder()
  expect(await resolveModel(folder)).toEqual({ path: folder })
})

test.each(['main', 'master'])('a name is found in the cache under the branch %s', async ref => {
  const { cache, path } = cacheWith(complete, ref)
  expect(await resolveModel('Qwen/Qwen-VL-Chat', { cache })).toEqual({ path, repository: 'Qwen/Qwen-VL-Chat', commit })
})

test('a tag and a commit are found too', async () => {
  const { cache, path } = cacheWith(complete, 'v1.0')
  for (const revision of ['v1.0', commit])
    expect((await resolveModel('Qwen/Qwen-VL-Chat', { cache, revision })).path).toBe(path)
  await expect(resolveModel('Qwen/Qwen-VL-Chat', { cache })).rejects.toThrow(ModelNotFoundError)
})

test('a model that was never pulled is answered with the command that pulls it', async () => {
  const cache = temporaryFolder()
  const error = await rejection(resolveModel('Qwen/Qwen-VL-Chat', { cache, revision: 'v2' }))
  expect(error).toBeInstanceOf(ModelNotFoundError)
  expect(error.message).toBe(
    `Qwen/Qwen-VL-Chat at v2 is neither a folder nor in the cache (${cache}): download it with "qwen-vl pull Qwen/Qwen-VL-Chat --revision v2"`,
  )
})

test.each(['/nowhere/at/all', './models', 'a/b/c', '..', ''])('%j is neither a folder nor a name', async reference => {
  await expect(resolveModel(reference === '..' ? '../no such folder' : reference)).rejects.toThrow(ModelNotFoundError)
})

test('a model of which files are missing is incomplete, and says which', async () => {
  const without = async (names: string[], index?: string) => {
    const { cache } = cacheWith(names, 'main', index)
    return (await rejection(resolveModel('Qwen/Qwen-VL-Chat', { cache }))).message
  }
  expect(await without(['config.json'])).toContain(
    'is incomplete (the weights are missing): run "qwen-vl pull Qwen/Qwen-VL-Chat"',
  )
  expect(await without(['model.safetensors'])).toContain('(config.json is missing)')
  const index = '{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}'
  const part = 'model-00001-of-00002.safetensors'
  expect(await without(['config.json', part, 'model.safetensors.index.json'], index)).toContain(
    '(model-00002-of-00002.safetensors is missing)',
  )
  const { cache, folder } = cacheWith(complete)
  unlinkSync(join(folder, 'blobs/model.safetensors'))
  expect((await rejection(resolveModel('Qwen/Qwen-VL-Chat', { cache }))).message).toContain(
    '(model.safetensors is missing)',
  )
})

test('an index of weights that are there in the other format does not count', async () => {
  const { cache, path } = cacheWith(
    [...complete, 'pytorch_model.bin.index.json'],
    'main',
    '{"weight_map": {"a": "pytorch_model-00001-of-00002.bin"}}',
  )
  expect((await resolveModel('Qwen/Qwen-VL-Chat', { cache })).path).toBe(path)
})
