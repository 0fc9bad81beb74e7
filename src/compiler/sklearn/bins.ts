import type { Value } from '../program/builder.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, MatrixFeatures, storedSparse } from './features.ts'
import { numbersOf, type Fitted } from './fitted.ts'
import { largest } from './matrices.ts'

/** Most edges of all columns, where each has as many as the one with most. */
const MOST_EDGES = 1 << 24

/** `KBinsDiscretizer`: the number of inner edges at or below each value, as it is or one-hot. */
function kBinsDiscretizer(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_bins', 'strategy', 'subsample', 'quantile_method')
  const width = fitted.width()
  const encode = fitted.choice('encode', ['onehot', 'onehot-dense', 'ordinal'], 'onehot')
  const isSingle = isFloat32(fitted)
  const inner = edgesOf(fitted, width)
  const most = largest(
    inner.map((edges) => edges.length),
    1,
  )
  if (width * most > MOST_EDGES) throw fitted.unsupported(`it has ${most} bins of ${width} features`)
  const table = new Float64Array(width * most).fill(Infinity)
  inner.forEach((edges, column) => table.set(edges, column * most))
  const bins = inner.flatMap((edges, column) => Array.from({ length: edges.length + 1 }, (_, bin) => ({ column, bin })))
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => {
      const known = checked(ops, x).matrix()
      const value = ops.unsqueeze(isSingle ? ops.roundToFloat(known) : known, 2)
      const reached = ops.cast(ops.greaterOrEqual(value, ops.numbers(table, [width, most])), 'FP64')
      const ordinal = ops.sum(reached, 2)
      const made = encode === 'ordinal' ? ordinal : oneHot(ordinal)
      const names =
        encode === 'ordinal' ? x.names : x.names && bins.map(({ column, bin }) => `${x.names?.[column]}_${bin}.0`)
      const features: MatrixFeatures = new MatrixFeatures(ops, made, names, () => features)
      return storedSparse(features, encode === 'onehot')
    },
  }

  function oneHot(ordinal: Value): Value {
    const spread = ops.take(
      ordinal,
      bins.map(({ column }) => column),
    )
    return ops.cast(ops.equal(spread, ops.numbers(bins.map(({ bin }) => bin))), 'FP64')
  }
}

function edgesOf(fitted: Fitted, width: number): Float64Array[] {
  const wrong = () => fitted.damaged('its "bin_edges_" are no list of numbers for each feature')
  const value = fitted.value('bin_edges_')
  const isTable = typeof value === 'object' && value !== null && 'holds' in value && value.holds === 'numbers'
  const lists = isTable ? rowsOf(fitted) : fitted.list('bin_edges_').map((edges) => numbersOf(edges, wrong).data)
  if (lists.length !== width) throw wrong()
  return lists.map((edges) => {
    // the outermost edges bound nothing: what lies outside belongs to the outermost bins
    const inner = edges.slice(1, -1)
    if (edges.length < 2 || !inner.every((edge, i) => i === 0 || edge >= (inner[i - 1] ?? 0))) throw wrong()
    return inner
  })
}

function rowsOf(fitted: Fitted): Float64Array[] {
  const { data, shape } = fitted.numbers('bin_edges_', 2)
  const [rows = 0, columns = 0] = shape
  return Array.from({ length: rows }, (_, row) => data.slice(row * columns, (row + 1) * columns))
}

/** Whether `dtype` asks for float32. */
function isFloat32(fitted: Fitted): boolean {
  const value = fitted.raw('dtype')
  if (value === undefined || value === null) return false
  if (typeof value === 'object' && !(value instanceof Uint8Array)) {
    const name =
      value.kind === 'global' ? value.name : value.kind === 'dtype' ? `${value.code}${value.itemSize}` : value.kind
    if (name === 'float32' || name === 'f4') return true
    if (name === 'float64' || name === 'f8') return false
  }
  throw fitted.unsupported('its "dtype" is neither float32 nor float64')
}

export const BINS: Openers = { 'sklearn.KBinsDiscretizer': kBinsDiscretizer }
