/**
 * What a thread that makes samples does: takes spans of them one after the other from its port, and answers with their
 * members of an archive. Knows no recipe: whoever starts it opens the maker.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { Maker } from './maker.ts'
import { samplePieces } from './samplePieces.ts'
import { joined } from './tarWriter.ts'

/** Samples `first` to `first + count - 1`. */
export interface Span {
  readonly first: number
  readonly count: number
}

export type SpanRequest = Span | 'end'
export type SpanAnswer =
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly stopped: true }
  | { readonly error: { readonly message: string; readonly sample?: number } }

/** What every such thread is started with. */
export interface SpanThreadData<Start> {
  /** Says of a sample where it came from: this, `, sample ` and its number. */
  readonly origin: string
  /** A number in shared memory that becomes 1 when the work is to stop after the sample under way. */
  readonly stop: Int32Array
  /** For whoever opens the maker. */
  readonly start: Start
}

/** Serves spans of the maker that `open` gives, until it is told to end. Called once, in the thread. */
export function serveSpans<Start>(open: (start: Start) => Promise<Maker>): void {
  const port = parentPort
  if (port === null) throw new Error('samples are made in threads that makeShards.ts starts')
  const { origin, stop, start } = workerData as SpanThreadData<Start>
  const opened = open(start)
  opened.catch(() => {}) // told in the answer to the first request
  let last = Promise.resolve()
  port.on('message', (request: SpanRequest) => {
    last = last.then(async () => {
      if (request === 'end') return void port.close()
      const answer = await spanOf(opened, request, origin, stop)
      port.postMessage(answer, 'bytes' in answer ? [answer.bytes.buffer] : [])
    })
  })
}

async function spanOf(opened: Promise<Maker>, span: Span, origin: string, stop: Int32Array): Promise<SpanAnswer> {
  const pieces: Uint8Array[] = []
  let sample: number | undefined
  try {
    const maker = await opened
    for (let index = span.first; index < span.first + span.count; index++) {
      if (Atomics.load(stop, 0) !== 0) return { stopped: true }
      sample = index
      const made = await maker.make(index)
      pieces.push(...samplePieces({ provenance: `${origin}, sample ${index}`, ...made }, index))
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { error: { message, ...(sample !== undefined && { sample }) } }
  }
  return { bytes: joined(pieces) }
}
