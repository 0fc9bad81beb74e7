import { planRows, type RowLayout } from '../codecs/row-layout.ts'
import { ServingError } from '../core/errors.ts'
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

/** The same; undefined for a model whose inputs do not come in rows. */
export function tableOf(signature: Signature): RowLayout | undefined {
  try {
    return rowLayoutOf(signature)
  } catch (error) {
    if (ServingError.from(error).code === 'unsupported') return undefined
    throw error
  }
}

/**
 * Whether an example in CSV has a header: columns of several inputs are told by their names. A header's names are read
 * without the spaces around them.
 */
export function hasCsvHeader({ inputs, columns }: RowLayout): boolean {
  return inputs.length > 1 && columns.every(({ name }) => name === name.trim())
}
