import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import { floats } from '../host-kernels/arrays.ts'
import type { NamedKernel } from './kernel.ts'
import { checkedArea } from './sparse-rows.ts'

/**
 * Hands numbers on, and refuses rows that the library would have refused: an infinity, or NaN where that is not allowed.
 *
 * Inputs: FP64 [rows, k] each (or [rows]), side by side. Output: FP64 [rows, columns]; one input that is handed on whole
 * is not copied.
 * Parameters: `names` of the columns for messages (may be fewer), `columns`: positions to take, or null for all,
 * `isNaNAllowed`, and `only`: the positions among those taken that are looked at, or absent for all.
 */
export const refuseMissing: NamedKernel = {
  takes: { each: ['FP64'] },
  prepare(parameters) {
    const names = parameters.texts('names')
    const columns = parameters.has('columns') ? parameters.ints('columns') : undefined
    const isNaNAllowed = parameters.flag('isNaNAllowed')
    const only = parameters.has('only') ? new Set(parameters.ints('only')) : undefined
    return {
      run(inputs) {
        const parts = inputs as readonly NumericTensor<'FP64'>[]
        const rows = parts[0]?.shape[0] ?? 0
        const whole = side(parts, rows)
        const taken = columns === undefined ? whole : take(whole, columns, rows)
        const { data, width } = taken
        for (let i = 0; i < data.length; i++) {
          const value = data[i] as number
          // true for NaN and both infinities, and for nothing else
          if (value - value !== 0 && !(isNaNAllowed && value !== value) && (only === undefined || only.has(i % width)))
            throw refusal(value, Math.floor(i / width), i % width, names)
        }
        return [{ datatype: 'FP64', shape: [rows, width], data }]
      },
    }
  },
}

interface Matrix {
  readonly data: Float64Array<ArrayBuffer>
  readonly width: number
}

function side(parts: readonly NumericTensor<'FP64'>[], rows: number): Matrix {
  const [first] = parts
  if (parts.length === 1 && first !== undefined)
    return { data: first.data as Float64Array<ArrayBuffer>, width: first.shape[1] ?? 1 }
  let width = 0
  for (const { shape } of parts) width += shape[1] ?? 1
  const data = floats('FP64', checkedArea(rows, width)) as Float64Array<ArrayBuffer>
  let at = 0
  for (const { data: own, shape } of parts) {
    const k = shape[1] ?? 1
    for (let row = 0; row < rows; row++) for (let i = 0; i < k; i++) data[row * width + at + i] = own[row * k + i] ?? 0
    at += k
  }
  return { data, width }
}

function take({ data: from, width: known }: Matrix, columns: Int32Array, rows: number): Matrix {
  const width = columns.length
  const data = floats('FP64', checkedArea(rows, width)) as Float64Array<ArrayBuffer>
  for (let i = 0; i < width; i++) {
    const column = columns[i] as number
    if (column >= known)
      throw new ServingError('refused', `a host kernel takes column ${column + 1} of a matrix of ${known}`)
    for (let row = 0; row < rows; row++) data[row * width + i] = from[row * known + column] ?? 0
  }
  return { data, width }
}

function refusal(value: number, row: number, column: number, names: readonly string[]): ServingError {
  const name = names[column]
  const place = `row ${row + 1}, column ${name === undefined ? column + 1 : quote(name)}`
  return new ServingError(
    'invalid_argument',
    Number.isNaN(value)
      ? `${place}: the value is missing (NaN), and the model takes none there; it was fitted without an imputer for it`
      : `${place}: the value is infinite, and the model takes finite ones only`,
    { details: { row, column: name ?? column } },
  )
}
