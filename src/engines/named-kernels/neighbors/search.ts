import { ServingError } from '../../../core/errors.ts'
import type { NumericTensor, Tensor } from '../../../tensor/tensor.ts'
import type { Parameters } from '../kernel.ts'
import { readMetric, type Metric } from './metrics.ts'
import type { NearestHeap } from './nearest-heap.ts'

/** Finds rows among the known ones that are near to a row of another matrix. */
export interface Search {
  /** Known rows. */
  readonly count: number
  readonly width: number
  readonly metric: Metric
  /** Pushes reduced distances of the known rows `from` up to, not including, `to`; a tree looks at all. */
  nearest(x: Float64Array, at: number, heap: NearestHeap, from: number, to: number): void
  /** Known rows within a distance, in the order in which scikit-learn lists them, with their distances. */
  within(x: Float64Array, at: number, radius: number, found: (position: number, distance: number) => void): void
}

/**
 * Reads what is searched out of a kernel's parameters: `count` and `width` of the known rows, `points` (packed, absent for
 * the metric `precomputed`), the metric (see `readMetric`), and `tree`: absent, or how scikit-learn has cut the rows:
 * `kind` (`kd` or `ball`), `order` of the rows, and for each node `starts`, `ends`, `leaves` (0 or 1), `radii` and `bounds`
 * (`kd`: least and most [2, nodes, width]; `ball`: centres [nodes, width]), all packed.
 * @throws {ServingError} `refused` for what does not fit
 */
export function readSearch(parameters: Parameters): Search {
  const count = parameters.int('count', 1)
  const width = parameters.int('width', 1)
  if (parameters.text('metric') === 'precomputed') return precomputed(count)
  const metric = readMetric(parameters, width)
  if (parameters.text('metric') === 'haversine' && width !== 2)
    throw parameters.refuse('width', '2, as haversine needs')
  const points = parameters.packed('points', count * width)
  if (!parameters.has('tree')) return all(count, width, metric, points)
  return inTree(count, width, metric, points, readTree(parameters.object('tree'), count, width, metric))
}

/** The rows of a kernel's input, of the width that is searched. */
export function rowsFor(search: Search, input: Tensor | undefined): { data: Float64Array; rows: number } {
  const { data, shape } = input as NumericTensor<'FP64'>
  if (input?.datatype !== 'FP64' || shape.length !== 2 || shape[1] !== search.width)
    throw new ServingError('refused', `a search among rows of ${search.width} columns is fed something else`)
  return { data: data, rows: shape[0] ?? 0 }
}

function all(count: number, width: number, metric: Metric, points: Float64Array): Search {
  const { reduced } = metric
  return {
    count,
    width,
    metric,
    nearest(x, at, heap, from, to) {
      for (let i = from; i < to; i++) heap.push(reduced(x, at, points, i * width, width, heap.largest), i)
    },
    within(x, at, radius, found) {
      const most = metric.toReduced(radius)
      for (let i = 0; i < count; i++) {
        const value = reduced(x, at, points, i * width, width)
        if (value <= most) found(i, metric.toDistance(value))
      }
    },
  }
}

/** The columns are the distances themselves. */
function precomputed(count: number): Search {
  const same = (value: number) => value
  return {
    count,
    width: count,
    metric: { reduced: () => NaN, toDistance: same, toReduced: same, power: undefined },
    nearest(x, at, heap, from, to) {
      for (let i = from; i < to; i++) heap.push(x[at + i] as number, i)
    },
    within(x, at, radius, found) {
      for (let i = 0; i < count; i++) if ((x[at + i] as number) <= radius) found(i, x[at + i] as number)
    },
  }
}

interface Tree {
  readonly order: Int32Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly leaves: Int32Array
  /** Least and most distance of the node's rows; `least` as reduced. */
  readonly least: (node: number, x: Float64Array, at: number) => number
  readonly bounds: (node: number, x: Float64Array, at: number) => readonly [least: number, most: number]
}

function readTree(parameters: Parameters, count: number, width: number, metric: Metric): Tree {
  const order = parameters.packedInts('order', 0, count - 1)
  const starts = parameters.packedInts('starts', 0, count)
  const ends = parameters.packedInts('ends', 0, count)
  const leaves = parameters.packedInts('leaves', 0, 1)
  const nodes = starts.length
  if (order.length !== count) throw parameters.refuse('order', `a place for each of ${count} rows`)
  if (nodes === 0 || ends.length !== nodes || leaves.length !== nodes)
    throw parameters.refuse('starts', 'as long as "ends" and "leaves"')
  for (let node = 0; node < nodes; node++)
    // the children of node n are 2n + 1 and 2n + 2
    if (leaves[node] === 0 && 2 * node + 2 >= nodes) throw parameters.refuse('leaves', 'those of a whole tree')
  checkParts(starts, ends, leaves, parameters)
  const isBox = parameters.oneOf('kind', ['kd', 'ball']) === 'kd'
  const bounds = isBox
    ? boxes(parameters.packed('bounds', 2 * nodes * width), nodes, width, metric, parameters)
    : balls(parameters.packed('bounds', nodes * width), parameters.packed('radii', nodes), width, metric)
  return { order, starts, ends, leaves, ...bounds }
}

