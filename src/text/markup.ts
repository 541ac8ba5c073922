/**
 * Reads the markup in which the model writes places: `<ref>label</ref><box>(x1,y1),(x2,y2)</box>`, `<quad>` with four
 * corners, `<img>name</img>`. Takes what models really write, and piece by piece as they write it. Knows no tokens and
 * no pictures; boxes stay in units (see `boxes.ts`).
 *
 * What is forgiven:
 * - no end: a `<ref>` or `<img>` ends at the next tag or with the text; a `<box>` or `<quad>` after its last number.
 *   A label that goes on for 1,000 characters is none: its text is text.
 * - numbers: spaces, brackets or none, decimals; corners in any order; outside of 0 … 1000. `raw` keeps them as written.
 * - several boxes in one tag (every four numbers are one), and several tags after one `<ref>`: all have its label.
 * - too few numbers: no box. Four numbers in a `<quad>`: the corners of an upright rectangle.
 * - a closing tag that closes nothing, and `<imgpad>`: left out.
 */
import { type Quad, type UnitBox, unitBox } from './boxes.ts'

/** A box and what it is of: the `<ref>` before it, with nothing but marks and spaces between. */
export interface LabelledBox {
  readonly label?: string
  readonly box: UnitBox
  /** x1, y1, x2, y2 as written. */
  readonly raw: readonly number[]
}

export interface LabelledQuad {
  readonly label?: string
  /** Clockwise from the top left corner, as models are taught, if they were; the order is as written. */
  readonly quad: Quad
  readonly raw: readonly number[]
}

/** A piece of marked-up text. `source` is the piece as written: all sources, joined, are the text. */
export type Segment =
  | { readonly kind: 'text'; readonly source: string }
  | { readonly kind: 'ref'; readonly source: string; readonly closed: boolean; readonly label: string }
  | { readonly kind: 'box'; readonly source: string; readonly closed: boolean; readonly boxes: readonly LabelledBox[] }
  | {
      readonly kind: 'quad'
      readonly source: string
      readonly closed: boolean
      readonly quads: readonly LabelledQuad[]
    }
  | { readonly kind: 'image'; readonly source: string; readonly closed: boolean; readonly name: string }
  | { readonly kind: 'stray'; readonly source: string }

export interface Markup {
  readonly segments: readonly Segment[]
  /** Without markup: texts and labels; no boxes, quadrilaterals or pictures. */
  readonly text: string
  readonly boxes: readonly LabelledBox[]
  readonly quads: readonly LabelledQuad[]
}

export interface MarkupOptions {
  /** The text goes on in a tag that the prompt has opened: `<img>…</img><ref>the dog</ref><box>` asks so. */
  readonly inside?: 'box' | 'quad' | 'ref'
  /** The label of what comes first, if the prompt has written it. */
  readonly label?: string
}

/**
 * Reads a text that is complete.
 *
 *     parseMarkup('<ref>击掌</ref><box>(536,509),(588,602)</box>').boxes
 *     // [{ label: '击掌', box: { x1: 536, y1: 509, x2: 588, y2: 602 }, raw: [536, 509, 588, 602] }]
 */
export function parseMarkup(text: string, options: MarkupOptions = {}): Markup {
  const reader = new MarkupReader(options)
  const segments: Segment[] = []
  for (const segment of [...reader.push(text), ...reader.end()]) {
    const last = segments.at(-1)
    if (segment.kind === 'text' && last?.kind === 'text') {
      segments[segments.length - 1] = { kind: 'text', source: last.source + segment.source }
    } else segments.push(segment)
  }
  return {
    segments,
    text: segments.map(plainText).join(''),
    boxes: segments.flatMap(segment => (segment.kind === 'box' ? segment.boxes : [])),
    quads: segments.flatMap(segment => (segment.kind === 'quad' ? segment.quads : [])),
  }
}

/** What a reader sees of a segment: texts and labels as they are, nothing of boxes and pictures. */
export function plainText(segment: Segment): string {
  if (segment.kind === 'text') return segment.source
  return segment.kind === 'ref' ? segment.label : ''
}

type Opened = 'ref' | 'box' | 'quad' | 'image'

const opening: Readonly<Record<string, Opened>> = { '<ref>': 'ref', '<box>': 'box', '<quad>': 'quad', '<img>': 'image' }
const closing: Readonly<Record<Opened, string>> = { ref: '</ref>', box: '</box>', quad: '</quad>', image: '</img>' }
const tags = [...Object.keys(opening), ...Object.values(closing), '<imgpad>']
const anyTag = new RegExp(tags.join('|'))
const longestTag = 8

/** A label or name without an end is given up after so many characters, a list of numbers so far into other text. */
const longestLabel = 1000
const longestJunk = 100

const notOfNumbers = /[^\d\s()[\],.;:+-]/
const number = /[-+]?\d+(?:\.\d+)?/g

/** Reads text as it comes. The segments of all pieces are those of the whole, but for texts, which come in pieces. */
export class MarkupReader {
  #buffer = ''
  #open: Opened | undefined
  /** The opening tag as written: '' where the prompt wrote it. */
  #tag = ''
  #label: string | undefined

  constructor(options: MarkupOptions = {}) {
    this.#open = options.inside
    this.#label = options.label
  }

