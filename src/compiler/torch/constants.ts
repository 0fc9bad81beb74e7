import { INTEGER_BOUNDS, isBigInt, type NumericDatatype } from '../../tensor/datatype.ts'
import { isHalf, narrowToHalves } from '../../tensor/half.ts'
import { allocate, tensor, type NumericTensor } from '../../tensor/tensor.ts'
import { isFloating } from './datatypes.ts'
import { Dim } from './dim.ts'
import type { Item } from './values.ts'

/** A tensor of numbers; integers wrap around, anything but 0 is true. */
export function numbersTensor(
  datatype: NumericDatatype,
  shape: readonly number[],
  values: readonly number[],
): NumericTensor {
  if (isHalf(datatype)) return tensor(datatype, shape, narrowToHalves(datatype, values)) as NumericTensor
  const data = allocate(datatype, values.length)
  for (const [i, value] of values.entries()) {
    if (isBigInt(datatype)) (data as BigInt64Array)[i] = saturate(value, datatype)
    else if (datatype === 'BOOL') (data as Uint8Array)[i] = value === 0 ? 0 : 1
    else (data as Float32Array)[i] = INTEGER_BOUNDS[datatype] === undefined ? value : Math.trunc(value)
  }
  return tensor(datatype, shape, data) as NumericTensor
}

function saturate(value: number, datatype: 'INT64' | 'UINT64'): bigint {
  if (Number.isNaN(value)) return 0n
  if (value >= 2 ** 63) return 2n ** 63n - 1n
  if (value <= -(2 ** 63)) return datatype === 'INT64' ? -(2n ** 63n) : 0n
  return BigInt(Math.trunc(value))
}

/** What a scalar tensor holds. */
export function itemOf({ datatype, data }: NumericTensor): Item | undefined {
  if (datatype === 'BOOL') return data[0] !== 0
  if (isHalf(datatype)) return undefined
  if (isFloating(datatype)) return Number(data[0])
  const value = Number(data[0])
  return Number.isSafeInteger(value) ? Dim.of(value) : undefined
}

/** A known scalar in another datatype, where it is known there too. */
export function castItem(item: Item, datatype: NumericDatatype): Item | undefined {
  if (datatype === 'BOOL')
    return item instanceof Dim ? (item.constant === undefined ? undefined : !item.is(0)) : Boolean(item)
  if (isFloating(datatype)) {
    if (item instanceof Dim) return item.constant ?? item
    return datatype === 'FP32' ? Math.fround(Number(item)) : datatype === 'FP64' ? Number(item) : undefined
  }
  if (item instanceof Dim) return datatype === 'INT64' || datatype === 'INT32' ? item : undefined
  const whole = Math.trunc(Number(item))
  return Number.isSafeInteger(whole) && Math.abs(whole) < 2 ** 31 ? Dim.of(whole) : undefined
}
