/**
 * A live page of curves, served to this machine only. Start here: the page asks for the list of runs, for the panels that
 * it shows, and is told when a run has gone on. Everything is read, and nothing can be changed.
 *
 *   /             the page, with its scripts and styles
 *   /runs         names of all runs
 *   /status       server-sent events: where the runs are that `run=…` names, again whenever they have gone on
 *   /panels       the curves of these runs, in a range of steps
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TrainingEvent } from '../../events.ts'
import { LogError } from '../errors.ts'
import { type FoundRun, findRuns } from '../runs.ts'
import { summarise } from '../summary.ts'
import { pageFile } from './pageFiles.ts'
import { panelData } from './panelData.ts'
import { WatchedRun } from './watchedRun.ts'

/** What to show: logs and folders with logs, or the events of a run of this process. */
export type DashboardSource =
  | { readonly logs: readonly string[] }
  | { readonly name: string; readonly events: AsyncIterable<TrainingEvent> }

export interface DashboardOptions {
  /** 6780 unless told; 0 for any that is free. If it is taken, one of the twenty after it is used. */
  readonly port?: number
}

/** A page that is being served. */
export interface Dashboard extends AsyncDisposable {
  /** `http://127.0.0.1:6780/` */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export const usualPort = 6780

/** So many ports are tried. */
const portsToTry = 21

/** Most runs in one picture, and most pages that are told of changes. */
const mostChosen = 8
const mostListeners = 64

/** A page is told of changes at most so often, and at least so often. */
const tellEveryMs = 500
const heartbeatMs = 10_000

/** Names that this machine has for itself. A page of another name that leads here has been made to. */
const ownNames = new Set(['127.0.0.1', 'localhost', '[::1]'])

const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}

/**
 * Serves the page on 127.0.0.1. Throws a LogError where there is no log, and what the system throws where no port of the
 * range is free.
 *
 * @example
 * await using dashboard = await openDashboard({ logs: ['runs'] })
 * console.log(dashboard.url)
 */
export async function openDashboard(source: DashboardSource, options: DashboardOptions = {}): Promise<Dashboard> {
  const runs = new Runs(source)
  await runs.find()
  const server = createServer((request, response) => {
    answer(runs, request, response).catch(() => {
      if (!response.headersSent) refuse(response, 500, 'this could not be read')
      else response.destroy()
    })
  })
  const port = await listen(server, options.port ?? usualPort)
  const close = async () => {
    const closed = new Promise(resolve => server.close(resolve))
    server.closeAllConnections()
    await Promise.all([closed, runs.close()])
  }
  return { url: `http://127.0.0.1:${port}/`, port, close, [Symbol.asyncDispose]: close }
}

/** Listens on the first free port. */
async function listen(server: Server, wanted: number): Promise<number> {
  const last = Math.min(wanted + portsToTry - 1, 65_535)
  for (let port = wanted; ; port++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, '127.0.0.1', () => {
          server.off('error', reject)
          resolve()
        })
      })
      return (server.address() as AddressInfo).port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      if (port >= last) throw new Error(`ports ${wanted} to ${last} are all taken: name another one`, { cause: error })
    }
  }
}

/** The runs that can be chosen, each read from the time that somebody first looks at it. */
class Runs {
  readonly #source: DashboardSource
  readonly #watched = new Map<string, WatchedRun>() // by path, or by name where there is no log
  #paths = new Map<string, string>() // name → path
  listeners = 0

  constructor(source: DashboardSource) {
    this.#source = source
    if ('events' in source) this.#watched.set(source.name, WatchedRun.ofEvents(source.name, source.events))
  }

