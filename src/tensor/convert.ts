import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { INTEGER_BOUNDS, isBigInt, type NumericArray, type NumericDatatype } from './datatype.ts'
import { isHalf, narrowToHalves, widenHalves, type HalfDatatype } from './half.ts'
import type { Shape } from './shape.ts'
import type { Signature } from './signature.ts'
import { allocate, type NumericTensor, type Tensor, type Tensors } from './tensor.ts'

/**
 * Inputs in the datatypes and shapes that the signature asks for: where numbers came in another datatype and nothing is
 * lost by changing them; where one column came as a list, or a list as one column. The very same map when nothing has to
 * change.
 * @throws {ServingError} `invalid_argument` naming the input and the element that would change its value
 */
export function convertInputs(inputs: Tensors, signature: Signature): Tensors {
  let converted: Map<string, Tensor> | undefined
  for (const { name, datatype, shape } of signature.inputs) {
    const given = inputs.get(name)
    if (given === undefined) continue
    const isSame = given.datatype === datatype || given.datatype === 'BYTES' || datatype === 'BYTES'
    const other = given.shape.length === shape.length ? undefined : columnOrList(given.shape, shape)
    if (isSame && other === undefined) continue
    const value = isSame ? given : convert(name, given, datatype)
    converted ??= new Map(inputs)
    converted.set(name, other === undefined ? value : { ...value, shape: other })
  }
  return converted ?? inputs
}

/** [rows] as [rows, 1] or the other way round, where that is what is asked for. */
function columnOrList(given: Shape, asked: Shape): Shape | undefined {
  if (given.length === 1 && asked.length === 2 && asked[1] === 1) return [given[0] as number, 1]
  return given.length === 2 && given[1] === 1 && asked.length === 1 ? [given[0] as number] : undefined
}

function convert(name: string, given: NumericTensor, datatype: NumericDatatype): Tensor {
  const numbers = isHalf(given.datatype) ? widenHalves(given.datatype, given.data as Uint16Array) : given.data
  const refuse = (element: number): ServingError =>
    new ServingError(
      'invalid_argument',
      `input ${quote(name)} came as ${given.datatype}, the model takes ${datatype}: element ${element} (${numbers[element]}) would change its value`,
      { details: { input: name, element } },
    )
  const data = isHalf(datatype) ? halved(numbers, datatype, refuse) : carriedOver(numbers, datatype, refuse)
  return { datatype, shape: given.shape, data } as Tensor
}

function carriedOver(numbers: NumericArray, datatype: NumericDatatype, refuse: (element: number) => ServingError) {
  const data = allocate(datatype, numbers.length)
  for (let i = 0; i < data.length; i++) {
    const value = numbers[i] as number | bigint
    const changed = isBigInt(datatype) ? toBigInt(value) : Number(value)
    const isKept = changed !== undefined && fits(changed, datatype)
    if (isKept) data[i] = changed
    if (!isKept || !isSame(data[i], value)) throw refuse(i)
  }
  return data
}

/** As bits: what the nearest half float widens to must be the number itself. */
function halved(numbers: NumericArray, datatype: HalfDatatype, refuse: (element: number) => ServingError): Uint16Array {
  const bits = narrowToHalves(datatype, Float64Array.from(numbers as ArrayLike<number | bigint>, Number))
  const wide = widenHalves(datatype, bits)
  for (let i = 0; i < wide.length; i++) if (!isSame(wide[i], numbers[i])) throw refuse(i)
  return bits
}

/** Equal values of unlike types compare equal with ==, exactly; NaN is kept as NaN. */
function isSame(a: number | bigint | undefined, b: number | bigint | undefined): boolean {
  // oxlint-disable-next-line eqeqeq
  return a == b || (Number.isNaN(a) && Number.isNaN(b))
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
