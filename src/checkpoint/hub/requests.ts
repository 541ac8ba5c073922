/**
 * Requests to a model hub: tries again when that can help, follows redirects, and shows the user's token to the hub
 * alone. Knows no hub in particular.
 */
import { HubError } from '../errors.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** How requests are made. */
export interface RequestOptions {
  /** The hub: its origin gets the token, and no other. */
  readonly endpoint: string
  readonly token?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly fetch?: Fetch
  /** Tries again this many times after the first. Default 5. */
  readonly retries?: number
  /** Waits this long before the first new attempt, then twice as long each time. Default 1000. */
  readonly retryDelayMs?: number
  /** Gives up waiting for an answer, or for more of it, after this long. Default 60,000. */
  readonly stallMs?: number
  /** Told before each new attempt. */
  readonly onRetry?: (retry: Retry) => void
}

/** Why and when a request is made again. */
export interface Retry {
  readonly attempt: number
  readonly delayMs: number
  readonly reason: string
}

const REDIRECTS = [301, 302, 303, 307, 308]

/** Longer than this nobody waits, whatever a server asks for. */
const LONGEST_DELAY_MS = 120_000

/** Requests to one hub, and whatever it redirects to. */
export class Requests {
  readonly options: RequestOptions

  constructor(options: RequestOptions) {
    this.options = options
  }

  /**
   * Gets a URL. The answer has a status of 2xx, or one of `accept`. Throws a HubError, or the signal's reason.
   * `what` is how errors name the thing, for example `the list of files`.
   */
  async get(
    url: string,
    what: string,
    init: { headers?: Record<string, string>; accept?: readonly number[] } = {},
  ): Promise<Response> {
    const { accept = [], headers = {} } = init
    for (let attempt = 1; ; attempt++) {
      let response: Response
      try {
        response = await this.#follow(url, headers)
      } catch (error) {
        this.options.signal?.throwIfAborted()
        if (error instanceof HubError) throw error
        await this.pause(
          attempt,
          new HubError(`${what} could not be fetched from ${hostOf(url)}: ${reasonOf(error)}`, { cause: error }),
        )
        continue
      }
      if (response.ok || accept.includes(response.status)) return response
      const error = await this.#explain(response, what, url)
      await response.body?.cancel().catch(() => {})
      if (!canPass(response.status)) throw error
      await this.pause(attempt, error, retryAfter(response))
    }
  }

  /** Waits before a new attempt; throws the error if there were enough of them. */
  async pause(attempt: number, error: HubError, atLeastMs = 0): Promise<void> {
    const { retries = 5, retryDelayMs = 1000, signal, onRetry } = this.options
    if (attempt > retries) throw error
    const delayMs = Math.min(LONGEST_DELAY_MS, Math.max(atLeastMs, retryDelayMs * 2 ** (attempt - 1)))
    onRetry?.({ attempt, delayMs, reason: error.message })
    await sleep(delayMs, signal)
  }

  async #follow(start: string, headers: Record<string, string>): Promise<Response> {
    const { endpoint, token, fetch = globalThis.fetch } = this.options
    const home = new URL(endpoint).origin
    let url = new URL(start)
    for (let redirects = 0; redirects <= 10; redirects++) {
      const authorization = token && url.origin === home ? { authorization: `Bearer ${token}` } : {}
      const response = await this.#unlessStalled(signal =>
        fetch(url.href, { headers: { ...headers, ...authorization }, redirect: 'manual', signal }),
      )
      const location = response.headers.get('location')
      if (!REDIRECTS.includes(response.status) || location === null) return response
      await response.body?.cancel().catch(() => {})
      const next = new URL(location, url)
      if (next.protocol !== 'https:' && next.protocol !== url.protocol)
        throw new HubError(
          `${url.host} redirects to ${next.protocol}//${next.host}, which is not encrypted: this was refused`,
        )
      url = next
    }
    throw new HubError(`${new URL(start).host} redirects in a circle`)
  }

  /** Runs a request that is given up when no answer comes, or when the caller cancels. */
  async #unlessStalled(request: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
    const { signal, stallMs = 60_000 } = this.options
    const stalled = new AbortController()
    const timer = setTimeout(() => stalled.abort(new Error(`no answer within ${stallMs / 1000} s`)), stallMs)
    try {
      return await request(signal === undefined ? stalled.signal : AbortSignal.any([signal, stalled.signal]))
    } finally {
      clearTimeout(timer)
    }
  }

  async #explain(response: Response, what: string, url: string): Promise<HubError> {
    const { status } = response
    const host = hostOf(url)
    const said = this.#hide(response.headers.get('x-error-message') ?? '')
    const because = said === '' ? '' : ` (${said})`
    const texts: Record<number, string> = {
      401: `${what} is not open to everybody, or does not exist${because}. If it is private or gated, set HF_TOKEN to a token that may read it`,
      403: `${host} refuses access to ${what}${because}. Accept the model's terms on its page, and use a token that may read it`,
      404: `${host} has no ${what.replace(/^the /, '')}${because}: check the name and the revision`,
      429: `${host} wants fewer requests${because}: wait a few minutes, or set HF_TOKEN`,
    }
    return new HubError(texts[status] ?? `${what} could not be fetched: ${host} answered ${status}${because}`, {
      status,
    })
  }

  /** A server could repeat the token in what it says. */
  #hide(text: string): string {
    const { token } = this.options
    return (token ? text.replaceAll(token, '***') : text).slice(0, 300)
  }
}

const hostOf = (url: string) => new URL(url).host

const canPass = (status: number) => status === 408 || status === 429 || status >= 500

/** What a server asks to wait, in milliseconds: seconds or a date. */
function retryAfter(response: Response): number {
  const text = response.headers.get('retry-after') ?? ''
  if (/^\d+$/.test(text)) return 1000 * Number(text)
  const date = Date.parse(text)
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now())
}

/** Node hides why a request failed one or two errors deep. */
export function reasonOf(error: unknown): string {
  const causes: string[] = []
  for (let at = error; at instanceof Error && causes.length < 4; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException
    causes.push(at.message === '' ? (code ?? at.name) : at.message)
  }
  return [...new Set(causes)].join(': ')
}

/** Throws the signal's reason when it is aborted. */
function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
