import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import { tensor, type Tensor } from '../../tensor/tensor.ts'
import { normalQuantile } from './normal-quantile.ts'
import { packed } from './packed.fixture.ts'
import { matrix as matrixOf, prepared } from './testing.fixture.ts'

const matrix = (rows: readonly (readonly number[])[]) => matrixOf(...rows)

function numbers(kernel: string, parameters: object, ...inputs: readonly Tensor[]): number[] {
  return Array.from(prepared(kernel, parameters).run(inputs)[0]?.data as Float64Array)
}

const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true })

describe('refuse-missing', () => {
  const plain = { names: ['age', 'amount'], columns: null, isNaNAllowed: false }

  test('hands numbers on, and does not copy a matrix that it takes whole', () => {
    const given = matrix([[1, 2]])
    expect(prepared('refuse-missing', plain).run([given])[0]?.data).toBe(given.data)
  })

  test('names the row and the column of a missing value, and of an infinite one', () => {
    const missing = refusal(() =>
      numbers(
        'refuse-missing',
        plain,
        matrix([
          [1, 2],
          [3, Number.NaN],
        ]),
      ),
    )
    expect(missing).toMatchObject({ code: 'invalid_argument', details: { row: 1, column: 'amount' } })
    expect(missing.message).toContain('row 2, column "amount": the value is missing')
    const allowed = { ...plain, isNaNAllowed: true }
    expect(numbers('refuse-missing', allowed, matrix([[Number.NaN, 2]]))).toEqual([Number.NaN, 2])
    expect(refusal(() => numbers('refuse-missing', allowed, matrix([[-Infinity, 2]]))).message).toContain('infinite')
  })

  test('looks at the columns that it takes alone, and puts those of several values side by side', () => {
    const taken = { names: ['b'], columns: [1], isNaNAllowed: false }
    expect(numbers('refuse-missing', taken, matrix([[Number.NaN, 2]]))).toEqual([2])
    expect(numbers('refuse-missing', plain, matrix([[1], [3]]), matrix([[2], [4]]))).toEqual([1, 2, 3, 4])
    const only = { ...plain, only: [0] }
    expect(numbers('refuse-missing', only, matrix([[1, Number.NaN]]))).toEqual([1, Number.NaN])
  })
})

describe('splines', () => {
  const knots = [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6]
  const cubic = (outside: string, edge = 3) => ({
    degree: 3,
    functions: 6,
    kept: 6,
    outside,
    isMissingZero: false,
    columns: [{ name: 'x', knots, least: 0, most: 3, edge }],
  })

  test('the functions are not negative and add up to 1 between the knots', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 3, noNaN: true }), (x) => {
        const values = numbers('splines', cubic('constant'), matrix([[x]]))
        expect(values.every((value) => value >= 0)).toBe(true)
        expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12)
      }),
    )
  })

  test('on a knot three functions of degree 3 are 1/6, 4/6 and 1/6', () => {
    const values = numbers('splines', cubic('constant'), matrix([[1]]))
    expect(values.map((value) => Math.round(value * 6 * 1e9) / 1e9)).toEqual([0, 1, 4, 1, 0, 0])
  })

  test.each(['constant', 'linear', 'continue'])('"%s" goes on outside without a step', (outside) => {
    for (const end of [0, 3]) {
      const inside = numbers('splines', cubic(outside), matrix([[end]]))
      const beyond = numbers('splines', cubic(outside), matrix([[end + (end === 0 ? -1e-9 : 1e-9)]]))
      beyond.forEach((value, i) => expect(value).toBeCloseTo(inside[i] as number, 7))
    }
  })

  test('periodic functions come again', () => {
    const periodic = { ...cubic('periodic'), functions: 3, kept: 3 }
    const once = numbers('splines', periodic, matrix([[0.7]]))
    numbers('splines', periodic, matrix([[0.7 - 3 * 4]])).forEach((value, i) =>
      expect(value).toBeCloseTo(once[i] as number, 12),
    )
  })

  test('what is outside is refused where the model says so, and missing values where they are no zeros', () => {
    expect(refusal(() => numbers('splines', cubic('refuse'), matrix([[3.5]]))).message).toContain('outside 0 to 3')
    expect(refusal(() => numbers('splines', cubic('constant'), matrix([[Number.NaN]]))).code).toBe('invalid_argument')
    const zeros = { ...cubic('constant'), isMissingZero: true }
    expect(numbers('splines', zeros, matrix([[Number.NaN]]))).toEqual([0, 0, 0, 0, 0, 0])
  })

  test('knots that do not fit are refused before anything runs', () => {
    const few = { ...cubic('constant'), columns: [{ name: 'x', knots: [0, 1], least: 0, most: 1, edge: 0 }] }
    expect(refusal(() => prepared('splines', few)).code).toBe('refused')
    const falling = {
      ...cubic('constant'),
      columns: [{ name: 'x', knots: knots.toReversed(), least: 0, most: 1, edge: 0 }],
    }
    expect(refusal(() => prepared('splines', falling)).code).toBe('refused')
  })
})

