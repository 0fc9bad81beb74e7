import { DISTANCES } from '../../bundle/distances.ts'
import { isKind } from '../../formats/python/refs.ts'
import type { PyValue } from '../../formats/python/values.ts'
import { packNumbers, type Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context } from './contract.ts'
import { checked, type Features } from './features.ts'
import { numbersOf, plain, type Fitted } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'

/** The rows that an estimator keeps, ready to be searched. */
export interface NeighborSearch {
  /** Known rows. */
  readonly count: number
  readonly isNaNAllowed: boolean
  nearest(x: Features, neighbors: number): readonly [distances: Value, positions: Value]
  within(x: Features, radius: number): readonly [distances: Value, positions: Value]
}

/** Metrics by all names that they have. @see scikit-learn, `DistanceMetric` */
const METRICS: ReadonlyMap<string, string> = new Map([
  ...DISTANCES.map((name) => [name, name] as const),
  ['l2', 'euclidean'],
  ['l1', 'manhattan'],
  ['cityblock', 'manhattan'],
  ['infinity', 'chebyshev'],
  ['p', 'minkowski'],
])

/** Hyper-parameters of all estimators that search; what they have made is in `_fit_method` and `effective_metric_`. */
export function ignoreSearch(fitted: Fitted): void {
  fitted.ignore('algorithm', 'leaf_size', 'metric', 'metric_params', 'p', 'radius', 'n_neighbors')
}

/**
 * Reads what `fit` has kept to search in: the rows, the tree that orders them, the metric.
 * @see scikit-learn, `NeighborsBase._fit`
 */
export function neighborSearch(fitted: Fitted, { ops, warn }: Pick<Context, 'ops' | 'warn'>): NeighborSearch {
  const method = fitted.choice('_fit_method', ['brute', 'kd_tree', 'ball_tree'])
  const metric = namedMetric(fitted, 'effective_metric_')
  const width = fitted.width()
  const count = fitted.int('n_samples_fit_')
  const common = { count, width, metric }
  const isNaNAllowed = metric === 'nan_euclidean'
  if (metric === 'precomputed') {
    if (width !== count) throw fitted.damaged(`it was fitted on ${count} rows and takes distances from ${width}`)
    return searchWith(ops, common, { isStable: fitted.isSince(1, 9) }, isNaNAllowed)
  }
  if (method === 'brute' && isLeftToChance(fitted, metric))
    warn(
      `${fitted.where}: of training rows that are equally near, the first count here; which ones scikit-learn takes goes by the processor that it runs on`,
    )
  const parameters = {
    ...common,
    ...metricParameters(fitted, metric, width, 'effective_metric_params_'),
    ...(method === 'brute'
      ? { points: packNumbers(rowsOf(fitted, count, width)) }
      : treeOf(fitted, method, count, width)),
  }
  return searchWith(
    ops,
    parameters,
    {
      isStable: fitted.isSince(1, 9),
      ...(method === 'brute' && isReduced(fitted, metric) && { ends: partsOf(count) }),
    },
    isNaNAllowed,
  )
}

function searchWith(
  ops: Ops,
  parameters: object & { readonly count: number },
  order: { readonly isStable: boolean; readonly ends?: readonly number[] },
  isNaNAllowed: boolean,
): NeighborSearch {
  const { count } = parameters
  const rows = (x: Features) => checked(ops, x, isNaNAllowed).matrix()
  return {
    count,
    isNaNAllowed,
    nearest: (x, neighbors) =>
      ops.b.kernel(
        'nearest-neighbors',
        { ...parameters, neighbors, ...order },
        [rows(x)],
        [
          { datatype: 'FP64', shape: [-1, neighbors] },
          { datatype: 'INT64', shape: [-1, neighbors] },
        ],
      ) as [Value, Value],
    within: (x, radius) =>
      ops.b.kernel(
        'radius-neighbors',
        { ...parameters, radius },
        [rows(x)],
        [
          { datatype: 'FP64', shape: [-1, -1] },
          { datatype: 'INT64', shape: [-1, -1] },
        ],
      ) as [Value, Value],
  }
}

/**
 * Whether rows are often equally near, and scikit-learn then chooses among them by numpy's partial sort, which goes by the
 * processor that it runs on.
 */
function isLeftToChance(fitted: Fitted, metric: string): boolean {
  const isContinuous = /^(cosine|correlation|mahalanobis|nan_euclidean)$/.test(metric)
  return !isReduced(fitted, metric) && (isSparse(fitted.raw('_fit_X')) || !isContinuous)
}

function isSparse(value: PyValue | undefined): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'sparse'
}

