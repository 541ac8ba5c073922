import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DiskSpaceError, HubError, type PullOptions } from '../../src/checkpoint/index.ts'
import { rejection, temporaryFolder } from './files.ts'
import { HubServer } from './hubServer.ts'
import { files, of, pullFrom } from './pulling.ts'

test.each([
  [401, 'the model owner/model at main is not open to everybody, or does not exist'],
  [403, "refuses access to the model owner/model at main (gated). Accept the model's terms on its page"],
  [404, 'has no model owner/model at main (gated): check the name and the revision'],
])('status %d ends the pull at once, with what to do about it', async (status, message) => {
  await using server = await HubServer.start(files)
  server.misbehave = (_, response) => {
    response.writeHead(status, { 'x-error-message': 'gated' }).end('{"error": "gated"}')
    return true
  }
  const error = await rejection(pullFrom(server))
  expect(error).toBeInstanceOf(HubError)
  expect((error as HubError).status).toBe(status)
  expect(error.message).toContain(message)
  expect(server.requests).toHaveLength(1)
})

test.each([429, 500, 503])('status %d is tried again, with growing waits', async status => {
  await using server = await HubServer.start(files)
  let failures = 0
  server.misbehave = ({ host }, response) => {
    if (host !== 'store' || failures++ >= 2) return false
    response.writeHead(status).end()
    return true
  }
  const { events } = await pullFrom(server)
  expect(of(events, 'retry').map(({ attempt, delayMs }) => [attempt, delayMs])).toEqual([
    [1, 1],
    [2, 2],
  ])
})

test('a server that stays broken ends the pull after the last attempt', async () => {
  await using server = await HubServer.start(files)
  server.misbehave = (_, response) => {
    response.writeHead(502).end()
    return true
  }
  await expect(pullFrom(server, { retries: 2 })).rejects.toThrow(/could not be fetched: 127\.0\.0\.1:\d+ answered 502/)
  expect(server.requests).toHaveLength(3)
})

test('a server may say how long to wait', async () => {
  await using server = await HubServer.start(files)
  let first = true
  server.misbehave = (_, response) => {
    if (!first) return false
    first = false
    response.writeHead(429, { 'retry-after': '1' }).end()
    return true
  }
  const { events } = await pullFrom(server)
  expect(of(events, 'retry')[0]).toMatchObject({ path: undefined, delayMs: 1000 })
})

test('a hub that cannot be reached is named, with the reason', async () => {
  const server = await HubServer.start(files)
  const { endpoint } = server
  await server[Symbol.asyncDispose]()
  const error = await rejection(pullFrom({ endpoint } as HubServer, { retries: 0 }))
  expect(error.message).toMatch(/could not be fetched from 127\.0\.0\.1:\d+: .*ECONNREFUSED/)
})

test('a connection that falls silent is given up', async () => {
  await using server = await HubServer.start(files)
  let silent = true
  server.misbehave = ({ host }, response, answer) => {
    if (host !== 'store' || !silent) return false
    silent = false
    response.writeHead(200, { 'content-length': answer!.length })
    response.write(answer!.subarray(0, 1000))
    return true
  }
  const { events } = await pullFrom(server, { stallMs: 300 })
  expect(of(events, 'retry')[0]!.reason).toContain('nothing came for 0.3 s')
})

test('a disk without room is noticed before anything is fetched', async () => {
  await using server = await HubServer.start(files)
  const error = await rejection(pullFrom(server, { disk: { freeBytes: async () => 1e6 } }))
  expect(error).toBeInstanceOf(DiskSpaceError)
  expect(error.message).toMatch(
    /has room for 1\.0 MB, but 300\.\d kB are needed: free 32\.9 MB, or set HF_HOME to a folder on another disk/,
  )
  expect(server.downloads).toEqual([])
})

test('a disk that fills up while pulling ends in one clear error, and the pull can go on later', async () => {
  await using server = await HubServer.start(files)
  const cache = temporaryFolder()
  const full: NonNullable<PullOptions['disk']> = {
    async write(handle, bytes, position) {
      if (position + bytes.length > 20_000) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
      await handle.write(bytes, 0, bytes.length, position)
    },
  }
  const error = await rejection(pullFrom(server, { cache, disk: full }))
  expect(error).toBeInstanceOf(DiskSpaceError)
  expect(error.message).toMatch(
    /the disk was full before model\.safetensors \(300\.\d kB\) was written: free some space, or set HF_HOME/,
  )
  expect(existsSync(join(cache, 'models--owner--model/snapshots'))).toBe(false)
  await pullFrom(server, { cache })
})

test.each([
  ['a login page', '<html>', 'text/html'],
  ['another kind of answer', '{"ok": true}', 'application/json'],
  ['a list of something else', '[]', 'application/json'],
])('an endpoint that answers with %s is no hub', async (_, body, type) => {
  await using server = await HubServer.start(files)
  server.misbehave = (_request, response) => {
    response.writeHead(200, { 'content-type': type }).end(body)
    return true
  }
  for (const hub of ['huggingface', 'modelscope'] as const)
    await expect(pullFrom(server, { hub })).rejects.toThrow(
      'does not answer as a hub of models does: check the endpoint',
    )
})
