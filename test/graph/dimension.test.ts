/** Dimensions are numbers, names, and sums and products of both, always written in one way. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addDimensions,
  type Dimension,
  dimension,
  dimensionTerms,
  divideDimensions,
  elementCount,
  evaluateDimension,
  multiplyDimensions,
  sameShape,
  subtractDimensions,
} from '../../src/graph/index.ts'

const names = ['batch', 'sequence', 'past']

/** Sums and products of names and small numbers, made by the functions under test. */
const dimensions: fc.Arbitrary<Dimension> = fc.letrec<{ any: Dimension }>(tie => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.nat({ max: 9 }),
    fc.constantFrom<Dimension>(...names),
    fc
      .tuple(fc.constantFrom(addDimensions, subtractDimensions, multiplyDimensions), tie('any'), tie('any'))
      .map(([combine, a, b]) => combine(a, b)),
  ),
})).any

const sizes = fc
  .tuple(fc.nat(9), fc.nat(9), fc.nat(9))
  .map(values => new Map(names.map((name, i) => [name, values[i]!])))

const holds = (property: (a: Dimension, b: Dimension, c: Dimension) => void) =>
  fc.assert(fc.property(dimensions, dimensions, dimensions, property))

/** As shapes compare them: by ===, for which -0 is 0. */
const same = (a: Dimension, b: Dimension) => expect(sameShape([a], [b]), `${a} and ${b}`).toBe(true)

describe('the laws of algebra hold as equality of strings', () => {
  test('sums can be taken in any order', () => {
    holds((a, b, c) => {
      same(addDimensions(a, b), addDimensions(b, a))
      same(addDimensions(addDimensions(a, b), c), addDimensions(a, addDimensions(b, c)))
    })
  })

  test('so can products', () => {
    holds((a, b, c) => {
      same(multiplyDimensions(a, b), multiplyDimensions(b, a))
      same(multiplyDimensions(multiplyDimensions(a, b), c), multiplyDimensions(a, multiplyDimensions(b, c)))
    })
  })

  test('products distribute over sums', () => {
    holds((a, b, c) => {
      const together = multiplyDimensions(a, addDimensions(b, c))
      same(together, addDimensions(multiplyDimensions(a, b), multiplyDimensions(a, c)))
    })
  })

  test('0 and 1 are neutral, and differences undo sums', () => {
    holds((a, b) => {
      same(addDimensions(a, 0), a)
      same(multiplyDimensions(a, 1), a)
      same(multiplyDimensions(a, 0), 0)
      same(subtractDimensions(a, a), 0)
      same(subtractDimensions(addDimensions(a, b), b), a)
    })
  })

  test('division undoes multiplication by anything but a sum or zero', () => {
    const single = dimensions.filter(value => dimensionTerms(value).length === 1)
    fc.assert(
      fc.property(dimensions, single, (a, b) => {
        same(divideDimensions(multiplyDimensions(a, b), b)!, a)
      }),
    )
  })

  test('the canonical form is canonical already', () => {
    holds(a => {
      if (typeof a === 'string') expect(dimension(a)).toBe(a)
    })
  })
})

test('values follow the algebra', () => {
  fc.assert(
    fc.property(dimensions, dimensions, sizes, (a, b, known) => {
      const value = (one: Dimension) => evaluateDimension(one, known)
      expect(value(addDimensions(a, b))).toBe(value(a) + value(b))
      expect(value(subtractDimensions(a, b))).toBe(value(a) - value(b))
      expect(value(multiplyDimensions(a, b)) + 0).toBe(value(a) * value(b) + 0)
    }),
  )
})

test.each([
  ['sequence+batch', 'batch+sequence'],
  ['2*batch+batch', '3*batch'],
  ['batch*2*sequence*3', '6*batch*sequence'],
  ['1+past-1', 'past'],
  ['past+1', 'past+1'],
  ['past-sequence', 'past-1*sequence'],
  ['4', 4],
  ['batch-batch', 0],
])('"%s" is written %s', (written, canonical) => {
  expect(dimension(written)).toBe(canonical)
})

test.each(['', '1.5', 'my batch', 'batch/2', 'batch+', '2*', 'a--b', '*', '1e3', '0x10', 'é'])(
  '"%s" is no dimension',
  written => {
    expect(() => dimension(written)).toThrow(TypeError)
    expect(() => dimension(written)).toThrow(`"${written}" is not a dimension`)
  },
)

test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('the number %s is no dimension', value => {
  expect(() => dimension(value)).toThrow(TypeError)
})

test('what does not divide for every size does not divide', () => {
  expect(divideDimensions('batch', 2)).toBeUndefined()
  expect(divideDimensions('batch+4', 'batch')).toBeUndefined()
  expect(divideDimensions(7, 2)).toBeUndefined()
  expect(divideDimensions('4*batch*sequence', '2*batch')).toBe('2*sequence')
  expect(divideDimensions(6, 0)).toBeUndefined()
})

test('a name without a value is named in the error', () => {
  expect(() => evaluateDimension('2*batch+past', new Map([['batch', 1]]))).toThrow(/"past".*"2\*batch\+past"/)
})

test('the elements of a shape are the product of its sizes', () => {
  expect(elementCount(['batch', 3, 'sequence', 4])).toBe('12*batch*sequence')
  expect(elementCount([])).toBe(1)
})