/** The children of a node share out its rows: no row is looked at by way of two leaves. */
function checkParts(starts: Int32Array, ends: Int32Array, leaves: Int32Array, parameters: Parameters): void {
  const open = [0]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const isWhole = (starts[node] as number) <= (ends[node] as number)
    const left = 2 * node + 1
    const isShared = starts[left] === starts[node] && ends[left] === starts[left + 1] && ends[left + 1] === ends[node]
    if (!isWhole || (leaves[node] === 0 && !isShared)) throw parameters.refuse('starts', 'the parts of a tree')
    if (leaves[node] === 0) open.push(left, left + 1)
  }
}

/** Distances from a box with these least and most corners. @see scikit-learn, `_kd_tree.pyx` */
function boxes(
  bounds: Float64Array,
  nodes: number,
  width: number,
  { power }: Metric,
  parameters: Parameters,
): Pick<Tree, 'least' | 'bounds'> {
  if (power === undefined) throw parameters.refuse('kind', '"ball", which this metric needs')
  const upper = nodes * width
  const raise = power === 2 ? (v: number) => v * v : power === 1 ? (v: number) => v : (v: number) => v ** power
  const least = (node: number, x: Float64Array, at: number) => {
    let sum = 0
    for (let j = 0; j < width; j++) {
      const below = (bounds[node * width + j] as number) - (x[at + j] as number)
      const above = (x[at + j] as number) - (bounds[upper + node * width + j] as number)
      const d = 0.5 * (below + Math.abs(below) + (above + Math.abs(above)))
      sum = power === Infinity ? Math.max(sum, d) : sum + raise(d)
    }
    return sum
  }
  const most = (node: number, x: Float64Array, at: number) => {
    let sum = 0
    for (let j = 0; j < width; j++) {
      const below = Math.abs((bounds[node * width + j] as number) - (x[at + j] as number))
      const above = Math.abs((x[at + j] as number) - (bounds[upper + node * width + j] as number))
      const d = Math.max(below, above)
      sum = power === Infinity ? Math.max(sum, d) : sum + raise(d)
    }
    return sum
  }
  const root = (value: number) => (power === Infinity ? value : value ** (1 / power))
  return { least, bounds: (node, x, at) => [root(least(node, x, at)), root(most(node, x, at))] }
}

/** Distances from a ball about a centre. @see scikit-learn, `_ball_tree.pyx` */
function balls(
  centres: Float64Array,
  radii: Float64Array,
  width: number,
  { reduced, toDistance, toReduced }: Metric,
): Pick<Tree, 'least' | 'bounds'> {
  const distance = (node: number, x: Float64Array, at: number) =>
    toDistance(reduced(x, at, centres, node * width, width))
  return {
    least: (node, x, at) => toReduced(Math.max(0, distance(node, x, at) - (radii[node] as number))),
    bounds: (node, x, at) => {
      const centre = distance(node, x, at)
      const radius = radii[node] as number
      return [Math.max(0, centre - radius), centre + radius]
    },
  }
}

/** Searches from the root down, the nearer child first: rows are met in the order in which scikit-learn meets them. */
function inTree(count: number, width: number, metric: Metric, points: Float64Array, tree: Tree): Search {
  const { reduced, toDistance } = metric
  const { order, starts, ends, leaves, least, bounds } = tree

  /** Depth is the logarithm of the nodes, which heap order of nodes guarantees. */
  function descend(node: number, x: Float64Array, at: number, bound: number, heap: NearestHeap): void {
    if (bound > heap.largest) return
    if (leaves[node] === 1) {
      for (let i = starts[node] as number; i < (ends[node] as number); i++) {
        const position = order[i] as number
        heap.push(reduced(x, at, points, position * width, width, heap.largest), position)
      }
      return
    }
    const left = 2 * node + 1
    const [first, second] = [least(left, x, at), least(left + 1, x, at)]
    if (first <= second) {
      descend(left, x, at, first, heap)
      descend(left + 1, x, at, second, heap)
    } else {
      descend(left + 1, x, at, second, heap)
      descend(left, x, at, first, heap)
    }
  }

  function gather(
    node: number,
    x: Float64Array,
    at: number,
    radius: number,
    found: (position: number, distance: number) => void,
  ): void {
    const [nearest, farthest] = bounds(node, x, at)
    if (nearest > radius) return
    if (farthest > radius && leaves[node] === 0) {
      gather(2 * node + 1, x, at, radius, found)
      gather(2 * node + 2, x, at, radius, found)
      return
    }
    const limit = farthest <= radius ? Infinity : metric.toReduced(radius)
    for (let i = starts[node] as number; i < (ends[node] as number); i++) {
      const position = order[i] as number
      const value = reduced(x, at, points, position * width, width)
      if (value <= limit) found(position, toDistance(value))
    }
  }

  return {
    count,
    width,
    metric,
    nearest: (x, at, heap) => descend(0, x, at, least(0, x, at), heap),
    within: (x, at, radius, found) => gather(0, x, at, radius, found),
  }
}