  /** Names of the runs that are there now, and of the one that was written to last. */
  async find(): Promise<{ names: string[]; latest: string | undefined }> {
    if ('events' in this.#source) return { names: [this.#source.name], latest: this.#source.name }
    const found = await findRuns(this.#source.logs)
    this.#paths = new Map(found.map(({ name, path }) => [name, path]))
    const latest = found.reduce<FoundRun | undefined>((a, b) => (a && a.modified >= b.modified ? a : b), undefined)
    return { names: [...this.#paths.keys()], latest: latest?.name }
  }

  /** The runs that a query names, read as far as they go; all must be there. Without any name, the latest. */
  async choose(query: URLSearchParams): Promise<WatchedRun[] | undefined> {
    const named = [...new Set(query.getAll('run'))]
    const { latest } = named.length > 0 ? { latest: undefined } : await this.find()
    const names = latest === undefined ? named : [latest]
    const runs = names.slice(0, mostChosen).map(name => this.#open(name))
    const opened = runs.filter(run => run !== undefined)
    if (opened.length === 0 || opened.length < names.length) return undefined
    await Promise.all(opened.map(run => run.ready))
    return opened
  }

  #open(name: string): WatchedRun | undefined {
    if ('events' in this.#source) return this.#watched.get(name)
    const path = this.#paths.get(name)
    if (path === undefined) return undefined
    const run = this.#watched.get(path) ?? WatchedRun.ofLog(name, path)
    this.#watched.set(path, run)
    return run
  }

  async close(): Promise<void> {
    await Promise.all([...this.#watched.values()].map(run => run.close()))
  }
}

async function answer(runs: Runs, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
  const host = /^(.+?)(:\d+)?$/.exec(request.headers.host ?? '')?.[1]
  if (host === undefined || !ownNames.has(host.toLowerCase()))
    return refuse(response, 403, 'this page is for the machine that it runs on: ask for 127.0.0.1 or localhost')
  if (request.method !== 'GET') {
    response.setHeader('Allow', 'GET')
    return refuse(response, 405, 'this page can only be read')
  }
  const target = request.url ?? '/'
  if (!URL.canParse(target, 'http://localhost')) return refuse(response, 400, 'this is no address')
  const { pathname, searchParams } = new URL(target, 'http://localhost')
  if (pathname === '/runs') return send(response, await runs.find().catch(ifGone))
  if (pathname !== '/status' && pathname !== '/panels') {
    const file = await pageFile(pathname)
    if (!file) return refuse(response, 404, 'there is nothing here')
    response.setHeader('Content-Type', file.type)
    response.end(file.content)
    return
  }
  const chosen = await runs.choose(searchParams)
  if (!chosen) return refuse(response, 404, `there is no such run, or there are more than ${mostChosen}`)
  if (pathname === '/status') return tell(runs, chosen, response)
  const data = panelData(chosen, searchParams)
  return data ? send(response, data) : refuse(response, 400, 'this range or smoothing is none')
}

/** Folders can be removed while the page is open. */
function ifGone(error: unknown): object {
  if (error instanceof LogError) return { names: [] }
  throw error
}

function send(response: ServerResponse, value: object): void {
  response.setHeader('Content-Type', 'application/json; charset=utf-8')
  response.end(JSON.stringify(value))
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.statusCode = status
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.end(`${reason}\n`)
}

/** Tells where runs are, now and whenever they have gone on, until the page goes away. */
function tell(runs: Runs, chosen: readonly WatchedRun[], response: ServerResponse): void {
  if (runs.listeners >= mostListeners) {
    refuse(response, 503, `${mostListeners} pages are open already`)
    return
  }
  runs.listeners++
  response.setHeader('Content-Type', 'text/event-stream')
  let timer: NodeJS.Timeout | undefined
  let told = 0
  const say = () => {
    clearTimeout(timer)
    told = performance.now()
    // A page that does not keep up is told of the latest state once it does.
    if (!response.writableNeedDrain) {
      const summaries = chosen.map(run => ({ ...summarise(run), problem: run.problem, now: Date.now() }))
      response.write(`data: ${JSON.stringify(summaries)}\n\n`)
    }
    isWaiting = false
    timer = setTimeout(say, heartbeatMs)
  }
  let isWaiting = false
  const change = () => {
    if (isWaiting) return
    isWaiting = true
    clearTimeout(timer)
    timer = setTimeout(say, Math.max(0, told + tellEveryMs - performance.now()))
  }
  const stops = chosen.map(run => run.listen(change))
  response.on('close', () => {
    runs.listeners--
    clearTimeout(timer)
    for (const stop of stops) stop()
  })
  say()
}
