import type { Grown } from './ensemble.ts'

/** A tree that says the same of every row: what sums begin with. */
export function constantTree(value: number, target: number): Grown {
  const leaf = Int32Array.of(-1)
  const tree = { whenTrue: leaf, whenFalse: leaf, feature: Int32Array.of(0), threshold: Float64Array.of(0) }
  return { tree, target, leaves: Float64Array.of(value) }
}
