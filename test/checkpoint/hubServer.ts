/**
 * A hub on this machine that answers as Hugging Face's and ModelScope's do: listings in pages, small files by
 * themselves, large ones through a redirect to another host, parts of files. Tests tell it how to misbehave.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Request {
  readonly path: string
  readonly range: string | undefined
  readonly authorization: string | undefined
  readonly host: 'hub' | 'store'
}

/** Answers in place of the hub, or does not: then the hub answers. */
export type Misbehaviour = (request: Request, response: ServerResponse, answer: Buffer | undefined) => boolean

export const commit = 'f57cfbd358cb56b710d963669ad1bcfb44cdcdd8'

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
export const gitSha1 = (bytes: Uint8Array) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')

/** Files that begin like this go through the store, as large files do. */
const isLarge = (path: string) => /\.(safetensors|bin)$/.test(path)

export class HubServer implements AsyncDisposable {
  readonly requests: Request[] = []
  misbehave: Misbehaviour = () => false
  readonly files: Map<string, Buffer>
  /** The model's name. */
  readonly repository: string
  readonly #hub: Server
  readonly #store: Server

  private constructor(files: Record<string, string | Uint8Array>, repository: string) {
    this.repository = repository
    this.files = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content as string)]))
    this.#hub = createServer((request, response) => this.#answer('hub', request, response))
    this.#store = createServer((request, response) => this.#answer('store', request, response))
  }

  static async start(files: Record<string, string | Uint8Array>, repository = 'owner/model'): Promise<HubServer> {
    const server = new HubServer(files, repository)
    for (const each of [server.#hub, server.#store])
      await new Promise<void>(resolve => each.listen(0, '127.0.0.1', resolve))
    return server
  }

  get endpoint(): string {
    return addressOf(this.#hub)
  }

  /** The requests for the contents of files. */
  get downloads(): string[] {
    return this.requests
      .filter(({ path, host }) => host === 'store' || (/\/resolve\/|\/repo\?/.test(path) && !isLarge(path)))
      .map(({ path, range }) => `${path.split(/[/=]/).at(-1)}${range === undefined ? '' : ` ${range}`}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [this.#hub, this.#store]) {
      each.closeAllConnections()
      await new Promise(resolve => each.close(resolve))
    }
  }

  #answer(host: 'hub' | 'store', { url = '/', headers }: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(url)
    const request = { path, host, range: headers.range, authorization: headers.authorization }
    this.requests.push(request)
    const answer = this.#find(host, new URL(url, this.endpoint), response)
    if (this.misbehave(request, response, answer)) return
    if (answer === undefined) response.writeHead(response.statusCode === 200 ? 404 : response.statusCode).end()
    else sendFile(response, answer, request.range)
  }

  #find(host: 'hub' | 'store', { pathname, searchParams }: URL, response: ServerResponse): Buffer | undefined {
    const json = (value: unknown) => {
      response.setHeader('content-type', 'application/json')
      return Buffer.from(JSON.stringify(value))
    }
    if (host === 'store') return this.files.get(decodeURIComponent(pathname.slice(1)))
    const { repository } = this
    if (['main', 'v1.0'].some(revision => pathname === `/api/models/${repository}/revision/${revision}`))
      return json(this.#about())
    if (pathname === `/api/models/${repository}/tree/${commit}`) return json(this.#page(searchParams, response))
    if (pathname === `/api/v1/models/${repository}/repo/files`) return json(this.#modelScopeListing(searchParams))
    if (pathname === `/api/v1/models/${repository}/repo`) return this.files.get(searchParams.get('FilePath') ?? '')
    const [, path] = new RegExp(`^/${repository}/resolve/${commit}/(.*)$`).exec(pathname) ?? []
    if (path === undefined || !isLarge(path)) return path === undefined ? undefined : this.files.get(path)
    response.statusCode = 302
    response.setHeader('location', `${addressOf(this.#store)}/${path}`)
    return undefined
  }

  #about() {
    return {
      _id: '1',
      id: this.repository,
      sha: commit,
      private: false,
      downloads: 1,
      gated: false,
      likes: 1,
      lastModified: '2023-08-22T00:00:00.000Z',
    }
  }

  /** Three files a page, and a folder on each. */
  #page(query: URLSearchParams, response: ServerResponse) {
    const from = Number(query.get('cursor') ?? 0)
    const entries = [...this.files].map(([path, bytes]) => ({
      type: 'file',
      path,
      ...(isLarge(path)
        ? {
            oid: gitSha1(Buffer.from('pointer')),
            size: bytes.length,
            lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 },
          }
        : { oid: gitSha1(bytes), size: bytes.length }),
    }))
    if (from + 3 < entries.length) {
      const next = `${this.endpoint}/api/models/${this.repository}/tree/${commit}?recursive=true&expand=false&cursor=${from + 3}`
      response.setHeader('link', `<${next}>; rel="next"`)
    }
    return [
      { type: 'directory', path: 'assets', oid: gitSha1(Buffer.from('')), size: 0 },
      ...entries.slice(from, from + 3),
    ]
  }

  #modelScopeListing(query: URLSearchParams) {
    if (query.get('Revision') !== 'master')
      return { Code: 200, Success: true, Data: { Files: null, LatestCommitter: null } }
    const files = [...this.files].map(([Path, bytes]) => ({
      Path,
      Name: Path,
      Type: 'blob',
      Size: bytes.length,
      Sha256: sha256(bytes),
      Revision: commit,
    }))
    const folder = { Path: 'assets', Name: 'assets', Type: 'tree', Size: 0 }
    return {
      Code: 200,
      Success: true,
      Data: { Files: [folder, ...files], LatestCommitter: { Id: '', ShortId: commit.slice(0, 8) } },
    }
  }
}

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

export function sendFile(response: ServerResponse, bytes: Buffer, range: string | undefined): void {
  const [, start] = /^bytes=(\d+)-$/.exec(range ?? '') ?? []
  if (start === undefined) {
    response.setHeader('content-length', bytes.length)
    response.end(bytes)
  } else if (Number(start) >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
  } else {
    const part = bytes.subarray(Number(start))
    response.writeHead(206, {
      'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      'content-length': part.length,
    })
    response.end(part)
  }
}

/** Sends the beginning of an answer, then cuts the connection. */
export function cut(response: ServerResponse, bytes: Buffer, after: number): void {
  response.writeHead(200, { 'content-length': bytes.length })
  response.write(bytes.subarray(0, after), () => setTimeout(() => response.destroy(), 20))
}