describe('quantiles', () => {
  const plain = { references: [0, 0.5, 1], columns: [[1, 2, 4]], isNormal: false, isZeroKept: false }

  test('a value stands where its neighbours say, and its column ends at 0 and 1', () => {
    expect(numbers('quantiles', plain, matrix([[1], [1.5], [3], [4], [-9], [9]]))).toEqual([0, 0.25, 0.75, 1, 0, 1])
    expect(numbers('quantiles', plain, matrix([[Number.NaN]]))).toEqual([Number.NaN])
  })

  test('of repeated quantiles a value takes the middle', () => {
    const repeated = { ...plain, references: [0, 0.25, 0.5, 0.75, 1], columns: [[0, 2, 2, 2, 3]] }
    expect(numbers('quantiles', repeated, matrix([[2]]))).toEqual([0.5])
  })

  test('the normal distribution is cut off where scikit-learn cuts it', () => {
    const [low, middle, high] = numbers('quantiles', { ...plain, isNormal: true }, matrix([[0], [2], [5]]))
    expect(low).toBeCloseTo(-5.199337582605575, 9)
    expect(middle).toBeCloseTo(0, 12)
    expect(high).toBeCloseTo(5.19933758270342, 9)
  })

  test('the numbers of the normal distribution rise, and are the same on both sides', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 0.5, noNaN: true }), (share) => {
        expect(normalQuantile(share)).toBeLessThanOrEqual(normalQuantile(share * 1.01))
        expect(normalQuantile(0.5 - share / 2)).toBeCloseTo(-normalQuantile(0.5 + share / 2), 9)
      }),
    )
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14)
  })
})

describe('interpolate', () => {
  const plain = { known: [1, 2, 4], values: [10, 20, 0], outside: 'clip', least: 1, most: 4 }

  test('takes the line between two known points, and outside what it is told', () => {
    expect(numbers('interpolate', plain, matrix([[1.5], [3], [0], [9]]))).toEqual([15, 10, 10, 0])
    expect(numbers('interpolate', { ...plain, outside: 'nan' }, matrix([[0], [4]]))).toEqual([Number.NaN, 0])
    expect(refusal(() => numbers('interpolate', { ...plain, outside: 'raise' }, matrix([[0]]))).code).toBe(
      'invalid_argument',
    )
  })
})

describe('number-function', () => {
  test('whole numbers are the nearest, halves the even ones', () => {
    expect(numbers('number-function', { function: 'rint' }, matrix([[0.5, 1.5, 2.5, -0.5, 2.4]]))).toEqual([
      0, 2, 2, -0, 2,
    ])
  })

  test('a function that it does not know is refused', () => {
    expect(refusal(() => prepared('number-function', { function: 'constructor' })).code).toBe('refused')
  })
})

describe('fill-text', () => {
  test('puts its text where there is none, or where what stands for none is', () => {
    const texts = tensor('BYTES', [3, 1], [Buffer.from('a'), Buffer.from(''), Buffer.from('?')])
    const filled = (parameters: object) =>
      ((prepared('fill-text', parameters).run([texts])[0]?.data ?? []) as readonly Uint8Array[]).map((text) =>
        Buffer.from(text).toString(),
      )
    expect(filled({ fill: 'ä' })).toEqual(['a', 'ä', '?'])
    expect(filled({ fill: 'b', missing: '?' })).toEqual(['a', '', 'b'])
  })
})

