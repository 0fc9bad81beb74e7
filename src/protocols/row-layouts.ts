import { planRows, type RowLayout } from '../codecs/row-layout.ts'
import type { Signature } from '../tensor/signature.ts'

const layouts = new WeakMap<Signature, RowLayout>()

/**
 * The table that fits a model, planned once for each signature.
 * @throws {ServingError} `unsupported` when rows cannot express an input
 */
export function rowLayoutOf(signature: Signature): RowLayout {
  let layout = layouts.get(signature)
  if (layout === undefined) {
    layout = planRows(signature)
    layouts.set(signature, layout)
  }
  return layout
}
