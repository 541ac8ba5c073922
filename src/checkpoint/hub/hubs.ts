/**
 * The hubs that models are published on: each says what a repository holds and where a file is fetched. Hugging Face's
 * API is spoken by its own client; ModelScope's is read here. To add a hub, add an object of `Hub` to `hubs`.
 */
import { createHash } from 'node:crypto'
import type { ListFileEntry } from '@huggingface/hub'
import { z } from 'zod'
import { HubError } from '../errors.ts'
import type { Requests } from './requests.ts'

/** A file as a hub announces it. */
export interface RemoteFile {
  readonly path: string
  readonly bytes: number
  /** `git` is the SHA-1 of a git blob. */
  readonly checksum: { readonly kind: 'sha256' | 'git'; readonly hex: string }
}

/** A repository at one commit. */
export interface RemoteSnapshot {
  /** Names the snapshot in the cache. */
  readonly commit: string
  /** The revision under which the hub gives out the files. */
  readonly at: string
  readonly files: readonly RemoteFile[]
}

/** A hub of models. */
export interface Hub {
  readonly endpoint: string
  /** The branch that is meant when none is named. */
  readonly defaultRevision: string
  /** Throws a HubError. */
  readonly list: (requests: Requests, repository: string, revision: string) => Promise<RemoteSnapshot>
  readonly url: (endpoint: string, repository: string, at: string, path: string) => string
}

const huggingFace: Hub = {
  endpoint: 'https://huggingface.co',
  defaultRevision: 'main',
  async list(requests, repository, revision) {
    const { listFiles, modelInfo } = await import('@huggingface/hub')
    const what = `the model ${repository} at ${revision}`
    // The client's own errors never arise: failures are thrown here, with retries and hidden tokens.
    const fetch: typeof globalThis.fetch = (input, init) =>
      requests.get(String(input), what, { headers: { accept: new Headers(init?.headers).get('accept') ?? '*/*' } })
    const common = { hubUrl: requests.options.endpoint, revision, fetch }
    try {
      const { sha } = await modelInfo({ ...common, name: repository, additionalFields: ['sha'] })
      const files: RemoteFile[] = []
      for await (const entry of listFiles({ ...common, revision: sha, repo: { type: 'model', name: repository } })) {
        if (entry.type === 'file') files.push(fileOf(entry))
      }
      const commit = commitSchema.parse(sha)
      return { commit, at: commit, files }
    } catch (error) {
      throw explainAnswer(error, requests)
    }
  },
  url: (endpoint, repository, at, path) =>
    `${endpoint}/${repository}/resolve/${at}/${path.split('/').map(encodeURIComponent).join('/')}`,
}

const commitSchema = z.string().regex(/^[0-9a-f]{8,64}$/)

const fileSchema = z.object({
  path: z.string(),
  size: z.int().nonnegative(),
  oid: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().nonnegative() }).optional(),
})

function fileOf(entry: ListFileEntry): RemoteFile {
  const { path, size, oid, lfs } = fileSchema.parse(entry)
  if (lfs !== undefined) return { path, bytes: lfs.size, checksum: { kind: 'sha256', hex: lfs.oid } }
  return { path, bytes: size, checksum: { kind: 'git', hex: oid } }
}

/** Answers that are no JSON, or JSON of another kind: a web page of a proxy, or no hub at all. */
function explainAnswer(error: unknown, { options }: Requests): unknown {
  if (!(error instanceof SyntaxError || error instanceof z.ZodError || error instanceof TypeError)) return error
  return new HubError(
    `${options.endpoint} does not answer as a hub of models does: check the endpoint, and that no login page of a network stands between`,
    { cause: error },
  )
}

const listingSchema = z.object({
  Code: z.number(),
  Message: z.string().optional(),
  Data: z
    .object({
      Files: z
        .array(
          z.object({
            Path: z.string(),
            Type: z.string(),
            Size: z.int().nonnegative().default(0),
            Sha256: z.string().optional(),
            Revision: z.string().optional(),
          }),
        )
        .nullable(),
      LatestCommitter: z.object({ Id: z.string().optional(), ShortId: z.string().optional() }).nullish(),
    })
    .nullish(),
})

/**
 * Public models of ModelScope, without a token. Its listing has a SHA-256 for every file. For a branch that does not
 * exist it answers with success and no files.
 */
const modelScope: Hub = {
  endpoint: 'https://modelscope.cn',
  defaultRevision: 'master',
  async list(requests, repository, revision) {
    const { endpoint } = requests.options
    const query = new URLSearchParams({ Revision: revision, Recursive: 'true' })
    const what = `the model ${repository} at ${revision}`
    const response = await requests.get(`${endpoint}/api/v1/models/${repository}/repo/files?${query}`, what)
    let listing: z.infer<typeof listingSchema>
    try {
      listing = listingSchema.parse(await response.json())
    } catch (error) {
      throw explainAnswer(error, requests)
    }
    const { Data: data, Code: code, Message: message } = listing
    if (code !== 200) throw new HubError(`${endpoint} refuses ${what}: ${message ?? code}`)
    if (!data?.Files)
      throw new HubError(`${endpoint} has no ${what.slice(4)}: check the name and the revision`, { status: 404 })
    const blobs = data.Files.filter(({ Type }) => Type !== 'tree')
    const files = blobs.map(({ Path: path, Size: bytes, Sha256: hex = '' }): RemoteFile => {
      if (!/^[0-9a-f]{64}$/.test(hex)) throw new HubError(`${endpoint} names no SHA-256 for ${path} of ${repository}`)
      return { path, bytes, checksum: { kind: 'sha256', hex } }
    })
    return { commit: modelScopeCommit(data.LatestCommitter, blobs, files), at: revision, files }
  },
  // At the branch, not the commit, of which this hub does not always tell the full name: the checksums of the listing
  // notice a branch that moved on.
  url: (endpoint, repository, at, path) =>
    `${endpoint}/api/v1/models/${repository}/repo?${new URLSearchParams({ Revision: at, FilePath: path })}`,
}

/**
 * The head's full name stands with the files that it changed; elsewhere only its first letters, or nothing. Without any,
 * the snapshot is named after what it holds.
 */
function modelScopeCommit(
  latest: { Id?: string | undefined; ShortId?: string | undefined } | null | undefined,
  blobs: readonly { Revision?: string | undefined }[],
  files: readonly RemoteFile[],
): string {
  const short = latest?.ShortId
  const full = short && blobs.find(({ Revision }) => Revision?.startsWith(short))?.Revision
  const named = [latest?.Id, full, short].find(name => commitSchema.safeParse(name).success)
  if (named) return named
  const contents = files.map(({ path, checksum }) => `${checksum.hex} ${path}\n`).sort()
  return createHash('sha1').update(contents.join('')).digest('hex')
}

export const hubs = { huggingface: huggingFace, modelscope: modelScope } as const

export type HubName = keyof typeof hubs
