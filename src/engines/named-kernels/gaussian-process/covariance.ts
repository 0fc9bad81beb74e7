import type { Parameters } from '../kernel.ts'

/** How alike two rows are, and a row with itself. */
export interface Covariance {
  /** Of the row of `x` at `at` with each of the known rows. */
  readonly fill: (x: Float64Array, at: number, known: Float64Array, values: Float64Array) => void
  readonly own: (x: Float64Array, at: number) => number
}

/** What the kernels of one process have in common. */
interface Shared {
  kernels: number
  /** Values of second parts, by depth: of those at one depth only one is at work at a time. */
  readonly buffers: Float64Array[]
}

/** Kernels in one another: more is no model. */
const MAX_DEPTH = 64
/** Kernels in all: each works on every known row. */
const MAX_KERNELS = 256

/**
 * Reads a kernel of a Gaussian process: `kind`, and what that needs. `rbf`, `matern` (`nu`: 0.5, 1.5, 2.5 or infinite):
 * `lengths`, one or one a column; `rational` (`length`, `alpha`), `periodic` (`length`, `period`), `dot` (`offset`),
 * `constant` (`value`), `white` (`value`: a row with itself only), `sum` and `product` (`parts`, two), `power` (`base`,
 * `exponent`).
 * @see scikit-learn, `sklearn.gaussian_process.kernels`
 */
export function readCovariance(
  parameters: Parameters,
  width: number,
  depth = 0,
  shared: Shared = { kernels: 0, buffers: [] },
): Covariance {
  if (++shared.kernels > MAX_KERNELS) throw parameters.refuse('kind', `one of at most ${MAX_KERNELS} kernels`)
  if (depth > MAX_DEPTH) throw parameters.refuse('kind', `a kernel of at most ${MAX_DEPTH} in one another`)
  const kind = parameters.oneOf('kind', [
    'rbf',
    'matern',
    'rational',
    'periodic',
    'dot',
    'constant',
    'white',
    'sum',
    'product',
    'power',
  ])
  if (kind === 'sum' || kind === 'product') {
    const [first, second] = parameters.objects('parts').map((part) => readCovariance(part, width, depth + 1, shared))
    if (first === undefined || second === undefined) throw parameters.refuse('parts', 'two kernels')
    return both(first, second, kind === 'sum', depth, shared)
  }
  if (kind === 'power') {
    const base = readCovariance(parameters.object('base'), width, depth + 1, shared)
    const exponent = parameters.number('exponent')
    return {
      fill(x, at, known, values) {
        base.fill(x, at, known, values)
        for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) ** exponent
      },
      own: (x, at) => base.own(x, at) ** exponent,
    }
  }
  if (kind === 'constant' || kind === 'white') {
    const value = parameters.number('value')
    return { fill: (_x, _at, _known, values) => values.fill(kind === 'white' ? 0 : value), own: () => value }
  }
  if (kind === 'dot') {
    const square = parameters.number('offset') ** 2
    return {
      fill(x, at, known, values) {
        for (let i = 0; i < values.length; i++) values[i] = dot(x, at, known, i * width, width) + square
      },
      own: (x, at) => dot(x, at, x, at, width) + square,
    }
  }
  return byDistance(parameters, kind, width)
}

function both(first: Covariance, second: Covariance, isSum: boolean, depth: number, { buffers }: Shared): Covariance {
  return {
    fill(x, at, known, values) {
      const own = (buffers[depth] ??= new Float64Array(values.length))
      first.fill(x, at, known, values)
      second.fill(x, at, known, own)
      for (let i = 0; i < values.length; i++)
        values[i] = isSum ? (values[i] as number) + (own[i] as number) : (values[i] as number) * (own[i] as number)
    },
    own: (x, at) => (isSum ? first.own(x, at) + second.own(x, at) : first.own(x, at) * second.own(x, at)),
  }
}

/** Kernels of the distance alone; a row with itself is 1. */
function byDistance(
  parameters: Parameters,
  kind: 'rbf' | 'matern' | 'rational' | 'periodic',
  width: number,
): Covariance {
  const lengths = kind === 'rbf' || kind === 'matern' ? lengthsOf(parameters, width) : new Float64Array(width).fill(1)
  const value = ofSquare(parameters, kind)
  return {
    fill(x, at, known, values) {
      for (let i = 0; i < values.length; i++) {
        let square = 0
        for (let j = 0; j < width; j++) {
          const length = lengths[j] as number
          const d = (x[at + j] as number) / length - (known[i * width + j] as number) / length
          square += d * d
        }
        values[i] = value(square)
      }
    },
    own: () => 1,
  }
}

function lengthsOf(parameters: Parameters, width: number): Float64Array {
  const lengths = parameters.numbers('lengths')
  if (lengths.length === width) return lengths
  if (lengths.length !== 1) throw parameters.refuse('lengths', `one number, or ${width}`)
  return new Float64Array(width).fill(lengths[0] as number)
}

function ofSquare(
  parameters: Parameters,
  kind: 'rbf' | 'matern' | 'rational' | 'periodic',
): (square: number) => number {
  if (kind === 'rbf') return (square) => Math.exp(-0.5 * square)
  if (kind === 'rational') {
    const [length, alpha] = [parameters.number('length'), parameters.number('alpha')]
    return (square) => (1 + square / (2 * alpha * length ** 2)) ** -alpha
  }
  if (kind === 'periodic') {
    const [length, period] = [parameters.number('length'), parameters.number('period')]
    return (square) => Math.exp(-2 * (Math.sin((Math.PI / period) * Math.sqrt(square)) / length) ** 2)
  }
  const nu = parameters.number('nu')
  if (nu === 0.5) return (square) => Math.exp(-Math.sqrt(square))
  if (nu === Infinity) return (square) => Math.exp(-square / 2)
  if (nu === 1.5)
    return (square) => {
      const k = Math.sqrt(square) * Math.sqrt(3)
      return (1 + k) * Math.exp(-k)
    }
  if (nu !== 2.5) throw parameters.refuse('nu', '0.5, 1.5, 2.5 or Infinity')
  return (square) => {
    const k = Math.sqrt(square) * Math.sqrt(5)
    return (1 + k + k ** 2 / 3) * Math.exp(-k)
  }
}

function dot(a: Float64Array, at: number, b: Float64Array, bt: number, width: number): number {
  let sum = 0
  for (let i = 0; i < width; i++) sum += (a[at + i] as number) * (b[bt + i] as number)
  return sum
}
