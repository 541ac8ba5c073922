import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DecodeOptions, decode, isPublicAddress, ownMachine, type PictureSource } from '../../src/image/index.ts'
import { bytes, pathOf } from './fixtures.ts'

const file = bytes('formats/rgb.png')
const path = pathOf('formats/rgb.png')
const own = { allow: ownMachine }

const failure = async (source: PictureSource, options?: DecodeOptions) => {
  const error = await decode(source, options).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toMatchObject({ name: 'PictureError' })
  return error as { problem: string; message: string }
}

test('a picture comes from a path, a file address, bytes, a Blob, a data address: always the same', async () => {
  const expected = (await decode(file)).sha256
  const base64 = Buffer.from(file).toString('base64')
  const sources: PictureSource[] = [
    path,
    pathToFileURL(path),
    pathToFileURL(path).href,
    file.buffer,
    Buffer.from(file),
    new Blob([file]),
    new File([file], 'rgb.png'),
    `data:image/png;base64,${base64}`,
    `data:text/plain;base64,${base64}`, // what it says it is does not matter
  ]
  for (const source of sources) expect((await decode(source, own)).sha256).toBe(expected)
})

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qwen-vl-image-'))
  beforeAll(() => {
    mkdirSync(join(folder, 'open/inner'), { recursive: true })
    writeFileSync(join(folder, 'open/inner/a.png'), file)
    writeFileSync(join(folder, 'secret.png'), file)
    symlinkSync(join(folder, 'secret.png'), join(folder, 'open/link.png'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('are refused unless the call allows them', async () => {
    for (const source of [path, pathToFileURL(path), pathToFileURL(path).href]) {
      const { problem, message } = await failure(source)
      expect(problem).toBe('refused')
      expect(message).toMatch(
        /is a path, and this call allows no files: pass \{ allow: \{ files: true \} \} or a folder/,
      )
    }
  })

  test('can be fenced into one folder, links included', async () => {
    const allow = { files: join(folder, 'open') }
    expect(await decode(join(folder, 'open/inner/a.png'), { allow })).toMatchObject({ width: 37 })
    for (const outside of ['secret.png', 'open/../secret.png', 'open/link.png']) {
      expect(await failure(join(folder, outside), { allow })).toMatchObject({ problem: 'refused' })
    }
  })

  test('that are missing, directories or devices are named in one line', async () => {
    expect(await failure('no/such.jpg', own)).toMatchObject({
      problem: 'missing',
      message: 'there is no file no/such.jpg',
    })
    expect((await failure(folder, own)).message).toBe(`${folder} is a directory: give the path of one picture`)
    expect((await failure(`${path}/x`, own)).message).toMatch(/there is no file/)
    expect((await failure('a\0b', own)).message).toMatch(/is no path/)
    expect((await failure('x'.repeat(5000), own)).message.length).toBeLessThan(150)
  })
})

describe('addresses', () => {
  const routes: Record<string, (response: ServerResponse) => void> = {
    '/a.png': response => response.end(file),
    '/page': response => response.setHeader('content-type', 'image/png').end('<html>hello</html>'),
    '/here': response => response.writeHead(302, { location: '/a.png' }).end(),
    '/there': response => response.writeHead(302, { location: `http://localhost:${port()}/a.png` }).end(),
    '/file': response => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    '/round': response => response.writeHead(302, { location: '/round' }).end(),
    '/endless': response => void setInterval(() => response.write(new Uint8Array(50_000)), 1).unref(),
    '/silent': () => {},
    '/broken': response => response.writeHead(200, { 'content-length': '9999' }).write(file, () => response.destroy()),
  }
  let server: Server
  const port = () => (server.address() as AddressInfo).port
  const at = (route: string, host = '127.0.0.1') => `http://${host}:${port()}${route}`
  beforeAll(async () => {
    server = createServer((request, response) => {
      const route = routes[new URL(request.url ?? '', 'http://x').pathname]
      if (route) route(response)
      else response.writeHead(404).end()
    })
    await new Promise<void>(resolve => server.listen(0, resolve))
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test('are downloaded and redirects followed, where the call allows them', async () => {
    for (const route of ['/a.png', '/here', '/there']) expect(await decode(at(route), own)).toMatchObject({ width: 37 })
    expect(await decode(at('/a.png'), { allow: { network: ['127.0.0.1'] } })).toMatchObject({ width: 37 })
  })

  test('inside the own network are refused unless told: by number, by name, in any spelling', async () => {
    const spellings = ['127.0.0.1', 'localhost', '[::1]', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]', '0.0.0.0']
    for (const host of [...spellings, '169.254.169.254', '10.0.0.1', '[fe80::1]', '[fd00::1]']) {
      const { problem, message } = await failure(at('/a.png', host))
      expect(message).toMatch(/which is not a public address/)
      expect(problem).toBe('refused')
    }
  })

  test('are checked again at every redirect', async () => {
    const allow = { network: ['127.0.0.1'] }
    expect((await failure(at('/there'), { allow })).message).toMatch(
      /localhost.* is refused: this call allows only 127\.0\.0\.1/,
    )
    expect(await failure(at('/file'), own)).toMatchObject({ problem: 'refused' })
    expect((await failure(at('/round'), own)).message).toMatch(/redirects more than 5 times/)
  })

  test('without network, with another scheme, or malformed are refused', async () => {
    expect((await failure(at('/a.png'), { allow: { network: 'none' } })).message).toMatch(/this call allows no network/)
    expect(await failure('ftp://example.org/a.png', own)).toMatchObject({ problem: 'refused' })
    expect((await failure('http://', own)).message).toBe('http:// is not a valid address')
  })

  test('that answer with something else are named in one line', async () => {
    expect((await failure(at('/page'), own)).message).toMatch(/is not a picture but an HTML page/)
    expect((await failure(at('/missing'), own)).message).toMatch(
      /\/missing answered with status 404, not with a picture/,
    )
    expect(await failure(at('/broken'), own)).toMatchObject({ problem: expect.stringMatching(/corrupt|missing/) })
    expect((await failure('http://no-such-host.invalid/a.png', own)).message).toMatch(/cannot be reached/)
  })

  test('are bounded in bytes and in time, and can be cancelled', async () => {
    const bounded = await failure(at('/endless'), { ...own, limits: { bytes: 200_000 } })
    expect(bounded).toMatchObject({ problem: 'too large', message: expect.stringMatching(/more than 200000 bytes/) })
    const late = await failure(at('/silent'), { ...own, limits: { milliseconds: 50 } })
    expect(late).toMatchObject({ problem: 'too large', message: expect.stringMatching(/took longer than 50 ms/) })
    const cancelled = decode(at('/silent'), { ...own, signal: AbortSignal.timeout(50) })
    await expect(cancelled).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('never put a user, a password or a query into a message', async () => {
    const secret = `http://user:word@127.0.0.1:${port()}/missing?token=key`
    expect((await failure(secret, own)).message).not.toMatch(/word|key/)
  })
})

test('public and other addresses are told apart', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::1']) {
    expect([address, isPublicAddress(address)]).toEqual([address, true])
  }
  const others =
    '127.9.9.9 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255'
  const others6 =
    ':: ::1 fe80::1 fd00::1 ff02::1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 2002:0a00::1 2001:db8::1 2001::1 64:ff9b::a00:1 x'
  for (const address of `${others} ${others6}`.split(' ')) {
    expect([address, isPublicAddress(address)]).toEqual([address, false])
  }
})

test('data addresses that are no base64 or too large are refused, without being repeated in the message', async () => {
  expect(await failure('data:image/png;base64,***')).toMatchObject({ problem: 'corrupt' })
  expect(await failure('data:image/png')).toMatchObject({ problem: 'corrupt' })
  const large = await failure(`data:image/png;base64,${'A'.repeat(10_000)}`, { limits: { bytes: 1000 } })
  expect(large.problem).toBe('too large')
  expect(large.message.length).toBeLessThan(200)
})
