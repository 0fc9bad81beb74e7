import { numbersOf, Fitted, plain } from './fitted.ts'
import type { PyValue } from '../../formats/python/values.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, MatrixFeatures, product, type Features } from './features.ts'
import { transposed } from './linear.ts'

/** Points that rows are compared with. */
export interface Centres {
  readonly data: Float64Array
  readonly count: number
}

export function centresOf(fitted: Fitted, name: string): Centres {
  const { data, shape } = fitted.numbers(name, 2)
  if (shape[1] !== fitted.width()) throw fitted.damaged(`"${name}" is of shape [${shape.join()}]`)
  return { data, count: shape[0] ?? 0 }
}

/** |c|² - 2 x·c, which orders centres as their distance does: FP64 [rows, count]. Sparse rows stay so. */
export function partialDistances(ops: Ops, x: Features, { data, count }: Centres): Value {
  const { width } = x
  const doubled = transposed(data, count, width).map((value) => -2 * value)
  return ops.add(product(ops, x, doubled, count), ops.numbers(squaresOf(data, count)))
}

function squaresOf(data: Float64Array, count: number): Float64Array {
  const width = data.length / count
  return Float64Array.from({ length: count }, (_, i) =>
    data.subarray(i * width, (i + 1) * width).reduce((sum, value) => sum + value * value, 0),
  )
}

/** Euclidean distances from the centres: FP64 [rows, count]. @see scikit-learn, `euclidean_distances` */
export function distances(ops: Ops, x: Features, centres: Centres): Value {
  const values = x.sparse?.values ?? x.matrix()
  const own = ops.sum(ops.mul(values, values), 1, true)
  return ops.sqrt(ops.max(ops.add(partialDistances(ops, x, centres), own), 0))
}

/** The nearest centre, INT64 [rows]; the first of equals. */
export function nearest(ops: Ops, x: Features, centres: Centres): Value {
  return ops.argMin(partialDistances(ops, checked(ops, x), centres), 1)
}

/** The methods of clusters that are told by their centres alone. */
function centred(
  fitted: Fitted,
  ops: Ops,
  centres: Centres,
): Pick<Opened, 'title' | 'input' | 'predict' | 'transform'> {
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => nearest(ops, x, centres),
    transform: (x) => new MatrixFeatures(ops, distances(ops, checked(ops, x), centres)),
  }
}

/** `KMeans` and `MiniBatchKMeans`. */
function kMeans(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_clusters', 'init', 'n_init', 'copy_x', 'algorithm', 'batch_size', 'compute_labels')
  fitted.ignore('max_no_improvement', 'init_size', 'reassignment_ratio')
  return centred(fitted, ops, centresOf(fitted, 'cluster_centers_'))
}

/** Clusters cut in two this often, one in the other: more is no tree of clusters. */
const MOST_CUTS = 500

/** `BisectingKMeans`: down the tree of its cuts, to the nearer side at each. */
function bisectingKMeans(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_clusters', 'init', 'n_init', 'copy_x', 'algorithm', 'bisecting_strategy')
  const centres = centresOf(fitted, 'cluster_centers_')
  const width = fitted.width()
  const mean = fitted.has('_X_mean') ? fitted.vector('_X_mean', width) : undefined
  const points: Float64Array[] = []
  const root = readCuts(fitted, fitted.value('_bisecting_tree'), width, mean, points, centres.count)
  const all = new Float64Array(points.length * width)
  points.forEach((point, i) => all.set(point, i * width))
  const label = (values: Value, cut: Cut): Value => {
    if ('label' in cut) return ops.integers([cut.label], [])
    const left = ops.lessOrEqual(ops.take(values, [cut.first]), ops.take(values, [cut.first + 1]))
    return ops.where(ops.squeeze(left, 1), label(values, cut.left), label(values, cut.right))
  }
  return {
    ...centred(fitted, ops, centres),
    predict: (x) => {
      const rows = checked(ops, x)
      const values = partialDistances(ops, rows, { data: all, count: points.length })
      const found = label(values, root)
      // one cluster is a constant, which has no rows
      return found.shape.length === 1 ? found : ops.argMin(partialDistances(ops, rows, centres), 1)
    },
  }
}

type Cut = { readonly label: number } | { readonly first: number; readonly left: Cut; readonly right: Cut }

