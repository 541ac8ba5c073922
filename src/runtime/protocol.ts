/**
 * What the two sides of a worker say to each other: `client.ts` in the caller's thread asks, `service.ts` in the worker
 * answers, one question at a time. Only plain data that a structured clone carries; nothing here runs.
 */
import type { ElementType, TypedArray } from '../graph/elementType.ts'
import type { PlainError } from './errors.ts'
import type { Profile } from './profile.ts'
import type { RuntimeOptions, SessionOptions } from './runtime.ts'

/** Where the engine finds a weight: in a file (relative to the file system's root), or in these bytes. */
export type Placement =
  | { readonly location: string; readonly offset: number; readonly length: number }
  | { readonly bytes: Uint8Array }

export interface OpenRequest {
  readonly kind: 'open'
  readonly session: number
  readonly onnx: Uint8Array
  readonly placements: Readonly<Record<string, Placement>>
  /** The folder that the placements' locations start from. */
  readonly root: string
  readonly optimisation: NonNullable<SessionOptions['optimisation']>
  readonly planMemory: boolean
}

/** A tensor on the way, on memory that both sides see; where there is none, the message carries its values. */
export interface Parcel {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly number[]
  readonly data: TypedArray
}

/** An output wanted: its shape where the inputs settle it, and an array to fill that both sides can see, if any. */
export interface Wanted {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly number[] | undefined
  readonly target: TypedArray | undefined
}

export interface RunRequest {
  readonly kind: 'run'
  readonly session: number
  readonly feeds: readonly Parcel[]
  readonly wanted: readonly Wanted[]
}

export type Request =
  | OpenRequest
  | RunRequest
  | { readonly kind: 'profile' | 'close'; readonly session: number }
  | { readonly kind: 'end' }

export interface Answer {
  readonly error?: PlainError
  /** The outputs that had no target. */
  readonly outputs?: readonly { readonly name: string; readonly shape: readonly number[]; readonly data: TypedArray }[]
  readonly profile?: Profile
}

/** What an engine is started with. */
export type EngineOptions = Required<Omit<RuntimeOptions, 'threads' | 'thread'>> & {
  readonly threads: number | undefined
}
