import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import type { NamedKernel, Parameters } from './kernel.ts'
import { checkedArea } from './sparse-rows.ts'

/** What stands outside the knots: see `splines`. */
const OUTSIDE = ['refuse', 'continue', 'periodic', 'constant', 'linear'] as const

interface Spline {
  readonly name: string
  readonly knots: Float64Array
  /** The range outside which `constant` and `linear` take over. */
  readonly least: number
  readonly most: number
  /** Of `constant` and `linear`: how many of the outermost functions go on outside, their values and slopes there. */
  readonly edge: number
  readonly atLeast: Float64Array
  readonly atMost: Float64Array
  readonly slopeAtLeast: Float64Array
  readonly slopeAtMost: Float64Array
}

/**
 * Values of the B-splines of each column.
 *
 * Input: FP64 [rows, columns]. Output: FP64 [rows, columns * functions].
 * Parameters: `degree`; `functions`: how many each column has; `kept`: how many of these stand in the output;
 * `outside`: `refuse`, `continue` (the outermost polynomial goes on), `periodic`, `constant` or `linear`; `isMissingZero`:
 * NaN gives zeros, and is refused otherwise; `columns`, for each `{ name, knots, least, most, edge }`.
 * @see C. de Boor, "A Practical Guide to Splines", the recurrence of B-splines
 */
export const splines: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const degree = parameters.int('degree', 0, 64)
    const functions = parameters.int('functions', 1, 1 << 20)
    const kept = parameters.int('kept', 0, functions)
    const outside = parameters.oneOf('outside', OUTSIDE)
    const isMissingZero = parameters.flag('isMissingZero')
    const columns = parameters.objects('columns').map((column) => readSpline(column, degree, functions, outside))
    const values = new Float64Array(functions)
    return {
      run(inputs) {
        const { shape, data } = inputs[0] as NumericTensor<'FP64'>
        const rows = shape[0] ?? 0
        const width = columns.length
        if (shape[1] !== width) throw new ServingError('refused', `splines of ${width} columns are fed ${shape[1]}`)
        const made = new Float64Array(checkedArea(rows, width * kept))
        for (let row = 0; row < rows; row++)
          for (let c = 0; c < width; c++) {
            const x = data[row * width + c] as number
            values.fill(0)
            if (!(Number.isNaN(x) && isMissingZero)) evaluate(columns[c] as Spline, x, degree, outside, values, row)
            for (let i = 0; i < kept; i++) made[(row * width + c) * kept + i] = values[i] as number
          }
        return [{ datatype: 'FP64', shape: [rows, width * kept], data: made }]
      },
    }
  },
}

function readSpline(
  parameters: Parameters,
  degree: number,
  functions: number,
  outside: (typeof OUTSIDE)[number],
): Spline {
  const knots = parameters.numbers('knots')
  // periodic functions at the end are those at the beginning again
  const own = outside === 'periodic' ? functions + degree : functions
  if (knots.length !== own + degree + 1 || !knots.every((knot, i) => i === 0 || knot >= (knots[i - 1] as number)))
    throw parameters.refuse('knots', `an ascending list of ${own + degree + 1}`)
  const least = parameters.number('least')
  const most = parameters.number('most')
  const at = (x: number) => {
    const values = new Float64Array(functions)
    basis(knots, x, degree, intervalOf(knots, x, degree), values)
    return values
  }
  const slope = (x: number) => {
    const values = new Float64Array(functions)
    if (degree > 0) slopes(knots, x, degree, intervalOf(knots, x, degree), values)
    return values
  }
  const isEdged = outside === 'constant' || outside === 'linear'
  const none = new Float64Array(functions)
  return {
    name: parameters.text('name'),
    knots,
    least,
    most,
    edge: parameters.int('edge', 0, functions),
    atLeast: isEdged ? at(least) : none,
    atMost: isEdged ? at(most) : none,
    slopeAtLeast: outside === 'linear' ? slope(least) : none,
    slopeAtMost: outside === 'linear' ? slope(most) : none,
  }
}

function evaluate(
  spline: Spline,
  x: number,
  degree: number,
  outside: (typeof OUTSIDE)[number],
  values: Float64Array,
  row: number,
): void {
  const { knots, least, most, edge, name } = spline
  const first = knots[degree] as number
  const last = knots[knots.length - degree - 1] as number
  if (!Number.isFinite(x) || (outside === 'refuse' && (x < first || x > last)))
    throw new ServingError(
      'invalid_argument',
      `row ${row + 1}, column ${quote(name)}: ${x} is outside ${first} to ${last}, which the model's splines were fitted on, and it was told to refuse that`,
    )
  if (outside === 'constant' || outside === 'linear') {
    const isBelow = x < least
    if (isBelow || x > most) {
      const value = isBelow ? spline.atLeast : spline.atMost
      const slope = isBelow ? spline.slopeAtLeast : spline.slopeAtMost
      const distance = x - (isBelow ? least : most)
      for (let j = 0; j < edge; j++) {
        const i = isBelow ? j : values.length - 1 - j
        values[i] = outside === 'linear' ? (value[i] as number) + distance * (slope[i] as number) : (value[i] as number)
      }
      return
    }
  }
  let at = x
  if (outside === 'periodic') {
    const period = last - first
    let rest = period > 0 ? (x - first) % period : 0
    if (rest < 0) rest += period
    at = period > 0 ? first + rest : 0
  }
  basis(knots, at, degree, intervalOf(knots, at, degree), values)
}

/** The last interval between knots of the base that begins at or before x; the outermost one outside. */
function intervalOf(knots: Float64Array, x: number, degree: number): number {
  let low = degree
  let high = Math.max(degree, knots.length - degree - 2)
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((knots[middle] as number) <= x) low = middle
    else high = middle - 1
  }
  return low
}

/** Adds the values of the degree + 1 functions that are not zero between knots `interval` and the next. */
function basis(knots: Float64Array, x: number, degree: number, interval: number, values: Float64Array): void {
  const work = recurrence(knots, x, degree, interval)
  for (let i = 0; i <= degree; i++) {
    const at = (interval - degree + i) % values.length
    values[at] = (values[at] as number) + (work[i] as number)
  }
}

/** Adds their slopes: degree * (B_i / (t_i+degree - t_i) - B_i+1 / (t_i+degree+1 - t_i+1)), B of one degree less. */
function slopes(knots: Float64Array, x: number, degree: number, interval: number, values: Float64Array): void {
  const work = recurrence(knots, x, degree - 1, interval)
  for (let i = 0; i < degree; i++) {
    // function j of the lower degree is part of functions j - 1 and j of this one
    const j = interval - degree + 1 + i
    const span = (knots[j + degree] as number) - (knots[j] as number)
    if (span === 0) continue
    const part = (degree * (work[i] as number)) / span
    const own = j % values.length
    const before = (j - 1) % values.length
    values[own] = (values[own] as number) + part
    values[before] = (values[before] as number) - part
  }
}

function recurrence(knots: Float64Array, x: number, degree: number, interval: number): Float64Array {
  const work = new Float64Array(degree + 1)
  const before = new Float64Array(degree + 1)
  work[0] = 1
  for (let j = 1; j <= degree; j++) {
    before.set(work)
    work[0] = 0
    for (let n = 1; n <= j; n++) {
      const right = knots[interval + n] as number
      const left = knots[interval + n - j] as number
      if (right === left) {
        work[n] = 0
        continue
      }
      const weight = (before[n - 1] as number) / (right - left)
      work[n - 1] = (work[n - 1] as number) + weight * (right - x)
      work[n] = weight * (x - left)
    }
  }
  return work
}