function readCuts(
  fitted: Fitted,
  value: PyValue | undefined,
  width: number,
  mean: Float64Array | undefined,
  points: Float64Array[],
  clusters: number,
): Cut {
  const nodeOf = (found: PyValue | undefined): Fitted => {
    const object = plain(found)
    return fitted.inside(object, '"_bisecting_tree"', '"_bisecting_tree" is no tree of clusters')
  }
  const centre = (node: Fitted) => {
    const { data } = numbersOf(node.value('center'), () => node.damaged('a cluster has no centre'))
    if (data.length !== width) throw node.damaged(`a centre has ${data.length} numbers for ${width} features`)
    points.push(mean === undefined ? data : data.map((each, i) => each + (mean[i] as number)))
  }
  const read = (found: PyValue | undefined, depth: number): Cut => {
    const node = nodeOf(found)
    if (!node.has('left')) {
      const label = node.int('label')
      if (label < 0 || label >= clusters) throw node.damaged(`a cluster is number ${label} of ${clusters}`)
      return { label }
    }
    if (depth > MOST_CUTS || points.length > 2 * clusters) throw node.unsupported('its tree of clusters is too deep')
    const first = points.length
    centre(nodeOf(node.raw('left')))
    centre(nodeOf(node.raw('right')))
    return { first, left: read(node.raw('left'), depth + 1), right: read(node.raw('right'), depth + 1) }
  }
  const root = read(value, 0)
  if ('label' in root) centre(nodeOf(value))
  return root
}

/** `Birch`: the cluster of the nearest subcluster. */
function birch(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('threshold', 'branching_factor', 'n_clusters', 'compute_labels')
  const centres = centresOf(fitted, 'subcluster_centers_')
  const labels = fitted.ints('subcluster_labels_')
  if (labels.length !== centres.count)
    throw fitted.damaged(`it has ${labels.length} labels for ${centres.count} subclusters`)
  return {
    ...centred(fitted, ops, centres),
    predict: (x) => ops.gather(ops.integers(labels), nearest(ops, x, centres)),
  }
}

/** `MeanShift` and `AffinityPropagation`: the nearest centre. */
function byCentre(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('bandwidth', 'seeds', 'bin_seeding', 'min_bin_freq', 'cluster_all')
  fitted.ignore('damping', 'convergence_iter', 'preference', 'affinity')
  if (!fitted.has('cluster_centers_'))
    throw fitted.unsupported('it has no "cluster_centers_": it was fitted on affinities, and answers for no other rows')
  const centres = centresOf(fitted, 'cluster_centers_')
  if (centres.count === 0) throw fitted.unsupported('it has found no clusters, and calls every row -1')
  return { title: fitted.title, input: fitted.input(), predict: (x) => nearest(ops, x, centres) }
}

/** `FeatureAgglomeration`: the mean of the columns of each cluster. */
function featureAgglomeration(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_clusters', 'metric', 'affinity', 'connectivity', 'compute_full_tree', 'linkage')
  fitted.ignore('distance_threshold', 'compute_distances')
  const pooling = fitted.raw('pooling_func')
  if (typeof pooling !== 'object' || pooling === null || !('kind' in pooling) || pooling.kind !== 'global')
    throw fitted.unsupported('its "pooling_func" is code of yours, which is not run')
  const name = `${pooling.module.split('.')[0]}.${pooling.name}`
  const width = fitted.width()
  const labels = fitted.ints('labels_')
  if (labels.length !== width) throw fitted.damaged(`"labels_" has ${labels.length} numbers for ${width} features`)
  const clusters = [...new Set(labels)].sort((a, b) => a - b)
  const columns = clusters.map((cluster) => labels.flatMap((label, i) => (label === cluster ? [i] : [])))
  if (name === 'numpy.mean') {
    const weights = new Float64Array(width * clusters.length)
    columns.forEach((own, c) => own.forEach((i) => (weights[i * clusters.length + c] = 1)))
    const sizes = ops.numbers(columns.map(({ length }) => length))
    return {
      title: fitted.title,
      input: fitted.input(),
      transform: (x) =>
        new MatrixFeatures(ops, ops.div(product(ops, checked(ops, x), weights, clusters.length), sizes)),
    }
  }
  const pools: Readonly<Record<string, (x: Value) => Value>> = {
    'numpy.max': (x) => ops.most(x, 1, true),
    'numpy.amax': (x) => ops.most(x, 1, true),
    'numpy.min': (x) => ops.least(x, 1, true),
    'numpy.amin': (x) => ops.least(x, 1, true),
    'numpy.sum': (x) => ops.sum(x, 1, true),
  }
  const pool = pools[name]
  if (pool === undefined)
    throw fitted.unsupported(`its "pooling_func" is ${name}; covered are numpy's mean, max, min and sum`)
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => {
      const matrix = checked(ops, x).matrix()
      return new MatrixFeatures(
        ops,
        ops.concat(
          columns.map((own) => pool(ops.take(matrix, own))),
          1,
        ),
      )
    },
  }
}

export const CLUSTERS: Openers = {
  'sklearn.KMeans': kMeans,
  'sklearn.MiniBatchKMeans': kMeans,
  'sklearn.BisectingKMeans': bisectingKMeans,
  'sklearn.Birch': birch,
  'sklearn.MeanShift': byCentre,
  'sklearn.AffinityPropagation': byCentre,
  'sklearn.FeatureAgglomeration': featureAgglomeration,
}
