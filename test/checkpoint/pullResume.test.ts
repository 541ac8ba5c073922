import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ChecksumError, HubError, pull, resolveModel } from '../../src/checkpoint/index.ts'
import { rejection, temporaryFolder } from './files.ts'
import { commit, cut, HubServer, type Misbehaviour, sendFile, sha256 } from './hubServer.ts'
import { blobs, files, of, pullFrom, weights, weightsBlob } from './pulling.ts'

test('a connection that is cut is taken up where it ended', async () => {
  await using server = await HubServer.start(files)
  let cuts = 0
  server.misbehave = ({ host, range }, response, answer) => {
    if (host !== 'store' || range !== undefined || cuts++ > 0) return false
    cut(response, answer!, 100_000)
    return true
  }
  const { events, folder } = await pullFrom(server)
  expect(server.downloads.slice(-2)).toEqual(['model.safetensors', 'model.safetensors bytes=100000-'])
  expect(of(events, 'retry')[0]).toMatchObject({ path: 'model.safetensors', attempt: 1 })
  expect(of(events, 'retry')[0]!.reason).toContain(`after 100000 of ${weights.length} bytes`)
  expect(blobs(folder).filter(name => name.endsWith('.incomplete'))).toEqual([])
})

test('a connection that is cut again and again costs no attempts as long as something arrives', async () => {
  await using server = await HubServer.start(files)
  server.misbehave = ({ host, range }, response, answer) => {
    if (host !== 'store') return false
    const from = Number(/\d+/.exec(range ?? '0'))
    const part = answer!.subarray(from)
    response.writeHead(from === 0 ? 200 : 206, {
      'content-range': `bytes ${from}-${answer!.length - 1}/${answer!.length}`,
      'content-length': part.length,
    })
    response.write(part.subarray(0, 30_000), () =>
      setTimeout(() => (part.length > 30_000 ? response.destroy() : response.end()), 5),
    )
    return true
  }
  const { events } = await pullFrom(server, { retries: 1 })
  expect(of(events, 'retry').length).toBeGreaterThan(8)
})

test('a later pull goes on where an earlier one ended', async () => {
  await using server = await HubServer.start(files)
  server.misbehave = ({ host }, response, answer) => {
    if (host === 'store') cut(response, answer!, 50_000)
    return host === 'store'
  }
  const cache = temporaryFolder()
  const error = await rejection(pullFrom(server, { cache, retries: 0 }))
  expect(error).toBeInstanceOf(HubError)
  expect(error.message).toContain(`model.safetensors: the connection ended after 50000 of ${weights.length} bytes`)
  const folder = join(cache, 'models--owner--model')
  expect(blobs(folder)).toContain(`${weightsBlob}.incomplete`)
  expect(existsSync(join(folder, 'refs'))).toBe(false)
  server.misbehave = () => false
  server.requests.length = 0
  const { events } = await pullFrom(server, { cache })
  expect(server.downloads).toEqual(['model.safetensors bytes=50000-'])
  expect(of(events, 'plan')[0]!.missingBytes).toBe(weights.length - 50_000)
})

test('a wrong beginning from an earlier time is noticed and fetched again', async () => {
  await using server = await HubServer.start(files)
  const cache = temporaryFolder()
  const begun = join(cache, 'models--owner--model/blobs')
  mkdirSync(begun, { recursive: true })
  writeFileSync(join(begun, `${weightsBlob}.incomplete`), Buffer.alloc(1000, 7))
  await pullFrom(server, { cache })
  expect(server.downloads.slice(-2)).toEqual(['model.safetensors bytes=1000-', 'model.safetensors'])
  for (const size of [weights.length, weights.length + 5]) {
    const again = temporaryFolder()
    mkdirSync(join(again, 'models--owner--model/blobs'), { recursive: true })
    writeFileSync(join(again, 'models--owner--model/blobs', `${weightsBlob}.incomplete`), Buffer.alloc(size))
    const { folder } = await pullFrom(server, { cache: again })
    expect(sha256(readFileSync(join(folder, 'blobs', weightsBlob)))).toBe(weightsBlob)
  }
})

test('a server that knows no parts of files is asked for the whole', async () => {
  await using server = await HubServer.start(files)
  let first = true
  server.misbehave = ({ host }, response, answer) => {
    if (host !== 'store') return false
    if (first) cut(response, answer!, 1000)
    else sendFile(response, answer!, undefined)
    first = false
    return true
  }
  const { folder } = await pullFrom(server)
  expect(sha256(readFileSync(join(folder, 'blobs', weightsBlob)))).toBe(weightsBlob)
})

