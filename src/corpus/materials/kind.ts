/**
 * A kind of thing that scenes are made of, and what it is called. The kinds themselves are in `kinds.json`, in an order
 * that does not change.
 */

/** The words for a kind. Names in `also` are right answers too, and are asked about, but captions use the first. */
export interface Kind {
  /** The English name with hyphens: `fire-engine`. */
  readonly id: string
  readonly en: {
    /** Without an article: `fire engine`. */
    readonly name: string
    /** `fire engines`; equal to `name` where there is no other. */
    readonly plural: string
    /** Before the name of one: `an`; `a pair of` for scissors; empty for what is not counted. */
    readonly article: 'a' | 'an' | 'a pair of' | ''
    readonly also?: readonly string[]
  }
  readonly zh: {
    /** `消防车`. */
    readonly name: string
    /** Its measure word: `辆`. */
    readonly measure: string
    readonly also?: readonly string[]
  }
  /** `animal`, `fruit`, `vehicle` …: an id of `categories`. */
  readonly category: string
  /** Code points of the emoji that show it, in lower-case hexadecimal with hyphens; none for a drawn shape. */
  readonly emoji: readonly string[]
  /** It may be had in any colour: a car, a balloon. Others are only seen in the colours of their looks. */
  readonly anyColour: boolean
}

/** A group of kinds: `animal` with `animals`, `动物`. */
export interface Category {
  readonly id: string
  readonly en: { readonly name: string; readonly plural: string; readonly article: 'a' | 'an' | '' }
  readonly zh: { readonly name: string; readonly measure: string }
}
