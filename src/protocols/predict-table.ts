import { decodeTable, type DecodedTable, type TableForm, type TableOptions } from '../codecs/table-request.ts'
import type { Call, DataPlane, Prediction, ServedModel } from '../runtime/plane.ts'
import { rowLayoutOf } from './row-layouts.ts'

export interface TablePrediction {
  readonly table: DecodedTable
  readonly prediction: Prediction
}

/**
 * Runs a model on the table in a JSON body.
 * @param forms that the protocol speaks
 * @param check called with the table before the model is run; it throws for what the protocol does not take
 * @throws {ServingError} as `rowLayoutOf`, `decodeTable` and the plane
 */
export async function predictTable(
  { plane, model, call }: { readonly plane: DataPlane; readonly model: ServedModel; readonly call: Call },
  body: Uint8Array,
  forms: readonly TableForm[],
  options: TableOptions,
  check?: (table: DecodedTable) => void,
): Promise<TablePrediction> {
  call.model = model // whatever is refused from here on is a failure of this version's
  const table = decodeTable(body, rowLayoutOf(model.signature), forms, options)
  check?.(table)
  return { table, prediction: await plane.predict(model, table.inputs, { call }) }
}
