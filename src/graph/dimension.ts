/**
 * Dimensions: numbers, names, and sums and products of both.
 *
 * A shape such as `['batch', 'sequence', 256]` is known in part when a graph is built. Operators still have to compute
 * with it (concatenating gives `past+sequence`, flattening gives `batch*sequence`), so a symbolic dimension is a
 * polynomial with whole coefficients, written in one canonical way: equal dimensions are equal strings.
 */

/** A count of elements along one axis: a number, a name (`'batch'`), or a canonical expression (`'2*batch+1'`). */
export type Dimension = number | string

export type Shape = readonly Dimension[]

/** Monomial (its names sorted and joined by `*`; `''` for the constant) → coefficient. */
type Polynomial = ReadonlyMap<string, number>

const NAME = /^[A-Za-z_]\w*$/

/** Sums and differences of products of names and whole numbers. */
const EXPRESSION = /^-?(\d+|[A-Za-z_]\w*)([*+-](\d+|[A-Za-z_]\w*))*$/

function parse(dimension: Dimension): Polynomial {
  if (typeof dimension === 'number') return new Map(dimension === 0 ? [] : [['', dimension]])
  if (!EXPRESSION.test(dimension)) {
    throw new TypeError(
      `"${dimension}" is not a dimension: use a whole number, a name such as "batch", or a sum of products`,
    )
  }
  const terms = new Map<string, number>()
  for (const term of dimension.replaceAll('-', '+-').split('+')) {
    if (term === '') continue
    const factors = (term.startsWith('-') ? `-1*${term.slice(1)}` : term).split('*')
    const names = factors.filter(factor => NAME.test(factor)).sort()
    const numbers = factors.filter(factor => !NAME.test(factor)).map(Number)
    const monomial = names.join('*')
    terms.set(monomial, (terms.get(monomial) ?? 0) + numbers.reduce((product, value) => product * value, 1))
  }
  return terms
}

function format(polynomial: Polynomial): Dimension {
  const terms = [...polynomial].filter(([, coefficient]) => coefficient !== 0)
  if (terms.length === 0) return 0
  if (terms.length === 1 && terms[0]?.[0] === '') return terms[0][1]
  return terms
    .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1))
    .map(([monomial, coefficient]) =>
      monomial === '' ? `${coefficient}` : coefficient === 1 ? monomial : `${coefficient}*${monomial}`,
    )
    .join('+')
    .replaceAll('+-', '-')
}

/** Checks a dimension that a user wrote and gives its canonical form. Throws a TypeError for anything else. */
export function dimension(value: Dimension): Dimension {
  if (typeof value === 'number' && !(Number.isInteger(value) && value >= 0)) {
    throw new TypeError(`${value} is not a dimension: it must be a whole number that is not negative`)
  }
  return format(parse(value))
}

export function addDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  const sum = new Map(parse(a))
  for (const [monomial, coefficient] of parse(b)) sum.set(monomial, (sum.get(monomial) ?? 0) + coefficient)
  return format(sum)
}

export function subtractDimensions(a: Dimension, b: Dimension): Dimension {
  return addDimensions(a, multiplyDimensions(b, -1))
}

export function multiplyDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  const product = new Map<string, number>()
  for (const [left, x] of parse(a)) {
    for (const [right, y] of parse(b)) {
      const monomial = [...left.split('*'), ...right.split('*')].filter(Boolean).sort().join('*')
      product.set(monomial, (product.get(monomial) ?? 0) + x * y)
    }
  }
  return format(product)
}

/** `a / b` where it divides without remainder for every value of the names, else undefined. */
export function divideDimensions(a: Dimension, b: Dimension): Dimension | undefined {
  if (a === b && a !== 0) return 1
  const divisor = [...parse(b)]
  if (divisor.length !== 1 || divisor[0] === undefined) return undefined
  const [names, coefficient] = divisor[0]
  const quotient = new Map<string, number>()
  for (const [monomial, value] of parse(a)) {
    const left = monomial.split('*').filter(Boolean)
    for (const name of names.split('*').filter(Boolean)) {
      const at = left.indexOf(name)
      if (at < 0) return undefined
      left.splice(at, 1)
    }
    if (value % coefficient !== 0) return undefined
    quotient.set(left.join('*'), value / coefficient)
  }
  return format(quotient)
}

/** The number of elements of a shape. */
export const elementCount = (shape: Shape): Dimension => shape.reduce(multiplyDimensions, 1)

/** The value of a dimension once its names are known. Throws a RangeError that names a missing one. */
export function evaluateDimension(value: Dimension, names: ReadonlyMap<string, number>): number {
  let total = 0
  for (const [monomial, coefficient] of parse(value)) {
    total += monomial
      .split('*')
      .filter(Boolean)
      .reduce((product, name) => {
        const size = names.get(name)
        if (size === undefined) throw new RangeError(`dimension "${name}" of "${value}" has no value`)
        return product * size
      }, coefficient)
  }
  return total
}

/** The terms of a dimension, as coefficient and names, for code that computes it inside a graph. */
export function dimensionTerms(value: Dimension): { coefficient: number; names: string[] }[] {
  return [...parse(value)].map(([monomial, coefficient]) => ({
    coefficient,
    names: monomial.split('*').filter(Boolean),
  }))
}

export const isStatic = (shape: Shape): shape is readonly number[] => shape.every(size => typeof size === 'number')

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, i) => size === b[i])

/** `[batch, 4, 256]`, as errors and listings write it. */
export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`
