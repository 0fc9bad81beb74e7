import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Datatype, NumericArray } from '../tensor/datatype.ts'
import { isSameShape } from '../tensor/shape.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { createCells, type Cells, type Problem } from './cells.ts'
import type { DecodedRows } from './csv.ts'
import { jsonRowError } from './json-rows.ts'
import { withWidth, type RowInput, type RowLayout } from './row-layout.ts'

/** Bits of infinity without its sign, where a datatype is kept as its bits, and of that sign. */
const INFINITY_BITS = { FP16: 0x7c00, BF16: 0x7f80 } as const
const SIGN_BIT = 0x8000

/**
 * One array as the inputs of a model: rows of the input's shape, flat or nested; of a model of several inputs, rows of
 * all its columns. One row by itself is taken where the model wants more than one value a row.
 * Numbers are taken as they would be from JSON: floats are rounded to the model's datatype, integers keep their value,
 * what the datatype cannot hold is refused. NaN and the infinities of floats are kept.
 * @param layout of `planRows`
 * @throws {ServingError} `invalid_argument` for a shape or a value that does not fit
 */
export function fitNpy(array: Tensor, layout: RowLayout): DecodedRows {
  const { rows, fitted } = rowsOf(array, layout)
  if (rows === 0) throw refuse('there are no rows in the array; send at least one')
  const columns = fitted.columns.length
  const inputs = fitted.inputs.map((input): [string, Tensor] => {
    const { spec, rowShape, width } = input
    const shape = [rows, ...rowShape]
    const isAll = width === columns
    if (isAll && array.datatype === spec.datatype) return [spec.name, { ...array, shape }]
    return [spec.name, { datatype: spec.datatype, shape, data: convert(array, input, rows, columns, fitted) } as Tensor]
  })
  return { inputs: new Map(inputs), rows }
}

function rowsOf({ shape }: Tensor, layout: RowLayout): { rows: number; fitted: RowLayout } {
  const [rows = 1, width] = shape
  if (layout.isWidthFree) {
    if (shape.length === 2 && width !== undefined && width > 0) return { rows, fitted: withWidth(layout, width) }
    if (shape.length === 1 && rows > 0) return { rows: 1, fitted: withWidth(layout, rows) }
    throw refuse(`the array has the shape [${shape.join(',')}], the model takes [rows, columns]`)
  }
  const columns = layout.columns.length
  const only = layout.inputs.length === 1 ? layout.inputs[0] : undefined
  const rowShapes = [[columns], ...(only === undefined ? [] : [only.rowShape])]
  if (rowShapes.some((rowShape) => shape.length > 0 && isSameShape(shape.slice(1), rowShape)))
    return { rows, fitted: layout }
  if (columns === 1 && shape.length === 1) return { rows, fitted: layout }
  if (rowShapes.some((rowShape) => rowShape.length > 0 && isSameShape(shape, rowShape)))
    return { rows: 1, fitted: layout }
  const wanted = rowShapes.map((rowShape) => `[${['rows', ...rowShape].join(',')}]`)
  throw refuse(`the array has the shape [${shape.join(',')}], the model takes ${[...new Set(wanted)].join(' or ')}`)
}

/** The values of one input, out of rows of all columns. */
function convert(
  array: Tensor,
  { spec, width, firstColumn }: RowInput,
  rows: number,
  columns: number,
  layout: RowLayout,
): Tensor['data'] {
  const cells = createCells(spec.datatype, rows * width)
  const values = valuesOf(array)
  const infinities: number[] = []
  for (let row = 0, element = 0; row < rows; row++)
    for (let column = firstColumn; column < firstColumn + width; column++, element++) {
      const value = values(row * columns + column)
      let problem: Problem
      if (value instanceof Uint8Array) problem = setText(cells, element, value, spec.datatype)
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

/** Text becomes text, never a number. */
function setText(cells: Cells, element: number, text: Uint8Array, datatype: Datatype): Problem {
  if (datatype === 'BYTES') return cells.setText(element, text, 0, text.length)
  return `the text ${quote(Buffer.from(text.subarray(0, 160)).toString(), 40)} is no number`
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
