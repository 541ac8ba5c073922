/**
 * The log of a run: a file with one line for each event, which only ever grows. Each event is one write, so a process
 * that is killed leaves at most one broken line, the last: readers pass over it, and the next writer cuts it off. Knows
 * nothing of what the events mean.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  type Stats,
  watch,
  writeSync,
} from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { TrainingEvent } from '../events.ts'
import { LogError } from './errors.ts'
import { longestLine, parseEvent, writeEvent } from './eventLine.ts'

/** What a log is called in the folder of its run. */
export const logName = 'events.jsonl'

const lineEnd = 10 // the byte of \n

/** Writes a log. Open it with `openLog`; close it at the end of the run. */
export class EventLog implements Disposable {
  readonly path: string
  #file: number | undefined

  /** @internal */
  constructor(path: string, file: number) {
    this.path = path
    this.#file = file
  }

  /**
   * Appends an event. It is with the system when this returns, so that it outlives the process. Throws a LogError when the
   * disk is full: nothing of the event is left in the file then.
   */
  write(event: TrainingEvent): void {
    if (this.#file === undefined) throw new LogError(this.path, 'it is closed: nothing more can be written')
    const line = Buffer.from(writeEvent(event))
    const before = fstatSync(this.#file).size
    try {
      const written = writeSync(this.#file, line)
      if (written < line.length) throw new Error(`${written} of ${line.length} bytes fitted: the disk is full`)
    } catch (cause) {
      ftruncateSync(this.#file, before)
      const reason = (cause as Error).message
      throw new LogError(this.path, `an event of type ${event.type} could not be written: ${reason}`, { cause })
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Opens a log to go on with, or a new one, with its folder. A broken last line is cut off. `path` is the file's. Throws
 * what the system throws where it cannot be written.
 *
 * @example
 * using log = openLog(join(folder, logName))
 * for await (const event of train(recipe)) log.write(event)
 */
export function openLog(path: string): EventLog {
  mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, 'a+')
  try {
    const { size } = fstatSync(file)
    const whole = wholeLines(file, size)
    if (whole < size) ftruncateSync(file, whole)
  } catch (error) {
    closeSync(file)
    throw error
  }
  return new EventLog(path, file)
}

/** Bytes up to the end of the last whole line. */
function wholeLines(file: number, size: number): number {
  const block = Buffer.alloc(65_536)
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - block.length)
    const read = readSync(file, block, 0, end - from, from)
    const at = block.subarray(0, read).lastIndexOf(lineEnd)
    if (at >= 0) return from + at + 1
    end = from
  }
  return 0
}

/** How a log is read. */
export interface ReadLogOptions {
  /** Told of each whole line that is no event, which is then left out. Without it such a line ends the reading. */
  readonly broken?: (problem: LogError) => void
}

/**
 * The events of a log, in the order of the file, a block of it at a time. Events of unknown types and a last line without
 * an end are passed over. Throws a LogError for a line that is no event, unless `broken` takes it.
 */
export async function* readLog(path: string, options: ReadLogOptions = {}): AsyncGenerator<TrainingEvent, void> {
  const file = await open(path)
  try {
    const place: Place = { offset: 0, line: 0, inLongLine: false }
    for await (const events of readFrom(file, path, place, options)) yield* events
  } finally {
    await file.close()
  }
}

/** How a log is followed. */
export interface FollowLogOptions extends ReadLogOptions {
  /** Ends it: the iteration is over then, without an error. */
  readonly signal: AbortSignal
  /** Looks at least so often whether there is more, for disks that tell nothing. 500 unless told. */
  readonly pollMs?: number
}

/**
 * The events of a log as the file grows: first those that are there, in lists as they were found, then those that come. An
 * empty list says, once, that all that was there has been given. Waits for a file that is not there yet. Ends by `signal`
 * only: a run that has ended can be resumed. A file that was replaced, or cut, is read again from its beginning.
 */
export async function* followLogInLists(
  path: string,
  { signal, pollMs = 500, ...options }: FollowLogOptions,
): AsyncGenerator<readonly TrainingEvent[], void> {
  let place: Place = { offset: 0, line: 0, inLongLine: false }
  let seen: Stats | undefined
  let isCaughtUp = false
  const growth = new Growth(path, pollMs, signal)
  try {
    while (!signal.aborted) {
      const file = await openIfThere(path)
      if (file) {
        try {
          const found = await file.stat()
          if ((seen && found.ino !== seen.ino) || found.size < place.offset)
            place = { offset: 0, line: 0, inLongLine: false }
          seen = found
          for await (const events of readFrom(file, path, place, options)) {
            if (signal.aborted) return
            yield events
          }
        } finally {
          await file.close()
        }
      }
      if (!isCaughtUp) yield []
      isCaughtUp = true
      await growth.wait(() => hasChanged(path, seen))
    }
  } finally {
    growth.close()
  }
}

/**
 * The same, event by event.
 *
 * @example
 * for await (const event of followLog('runs/street/events.jsonl', { signal })) console.log(event.type)
 */
export async function* followLog(path: string, options: FollowLogOptions): AsyncGenerator<TrainingEvent, void> {
  for await (const events of followLogInLists(path, options)) yield* events
}

/** How far a log was read. */
interface Place {
  /** Bytes of the whole lines that were read. */
  offset: number
  line: number
  /** Within a line that is too long to be kept. */
  inLongLine: boolean
}

/** Reads whole lines from `place` on, to the end that the file has when it is reached, and moves `place`. */
async function* readFrom(
  file: FileHandle,
  path: string,
  place: Place,
  { broken }: ReadLogOptions,
): AsyncGenerator<readonly TrainingEvent[], void> {
  const block = Buffer.alloc(longestLine)
  for (;;) {
    const { bytesRead } = await file.read(block, 0, block.length, place.offset)
    const bytes = block.subarray(0, bytesRead)
    const end = bytes.lastIndexOf(lineEnd) + 1
    if (end === 0 && bytesRead < block.length) return
    if (end === 0) {
      place.offset += bytesRead
      place.inLongLine = true
      continue
    }
    const events: TrainingEvent[] = []
    for (const line of bytes.toString('utf8', 0, end - 1).split('\n')) {
      place.line++
      const event = parsed(line, path, place, broken)
      if (event) events.push(event)
    }
    place.offset += end
    if (events.length > 0) yield events
  }
}

function parsed(line: string, path: string, place: Place, broken: ReadLogOptions['broken']): TrainingEvent | undefined {
  try {
    const tooLong = place.inLongLine
    place.inLongLine = false
    if (tooLong) throw new Error(`it is longer than ${longestLine.toLocaleString('en')} bytes`)
    return line.trim() === '' ? undefined : parseEvent(line)
  } catch (cause) {
    const problem = new LogError(path, (cause as Error).message, { cause, line: place.line })
    if (!broken) throw problem
    broken(problem)
    return undefined
  }
}

function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
}

/** Whether reading again could find more. By its size alone a broken last line would look like news for ever. */
async function hasChanged(path: string, seen: Stats | undefined): Promise<boolean> {
  try {
    const { size, ino, mtimeMs } = await stat(path)
    return size !== seen?.size || ino !== seen.ino || mtimeMs !== seen.mtimeMs
  } catch {
    return false
  }
}

/** Waits until a file has changed: woken by the system where it tells, and looking by itself where it does not. */
class Growth {
  readonly #pollMs: number
  readonly #signal: AbortSignal
  #watcher: ReturnType<typeof watch> | undefined
  #wake = () => {}

  constructor(path: string, pollMs: number, signal: AbortSignal) {
    this.#pollMs = pollMs
    this.#signal = signal
    try {
      // The folder, not the file: it may not be there yet, or be replaced.
      this.#watcher = watch(dirname(path), (_, name) => {
        if (name === null || name === basename(path)) this.#wake()
      })
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      this.#watcher = undefined
    }
  }

  /** Settles when `hasChanged` says so, or the signal is aborted. */
  async wait(hasChanged: () => Promise<boolean>): Promise<void> {
    while (!this.#signal.aborted && !(await hasChanged())) {
      await new Promise<void>(resolve => {
        const done = () => {
          clearTimeout(timer)
          this.#signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, this.#pollMs)
        this.#wake = done
        this.#signal.addEventListener('abort', done, { once: true })
        if (this.#signal.aborted) done()
      })
    }
  }

  close(): void {
    this.#watcher?.close()
  }
}
