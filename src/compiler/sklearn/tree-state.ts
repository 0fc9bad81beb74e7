import type { NdArray, StructuredNdArray } from '../../formats/python/values.ts'
import { checkTree, thresholdOfFloats, type Tree } from '../trees/tree.ts'
import { Fitted } from './fitted.ts'

/** What scikit-learn's compiled `Tree` keeps. */
export interface TreeState {
  /** For rows of float64: scikit-learn rounds them to float32 before it compares. */
  readonly tree: Tree
  /** [nodes, outputs, classes]. */
  readonly values: Float64Array
  readonly outputs: number
  /** Most classes of any output; 1 of a regressor. */
  readonly classes: number
  /** Rows of the training set in each node. */
  readonly samples: Float64Array
}

export interface TreeOptions {
  /** Columns that the tree sees. */
  readonly features: number
  /** For each of them, where it stands among the columns of the whole; the same when absent. */
  readonly columns?: readonly number[] | undefined
}

/**
 * Reads and checks the attribute `tree_` of a fitted decision tree.
 * @throws {ServingError} `refused`
 * @see scikit-learn, `sklearn/tree/_tree.pyx`, `Tree.__getstate__`
 */
export function readTree(fitted: Fitted, { features, columns }: TreeOptions): TreeState {
  const { state, nodes, field } = nodesOf(fitted)
  const left = int32sOf(field('left_child'), state, 'left_child')
  const { data: values, shape } = state.numbers('values', 3)
  const [count = 0, outputs = 0, classes = 0] = shape
  if (count !== left.length || outputs === 0 || classes === 0)
    throw state.damaged(`"values" are of shape [${shape.join()}] for ${left.length} nodes`)
  const missing = nodes.fields.get('missing_go_to_left')
  const threshold = float64sOf(field('threshold'), state, 'threshold').map(thresholdOfFloats)
  const tree: Tree = {
    whenTrue: left,
    whenFalse: int32sOf(field('right_child'), state, 'right_child'),
    feature: int32sOf(field('feature'), state, 'feature'),
    threshold,
    missingTrue: missing === undefined ? undefined : bytesIn(missing, state, 'missing_go_to_left'),
  }
  checkTree(tree, features, state.where)
  if (columns !== undefined)
    for (let node = 0; node < count; node++)
      if ((left[node] as number) >= 0) tree.feature[node] = columns[tree.feature[node] as number] as number
  return { tree, values, outputs, classes, samples: float64sOf(field('n_node_samples'), state, 'n_node_samples') }
}

/** The nodes of a fitted decision tree, by column. @throws {ServingError} `refused` */
export function nodesOf(fitted: Fitted): {
  readonly state: Fitted
  readonly nodes: StructuredNdArray
  readonly field: (name: string) => NdArray
} {
  const state = fitted.inside(fitted.value('tree_'), '"tree_"', '"tree_" is no tree')
  const nodes = state.array('nodes')
  if (nodes.holds !== 'records' || nodes.shape.length !== 1) throw state.damaged('"nodes" are no list of records')
  const field = (name: string) => {
    const found = nodes.fields.get(name)
    if (found === undefined) throw state.damaged(`"nodes" have no ${name}`)
    return found
  }
  return { state, nodes, field }
}

/** Whole numbers as 32 bits, without a BigInt for each. */
export function int32sOf(array: NdArray, fitted: Fitted, name: string): Int32Array {
  const wrong = () => fitted.damaged(`"${name}" is no list of whole numbers of 32 bits`)
  if (array.holds !== 'numbers') throw wrong()
  const { data } = array
  const result = new Int32Array(data.length)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const halves = new Int32Array(data.buffer, data.byteOffset, 2 * data.length)
    for (let i = 0; i < result.length; i++) {
      const low = halves[2 * i] as number
      if (halves[2 * i + 1] !== low >> 31) throw wrong()
      result[i] = low
    }
    return result
  }
  if (array.dtype.code !== 'i' && array.dtype.code !== 'u') throw wrong()
  for (let i = 0; i < result.length; i++) {
    const value = data[i] as number
    if ((value | 0) !== value) throw wrong()
    result[i] = value
  }
  return result
}

/** Floats or whole numbers as float64, a copy of the caller's own; whole numbers beyond 2^53 lose what float64 loses. */
export function float64sOf(array: NdArray, fitted: Fitted, name: string): Float64Array {
  if (
    array.holds !== 'numbers' ||
    !'fiu'.includes(array.dtype.code) ||
    (array.dtype.code === 'f' && array.dtype.itemSize < 4)
  )
    throw fitted.damaged(`"${name}" is no list of numbers`)
  const { data } = array
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const halves = new Int32Array(data.buffer, data.byteOffset, 2 * data.length)
    const wide = new Float64Array(data.length)
    for (let i = 0; i < wide.length; i++)
      wide[i] = (halves[2 * i + 1] as number) * 2 ** 32 + ((halves[2 * i] as number) >>> 0)
    return wide
  }
  return new Float64Array(data as Float64Array)
}

/** Flags of one byte. */
export function bytesIn(array: NdArray, fitted: Fitted, name: string): Uint8Array {
  if (array.holds !== 'numbers' || array.dtype.itemSize !== 1) throw fitted.damaged(`"${name}" are no flags`)
  return (array.data as Uint8Array).map((flag) => (flag === 0 ? 0 : 1))
}