test('a file that is not what the hub announced is removed, and the error says so', async () => {
  await using server = await HubServer.start(files)
  server.misbehave = ({ host }, response, answer) => {
    if (host === 'store') sendFile(response, Buffer.alloc(answer!.length, 1), undefined)
    return host === 'store'
  }
  const cache = temporaryFolder()
  const error = await rejection(pullFrom(server, { cache }))
  expect(error).toBeInstanceOf(ChecksumError)
  expect(error.message).toContain(
    `model.safetensors arrived, but is another file: its checksum is ${sha256(Buffer.alloc(weights.length, 1))}, and the hub announced ${weightsBlob}. It was removed`,
  )
  expect(blobs(join(cache, 'models--owner--model')).filter(name => name.startsWith(weightsBlob))).toEqual([])
})

test('a small file is checked too', async () => {
  await using server = await HubServer.start(files)
  server.misbehave = ({ path }, response) => {
    const captive = path.endsWith('config.json') && path.includes('resolve')
    if (captive) sendFile(response, Buffer.from('<html>Welcome to the hotel</html>'), undefined)
    return captive
  }
  await expect(pullFrom(server)).rejects.toThrow(/config\.json is larger than the 22 bytes that the hub announced/)
})

test('a pull that is cancelled stops with the reason, and leaves only an unfinished file', async () => {
  await using server = await HubServer.start(files)
  server.misbehave = slow
  const controller = new AbortController()
  const cache = temporaryFolder()
  const pulling = async () => {
    for await (const event of pull('owner/model', {
      endpoint: server.endpoint,
      environment: {},
      cache,
      signal: controller.signal,
    }))
      if (event.type === 'progress' && event.path === 'model.safetensors') controller.abort(new Error('enough'))
  }
  await expect(pulling()).rejects.toThrow('enough')
  expect(blobs(join(cache, 'models--owner--model')).filter(name => name.startsWith(weightsBlob))).toEqual([
    `${weightsBlob}.incomplete`,
  ])
  expect(existsSync(join(cache, 'models--owner--model/refs'))).toBe(false)
})

test('a pull that nobody listens to any more ends, and can be begun again at once', async () => {
  await using server = await HubServer.start(files)
  server.misbehave = slow
  const cache = temporaryFolder()
  const options = { endpoint: server.endpoint, environment: {}, cache }
  for await (const event of pull('owner/model', options))
    if (event.type === 'progress' && event.path === 'model.safetensors') break
  server.misbehave = () => false
  await pullFrom(server, { cache })
})

test('only one process pulls a model at a time; one that was killed holds nobody up', async () => {
  await using server = await HubServer.start(files)
  server.misbehave = slow
  const cache = temporaryFolder()
  const child = pullInAnotherProcess(server.endpoint, cache)
  await new Promise<void>(resolve => {
    child.stdout!.on('data', text => {
      if (String(text).includes('"type":"progress","path":"model.safetensors"')) resolve()
    })
  })
  await expect(pullFrom(server, { cache })).rejects.toThrow(
    /another process \(.* \d+\) is downloading owner\/model: wait for it/,
  )
  const ended = new Promise(resolve => child.on('exit', resolve))
  child.kill('SIGKILL')
  await ended
  const folder = join(cache, 'models--owner--model')
  expect(readdirSync(folder)).toEqual(['blobs'])
  const unfinished = blobs(folder).filter(name => name.startsWith(weightsBlob))
  expect(unfinished).toEqual([`${weightsBlob}.incomplete`])
  expect(lstatSync(join(folder, 'blobs', unfinished[0]!)).size).toBeLessThan(weights.length)
  await expect(resolveModel('owner/model', { cache })).rejects.toThrow('download it with "qwen-vl pull owner/model"')
  server.misbehave = () => false
  await pullFrom(server, { cache })
  expect((await resolveModel('owner/model', { cache })).commit).toBe(commit)
})

/** The weights arrive in drops. */

const slow: Misbehaviour = ({ host, range }, response, answer) => {
  if (host !== 'store') return false
  const from = Number(/\d+/.exec(range ?? '0'))
  response.writeHead(from === 0 ? 200 : 206, {
    'content-range': `bytes ${from}-${answer!.length - 1}/${answer!.length}`,
  })
  let at = from
  const timer = setInterval(() => {
    response.write(answer!.subarray(at, at + 1000))
    at += 1000
    if (at >= answer!.length) response.end(() => clearInterval(timer))
  }, 20)
  response.on('close', () => clearInterval(timer))
  return true
}

function pullInAnotherProcess(endpoint: string, cache: string): ChildProcess {
  const program = `
    import { pull } from ${JSON.stringify(new URL('../../src/checkpoint/index.ts', import.meta.url).href)}
    for await (const event of pull('owner/model', ${JSON.stringify({ endpoint, cache, environment: {} })}))
      console.log(JSON.stringify(event))`
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}
