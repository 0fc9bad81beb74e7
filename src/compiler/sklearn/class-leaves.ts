import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { VectorTree } from '../trees/leaf-vectors.ts'
import { isLeaf } from '../trees/tree.ts'
import { indexByProba } from './classifier.ts'
import type { Opened } from './contract.ts'
import type { Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import { itemsIn } from './fitted.ts'
import { labelsOf, type Labels } from './labels.ts'
import type { TreeState } from './tree-state.ts'

/** The labels of each output of a tree or forest. */
export interface TreeClasses {
  readonly outputs: readonly Labels[]
  /** Whether scikit-learn has lists where it has several outputs, of which there may be one. */
  readonly isList: boolean
}

/** `classes_`: an array, or a list of arrays where there are several outputs. */
export function treeClasses(fitted: Fitted, outputs: number): TreeClasses {
  if (outputs === 1) return { outputs: [fitted.labels('classes_')], isList: false }
  const lists = itemsIn(fitted.value('classes_'))
  if (lists?.length !== outputs)
    throw fitted.damaged(`"classes_" has ${lists?.length ?? 'no'} lists of labels for ${outputs} outputs`)
  const found = lists.map((list, i) => {
    const where = `${fitted.where}, "classes_" ${i + 1}`
    const items = itemsIn(list)
    if (items !== undefined) return labelsOf(items, where)
    if (typeof list === 'object' && list !== null && 'kind' in list && list.kind === 'ndarray')
      return labelsOf(list, where)
    throw fitted.damaged(`"classes_" ${i + 1} is no list of labels`)
  })
  const [first] = found
  if (found.some(({ datatype }) => datatype !== first?.datatype))
    throw fitted.unsupported('its outputs have labels of different types')
  return { outputs: found, isList: true }
}

/**
 * What a tree's leaves say of each class, output after output: [nodes, sum of classes]. Versions that keep weighted counts
 * divide them by their sum, as `predict_proba` does.
 */
export function classVectors(state: TreeState, { outputs }: TreeClasses, isNormalized: boolean): VectorTree {
  const { tree, values, classes: most } = state
  const width = outputs.reduce((sum, { count }) => sum + count, 0)
  const nodes = tree.whenTrue.length
  const vectors = new Float64Array(nodes * width)
  for (let node = 0; node < nodes; node++) {
    if (!isLeaf(tree, node)) continue
    let at = node * width
    for (const [output, { count }] of outputs.entries()) {
      const from = (node * outputs.length + output) * most
      const own = values.subarray(from, from + count)
      const sum = isNormalized ? numpySum(own) : 1
      const divisor = sum === 0 ? 1 : sum
      for (let i = 0; i < count; i++) vectors[at++] = (own[i] as number) / divisor
    }
  }
  return { tree, vectors }
}

/** Adds as numpy adds along a row: eight sums at a time, in pairs. @see numpy, `pairwise_sum` */
export function numpySum(values: Float64Array): number {
  const { length } = values
  const at = (i: number) => values[i] as number
  if (length < 8) {
    let sum = 0
    for (const value of values) sum += value
    return sum
  }
  if (length > 128) {
    const half = Math.floor(length / 2)
    const cut = half - (half % 8)
    return numpySum(values.subarray(0, cut)) + numpySum(values.subarray(cut))
  }
  const sums = Float64Array.from(values.subarray(0, 8))
  let i = 8
  for (; i < length - (length % 8); i += 8) for (let j = 0; j < 8; j++) sums[j] = (sums[j] as number) + at(i + j)
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = sums
  let sum = a + b + (c + d) + (e + f + (g + h))
  for (; i < length; i++) sum += at(i)
  return sum
}

/** The methods of a classifier of any number of outputs, whose probabilities stand side by side. */
export function classifyByVectors(
  ops: Ops,
  classes: TreeClasses,
  vectors: (x: Features) => Value,
): Pick<Opened, 'classes' | 'classIndex' | 'predict' | 'predictProba'> {
  const [first] = classes.outputs
  if (first === undefined) throw new Error('a tree without outputs; this is a bug')
  if (!classes.isList) {
    const index = (x: Features) => indexByProba(ops, vectors(x))
    return { classes: first, classIndex: index, predict: (x) => first.at(ops, index(x)), predictProba: vectors }
  }
  const each = (x: Features): Value[] => {
    let at = 0
    return classes.outputs.map(({ count }) => ops.slice(vectors(x), at, (at += count)))
  }
  return {
    classes: classes.outputs,
    predict: (x) =>
      ops.concat(
        each(x).map((proba, i) => {
          const labels = classes.outputs[i] as Labels
          return ops.unsqueeze(labels.at(ops, indexByProba(ops, proba)), 1)
        }),
        1,
      ),
    predictProba: each,
  }
}
