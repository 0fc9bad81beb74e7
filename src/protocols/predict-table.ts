import { decodeTable, type DecodedTable, type TableForm, type TableOptions } from '../codecs/table-request.ts'
import type { Call, DataPlane, Prediction, ServedModel } from '../runtime/plane.ts'
import { askedOutputs, asking } from './asked-outputs.ts'
import type { WireRequest } from './protocol.ts'
import { rowLayoutOf } from './row-layouts.ts'

export interface TablePrediction {
  readonly table: DecodedTable
  readonly prediction: Prediction
}

/**
 * Runs a model on the table in a JSON body, for the outputs that the request asks for.
 * @param forms that the protocol speaks
 * @param signatureOf the output that the table's `signature_name` means, where the protocol has such; it throws for another
 * @throws {ServingError} as `rowLayoutOf`, `decodeTable`, `askedOutputs` and the plane
 */
export async function predictTable(
  { plane, model, call }: { readonly plane: DataPlane; readonly model: ServedModel; readonly call: Call },
  request: WireRequest,
  forms: readonly TableForm[],
  options: TableOptions,
  signatureOf?: (table: DecodedTable, model: ServedModel) => string | undefined,
): Promise<TablePrediction> {
  call.model = model // whatever is refused from here on is a failure of this version's
  const table = decodeTable(request.body, rowLayoutOf(model.signature), forms, options)
  const { parameters } = table
  const outputs = askedOutputs(request, model.signature, { parameters, signatureName: signatureOf?.(table, model) })
  return { table, prediction: await plane.predict(model, table.inputs, asking(outputs, call)) }
}
