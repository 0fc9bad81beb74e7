import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Datatype, NumericArray } from '../tensor/datatype.ts'
import { isSameShape, type Shape } from '../tensor/shape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { createCells, type Problem } from './cells.ts'
import type { DecodedRows } from './csv.ts'
import { jsonRowError } from './json-rows.ts'
import { decodeNpy } from './npy.ts'
import { parseNpyHeader } from './npy-header.ts'
import { placesIn, withWidth, type RowInput, type RowLayout } from './row-layout.ts'
import { checkColumns, checkTextRows } from './table-limits.ts'

/** Bits of infinity without its sign, where a datatype is kept as its bits, and of that sign. */
const INFINITY_BITS = { FP16: 0x7c00, BF16: 0x7f80 } as const
const SIGN_BIT = 0x8000

/**
 * An `.npy` file as the inputs of a model: rows of the input's shape, flat or nested; of a model of several inputs, rows
 * of all its columns. One row by itself is taken where the model wants more than one value a row.
 * Numbers are taken as they would be from JSON: floats are rounded to the model's datatype, integers keep their value,
 * what the datatype cannot hold is refused. NaN and the infinities of floats are kept.
 * @param body the whole file; its elements are read only where its shape, and its kind, are what the model takes
 * @param layout of `planRows`
 * @throws {ServingError} as `decodeNpy`; `invalid_argument` for a shape or a value that does not fit; `too_large` for
 *   more columns, or elements of BYTES, than a request may have
 */
export function decodeNpyRows(body: Uint8Array, layout: RowLayout): DecodedRows {
  const header = parseNpyHeader(body)
  const { rows, fitted, width } = rowsOf(header.shape, layout)
  if (rows === 0) throw refuse('there are no rows in the array; send at least one')
  if (header.type.datatype === 'BYTES') refuseText(fitted)
  checkTextRows(rows, fitted)
  const array = decodeNpy(body, header)
  const places = placesOf(width, fitted)
  const inputs = fitted.inputs.map((input): [string, Tensor] => {
    const { spec, rowShape } = input
    const shape = [rows, ...rowShape]
    const isAll = input.width === width
    if (isAll && array.datatype === spec.datatype) return [spec.name, { ...array, shape }]
    return [
      spec.name,
      { datatype: spec.datatype, shape, data: convert(array, input, rows, places, width, fitted) } as Tensor,
    ]
  })
  return { inputs: new Map(inputs), rows }
}

/** Text becomes text, never a number. */
function refuseText({ inputs }: RowLayout): void {
  const other = inputs.find(({ spec }) => spec.datatype !== 'BYTES')?.spec
  if (other !== undefined) throw refuse(`the array holds text, and input ${quote(other.name)} takes ${other.datatype}`)
}

/** Where each column stands in a row of so many values. */
function placesOf(width: number, layout: RowLayout): Int32Array {
  const order = placesIn(width, layout)
  const places = Int32Array.from(layout.columns.keys())
  order?.forEach((column, place) => {
    if (column >= 0) places[column] = place
  })
  return places
}

interface Found {
  readonly rows: number
  readonly fitted: RowLayout
  /** Values of a row. */
  readonly width: number
}

function rowsOf(shape: Shape, layout: RowLayout): Found {
  const [rows = 1, width] = shape
  if (layout.isWidthFree) {
    if (shape.length === 2 && width !== undefined && width > 0) return { rows, fitted: ofWidth(width, layout), width }
    if (shape.length === 1 && rows > 0) return { rows: 1, fitted: ofWidth(rows, layout), width: rows }
    throw refuse(`the array has the shape [${shape.join(',')}], the model takes [rows, columns]`)
  }
  const columns = layout.columns.length
  const only = layout.inputs.length === 1 ? layout.inputs[0] : undefined
  const rowShapes = [
    [columns],
    ...(only === undefined ? [] : [only.rowShape]),
    ...(layout.places === undefined ? [] : [[layout.places.length]]),
  ]
  const many = rowShapes.find((rowShape) => shape.length > 0 && isSameShape(shape.slice(1), rowShape))
  if (many !== undefined) return { rows, fitted: layout, width: elementsOf(many) }
  if (columns === 1 && shape.length === 1) return { rows, fitted: layout, width: 1 }
  const one = rowShapes.find((rowShape) => rowShape.length > 0 && isSameShape(shape, rowShape))
  if (one !== undefined) return { rows: 1, fitted: layout, width: elementsOf(one) }
  const wanted = rowShapes.map((rowShape) => `[${['rows', ...rowShape].join(',')}]`)
  throw refuse(`the array has the shape [${shape.join(',')}], the model takes ${[...new Set(wanted)].join(' or ')}`)
}

function elementsOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1)
}

function ofWidth(width: number, layout: RowLayout): RowLayout {
  checkColumns(width, layout, 'the array')
  return withWidth(layout, width)
}

/** The values of one input, out of rows of all columns. */
function convert(
  array: Tensor,
  { spec, width, firstColumn }: RowInput,
  rows: number,
  places: Int32Array,
  stride: number,
  layout: RowLayout,
): Tensor['data'] {
  const cells = createCells(spec, rows * width)
  const values = valuesOf(array)
  const infinities: number[] = []
  for (let row = 0, element = 0; row < rows; row++)
    for (let column = firstColumn; column < firstColumn + width; column++, element++) {
      const value = values(row * stride + (places[column] as number))
      let problem: Problem
      if (value instanceof Uint8Array) problem = cells.setText(element, value, 0, value.length)
      else if (value === Infinity || value === -Infinity) {
        if (isFloat(spec.datatype)) infinities.push(element, value)
        else problem = `${value} is no ${spec.datatype}`
      } else problem = cells.setValue(element, Number.isNaN(value) ? null : value)
      if (problem === undefined) continue
      const name = quote(layout.columns[column]?.name ?? '', 40)
      throw jsonRowError({ message: `column ${column + 1} (${name}): ${problem}`, column: column + 1 }, 'row', row)
    }
  const data = cells.take(rows * width)
  for (let i = 0; i < infinities.length; i += 2)
    setInfinity(spec.datatype, data as NumericArray, infinities[i] as number, infinities[i + 1] as number)
  return data
}

/** Elements of an array as JSON would have them: halves widened, truth values as such. */
function valuesOf(array: Tensor): (index: number) => unknown {
  const { datatype, data } = array
  if (datatype === 'BOOL') return (index) => data[index] === 1
  if (datatype !== 'FP16') return (index) => data[index]
  const halves = new Float16Array(data.buffer, data.byteOffset, data.length)
  return (index) => halves[index]
}

function isFloat(datatype: Datatype): boolean {
  return datatype === 'FP64' || datatype === 'FP32' || datatype === 'FP16' || datatype === 'BF16'
}

function setInfinity(datatype: Datatype, data: NumericArray, element: number, value: number): void {
  if (datatype === 'FP16' || datatype === 'BF16') data[element] = INFINITY_BITS[datatype] | (value < 0 ? SIGN_BIT : 0)
  else data[element] = value
}

function refuse(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}