/** Whether scikit-learn finds neighbours by its `ArgKmin`, whose order of equals we follow, and not by a partial sort. */
function isReduced(fitted: Fitted, metric: string): boolean {
  if (isSparse(fitted.raw('_fit_X')) && metric.includes('euclidean'))
    return fitted.isSince(1, 4) && !fitted.isSince(1, 6)
  return /^(euclidean|sqeuclidean|manhattan|chebyshev|minkowski|seuclidean|canberra|braycurtis|haversine)$/.test(metric)
}

/** Where each of two threads ends, which share the rows by chunks of 256: who searches first keeps its equals. */
function partsOf(count: number): readonly number[] {
  const chunks = Math.ceil(count / 256)
  return chunks < 2 ? [count] : [256 * Math.ceil(chunks / 2), count]
}

function rowsOf(fitted: Fitted, count: number, width: number): Float64Array {
  const { data, shape } = fitted.numbers('_fit_X', 2)
  if (shape[0] !== count || shape[1] !== width)
    throw fitted.damaged(`"_fit_X" is of shape [${shape.join()}], it was fitted on [${count},${width}]`)
  return data
}

/** The metric that an attribute names. @throws {ServingError} `unsupported` for one's own function, or one not covered */
export function namedMetric(fitted: Fitted, attribute: string): string {
  const named = fitted.raw(attribute)
  const metric = typeof named === 'string' ? METRICS.get(named) : undefined
  if (metric !== undefined) return metric
  throw fitted.unsupported(
    `its metric is ${describe(named)}; covered are ${[...METRICS.keys()].join(', ')}, and no functions of one's own`,
  )
}

/** What a metric needs besides the rows. @param attribute a dict, or None */
export function metricParameters(fitted: Fitted, metric: string, width: number, attribute: string): object {
  const given = fitted.raw(attribute)
  const options = isKind(given, 'dict') ? given.byName : new Map<string, PyValue>()
  const packed = (name: string, length: number): string | undefined => {
    const value = plain(options.get(name))
    if (value === undefined || value === null) return undefined
    const { data } = numbersOf(value, () =>
      fitted.damaged(`its metric's ${JSON.stringify(name)} is no array of numbers`),
    )
    if (data.length !== length) throw fitted.damaged(`its metric's ${JSON.stringify(name)} has ${data.length} numbers`)
    return packNumbers(data)
  }
  const need = (name: string, length: number): { weights: string } => {
    const weights = packed(name, length)
    if (weights === undefined)
      throw fitted.unsupported(`its metric ${metric} has no ${JSON.stringify(name)} in "metric_params"`)
    return { weights }
  }
  const known: Readonly<Record<string, readonly string[]>> = {
    minkowski: ['p', 'w'],
    seuclidean: ['V'],
    mahalanobis: ['VI'],
  }
  const unknown = [...options].find(
    ([name, value]) => !(known[metric] ?? ['p']).includes(name) && plain(value) !== null,
  )
  if (unknown !== undefined) throw fitted.unsupported(`its metric ${metric} has ${JSON.stringify(unknown[0])}`)
  if (metric === 'seuclidean') return need('V', width)
  if (metric === 'mahalanobis') return need('VI', width * width)
  if (metric !== 'minkowski') return {}
  const power = plain(options.get('p'))
  if (typeof power !== 'number' && typeof power !== 'bigint') throw fitted.damaged('its metric minkowski has no "p"')
  return { power: Number(power), weights: packed('w', width) ?? null }
}

/** scikit-learn's tree: rows, their order, nodes, bounds. @see scikit-learn, `BinaryTree.__getstate__` */
function treeOf(fitted: Fitted, method: 'kd_tree' | 'ball_tree', count: number, width: number): object {
  const wrong = () => fitted.damaged('"_tree" is no tree of rows')
  const found = fitted.raw('_tree')
  if (!isKind(found, 'object')) throw wrong()
  const kind = method === 'kd_tree' ? 'kd' : 'ball'
  const { state } = found
  if (!isKind(state, 'tuple')) throw wrong()
  const [rows, order, nodes, bounds] = state.items
  const points = numbersOf(rows, wrong)
  if (points.shape[0] !== count || points.shape[1] !== width) throw wrong()
  if (typeof nodes !== 'object' || nodes === null || nodes instanceof Uint8Array) throw wrong()
  if (nodes.kind !== 'ndarray' || nodes.holds !== 'records') throw wrong()
  const field = (name: string) => packNumbers(numbersOf(nodes.fields.get(name), wrong).data)
  return {
    points: packNumbers(points.data),
    tree: {
      kind,
      order: packNumbers(numbersOf(order, wrong).data),
      starts: field('idx_start'),
      ends: field('idx_end'),
      leaves: field('is_leaf'),
      radii: field('radius'),
      bounds: packNumbers(numbersOf(bounds, wrong).data),
    },
  }
}