describe('linear-leaves', () => {
  const parameters = {
    targets: 2,
    constants: packed([1, -2, 0.5]),
    values: packed([10, 20, 30]),
    starts: packed([0, 2, 2, 3]),
    features: packed([0, 1, 2]),
    coefficients: packed([0.5, -1, 2]),
  }
  const add = (leaves: readonly number[], row: readonly number[]) =>
    numbers('linear-leaves', parameters, matrix([leaves]), matrix([row]))

  test('adds up what each leaf makes of the row, each tree to its target', () => {
    expect(add([0, 1, 2], [4, 1, 3])).toEqual([1 + 0.5 * 4 - 1 + (0.5 + 2 * 3), -2])
  })

  test('where a feature of a leaf is missing adds its value, and no other tree is touched', () => {
    expect(add([0, 1, 2], [4, Number.NaN, 3])).toEqual([10 + 6.5, -2])
    expect(add([1, 0], [Number.NaN, 1, 1])).toEqual([-2, 10])
  })

  test('goes to infinity with a feature, and not by one that the leaf does not have', () => {
    expect(add([0, 2], [1, 1, Infinity])).toEqual([0.5, Infinity])
  })

  test('is refused a leaf or a feature that there is not', () => {
    expect(refusal(() => add([3, 0], [1, 2, 3])).code).toBe('refused')
    expect(refusal(() => add([0.5, 0], [1, 2, 3])).code).toBe('refused')
    expect(refusal(() => add([0, 0], [1, 2])).code).toBe('refused')
  })
})

describe('document-topics', () => {
  const base = {
    topics: 3,
    width: 4,
    words: packed([0.5, 0.25, 0.125, 0.0625, 0.1, 0.2, 0.3, 0.4, 0.01, 0.7, 0.02, 0.3]),
    prior: 1 / 3,
    steps: 100,
    tolerance: 0.001,
  }
  const rows = [
    [2, 0, 1, 0],
    [0, 0, 0, 0],
    [0, 0.5, 0, 3],
  ]
  const third = [1 / 3, 1 / 3, 1 / 3]

  // of scikit-learn 1.9.1, `LatentDirichletAllocation.transform`
  test.each([
    [
      'until the mean change is small',
      {},
      [[0.8118969889523943, 0.10400344367316385, 0.08409956737444194], third],
      [0.07759653861372724, 0.8144700098103085, 0.10793345157596418],
    ],
    [
      'for so many steps',
      { steps: 2 },
      [[0.6518901774008544, 0.2634919921802827, 0.08461783041886295], third],
      [0.09161503916795978, 0.4932465596735519, 0.4151384011584882],
    ],
    [
      'with another prior, to the end',
      { prior: 0.05, tolerance: 1e-9, steps: 1000 },
      [[0.9682539677889643, 0.0158730163070195, 0.015873015904016127], third],
      [0.013698630259536491, 0.9726027391552934, 0.01369863058517004],
    ],
  ])('allocates %s', (_how, changed, first, last) => {
    const found = numbers('document-topics', { ...base, ...changed }, matrix(rows))
    expect(found).toHaveLength(9)
    found.forEach((value, i) => expect(value).toBeCloseTo([...first, last].flat()[i] as number, 12))
  })

  test('reads sparse rows as their zeros written out', () => {
    const positions = { datatype: 'INT64' as const, shape: [3, 2], data: BigInt64Array.of(0n, 2n, 0n, 0n, 1n, 3n) }
    const sparse = matrix([
      [2, 1],
      [0, 0],
      [0.5, 3],
    ])
    expect(numbers('document-topics', base, positions, sparse)).toEqual(numbers('document-topics', base, matrix(rows)))
  })

  test('answers a row alone as among others, and refuses a negative count by its row', () => {
    const all = numbers('document-topics', base, matrix(rows))
    expect(numbers('document-topics', base, matrix(rows.slice(2)))).toEqual(all.slice(6))
    const error = refusal(() => numbers('document-topics', base, matrix([...rows, [0, -1, 0, 0]])))
    expect(error).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('row 4') as string })
  })
})

describe('count-sketch', () => {
  test('of degree 2 is the circular convolution of two sketches', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 3, maxLength: 3 }), (row) => {
        const parameters = {
          degree: 2,
          count: 4,
          gamma: 1,
          coef0: 0,
          indices: [0, 1, 1, 3, 3, 2],
          signs: [1, -1, 1, 1, 1, -1],
        }
        const [a = 0, b = 0, c = 0] = row
        const one = [a, -b + c, 0, 0]
        const two = [0, 0, -c, a + b]
        const expected = [0, 1, 2, 3].map((at) =>
          one.reduce((sum, value, i) => sum + value * (two[(at - i + 4) % 4] ?? 0), 0),
        )
        numbers('count-sketch', parameters, matrix([row])).forEach((value, i) =>
          expect(Math.abs(value - (expected[i] as number))).toBeLessThanOrEqual(
            1e-9 * (1 + Math.abs(expected[i] as number)),
          ),
        )
      }),
    )
  })
})
