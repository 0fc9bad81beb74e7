import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { INTEGER_BOUNDS, isBigInt, type Datatype, type NumericDatatype } from './datatype.ts'
import type { Signature } from './signature.ts'
import { allocate, type Tensor, type Tensors } from './tensor.ts'

/** Datatypes between which numbers may be carried over; half floats are bits here, and are not. */
export const CONVERTIBLE: ReadonlySet<Datatype> = new Set<Datatype>([
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP32',
  'FP64',
])

/**
 * Inputs in the datatypes that the signature asks for, where numbers came in another and nothing is lost by changing
 * them. The very same map when nothing has to change.
 * @throws {ServingError} `invalid_argument` naming the input and the element that would change its value
 */
export function convertInputs(inputs: Tensors, signature: Signature): Tensors {
  let converted: Map<string, Tensor> | undefined
  for (const { name, datatype } of signature.inputs) {
    const given = inputs.get(name)
    if (given === undefined || given.datatype === datatype) continue
    if (!CONVERTIBLE.has(given.datatype) || !CONVERTIBLE.has(datatype)) continue
    converted ??= new Map(inputs)
    converted.set(name, convert(name, given, datatype as NumericDatatype))
  }
  return converted ?? inputs
}

function convert(name: string, given: Tensor, datatype: NumericDatatype): Tensor {
  const data = allocate(datatype, given.data.length)
  for (let i = 0; i < data.length; i++) {
    const value = given.data[i] as number | bigint
    const changed = isBigInt(datatype) ? toBigInt(value) : Number(value)
    const isKept = changed !== undefined && fits(changed, datatype)
    if (isKept) data[i] = changed
    // Equal values of unlike types compare equal with ==, exactly; NaN is kept as NaN.
    // oxlint-disable-next-line eqeqeq
    if (isKept && (data[i] == value || Number.isNaN(value))) continue
    throw new ServingError(
      'invalid_argument',
      `input ${quote(name)} came as ${given.datatype}, the model takes ${datatype}: element ${i} (${value}) would change its value`,
      { details: { input: name, element: i } },
    )
  }
  return { datatype, shape: given.shape, data } as Tensor
}

function toBigInt(value: number | bigint): bigint | undefined {
  if (typeof value === 'bigint') return value
  return Number.isInteger(value) ? BigInt(value) : undefined
}

/** Whether a value may be stored without wrapping around. */
function fits(value: number | bigint, datatype: NumericDatatype): boolean {
  if (datatype === 'UINT64') return value >= 0n && value <= 0xffff_ffff_ffff_ffffn
  if (datatype === 'INT64') return value >= -(2n ** 63n) && value < 2n ** 63n
  if (datatype === 'BOOL') return value === 0 || value === 1
  const bounds = INTEGER_BOUNDS[datatype]
  return bounds === undefined || (Number.isInteger(value) && value >= bounds[0] && value <= bounds[1])
}