  /** Takes more text, and gives what is complete now: plain text at once, a box with its closing tag. */
  push(text: string): Segment[] {
    this.#buffer += text
    return [...this.#segments(false)]
  }

  /** Gives what is left. */
  end(): Segment[] {
    return [...this.#segments(true)]
  }

  *#segments(final: boolean): Generator<Segment> {
    for (;;) {
      const segment = this.#open === undefined ? this.#outside(final) : this.#inside(this.#open, final)
      if (segment === undefined) return
      if (segment.source !== '' || segment.kind === 'box' || segment.kind === 'quad') yield segment
    }
  }

  /** The next segment outside of tags; undefined if more text is needed. An opening tag gives an empty text. */
  #outside(final: boolean): Segment | undefined {
    const match = anyTag.exec(this.#buffer)
    if (match?.index === 0) {
      const [tag] = match
      this.#buffer = this.#buffer.slice(tag.length)
      const opened = opening[tag]
      if (opened === undefined) return { kind: 'stray', source: tag }
      this.#open = opened
      this.#tag = tag
      return { kind: 'text', source: '' }
    }
    const source = this.#buffer.slice(0, match?.index ?? this.#certain(final))
    if (source === '') return undefined
    this.#buffer = this.#buffer.slice(source.length)
    if (/[\p{L}\p{N}]/u.test(source)) this.#label = undefined
    return { kind: 'text', source }
  }

  /** The segment of the tag that is open; undefined if more text is needed. */
  #inside(opened: Opened, final: boolean): Segment | undefined {
    const match = anyTag.exec(this.#buffer)
    const length = match?.index ?? this.#certain(final)
    const content = this.#buffer.slice(0, length)
    const numeric = opened === 'box' || opened === 'quad'
    const junk = numeric ? content.search(notOfNumbers) : -1
    const limit = numeric ? (junk === -1 ? Number.POSITIVE_INFINITY : junk + longestJunk) : longestLabel
    const closes = match?.[0] === closing[opened]

    if (length <= limit && match === null && !final) return undefined
    if (length <= limit && closes) return this.#close(opened, content, match[0])
    if (!numeric) return this.#close(opened, length <= limit ? content : '', undefined)
    const numbers = junk === -1 ? content : content.slice(0, junk)
    return this.#close(opened, match !== null && junk === -1 ? content : numbers.replace(/[^\d)\]]+$/, ''), undefined)
  }

  #close(opened: Opened, content: string, end: string | undefined): Segment {
    const source = `${this.#tag}${content}${end ?? ''}`
    this.#buffer = this.#buffer.slice(content.length + (end?.length ?? 0))
    this.#open = undefined
    this.#tag = ''
    const closed = end !== undefined
    switch (opened) {
      case 'ref':
        this.#label = content.trim() === '' ? undefined : content.trim()
        return { kind: 'ref', source, closed, label: content }
      case 'image':
        this.#label = undefined
        return { kind: 'image', source, closed, name: content }
      case 'box':
        return { kind: 'box', source, closed, boxes: boxesOf(content).map(box => this.#labelled(box)) }
      case 'quad':
        return { kind: 'quad', source, closed, quads: quadsOf(content).map(quad => this.#labelled(quad)) }
    }
  }

  #labelled<Place extends object>(place: Place): Place & { readonly label?: string } {
    return { ...(this.#label === undefined ? {} : { label: this.#label }), ...place }
  }

  /** How much of the buffer cannot be the beginning of a tag. */
  #certain(final: boolean): number {
    if (final) return this.#buffer.length
    const from = this.#buffer.lastIndexOf('<')
    const rest = this.#buffer.slice(from)
    const mayBeTag = from !== -1 && rest.length < longestTag && tags.some(tag => tag.startsWith(rest))
    return mayBeTag ? from : this.#buffer.length
  }
}

const numbersOf = (content: string) => [...content.matchAll(number)].map(([digits]) => Number(digits))

function groups(numbers: readonly number[], size: number): number[][] {
  const whole = Math.floor(numbers.length / size)
  return Array.from({ length: whole }, (_, i) => numbers.slice(i * size, (i + 1) * size))
}

function boxesOf(content: string): { box: UnitBox; raw: readonly number[] }[] {
  return groups(numbersOf(content), 4).map(raw => ({ box: unitBox(raw[0]!, raw[1]!, raw[2]!, raw[3]!), raw }))
}

function quadsOf(content: string): { quad: Quad; raw: readonly number[] }[] {
  const numbers = numbersOf(content)
  const corner = (x: number, y: number) => [Math.min(Math.max(x, 0), 1000), Math.min(Math.max(y, 0), 1000)] as const
  if (numbers.length === 4) {
    const { x1, y1, x2, y2 } = unitBox(numbers[0]!, numbers[1]!, numbers[2]!, numbers[3]!)
    return [{ quad: [corner(x1, y1), corner(x2, y1), corner(x2, y2), corner(x1, y2)], raw: numbers }]
  }
  return groups(numbers, 8).map(raw => {
    const [a, b, c, d] = groups(raw, 2).map(([x, y]) => corner(x!, y!))
    return { quad: [a!, b!, c!, d!], raw }
  })
}
