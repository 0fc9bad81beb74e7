import { quote } from '../core/text.ts'
import { isHalf, widenHalves } from '../tensor/half.ts'
import type { Tensors } from '../tensor/tensor.ts'
import { withWidth, type RowLayout } from './row-layout.ts'

/** Column names of one row in an error message. */
const MOST_NAMED = 4

/** Says which columns of a row had no value, as a whole clause; undefined where each had one. */
export type TellMissing = (row: number) => string | undefined

/**
 * Why a model may have answered a row with NaN: the columns of it that came without a value, which are NaN in its inputs.
 * Nothing is looked at before it is asked.
 * @param inputs as decoded for the layout
 */
export function missingIn(layout: RowLayout, inputs: Tensors): TellMissing {
  return (row) => {
    const names: string[] = []
    let missing = 0
    for (const column of missingColumns(layout, inputs, row)) {
      if (missing < MOST_NAMED) names.push(quote(column, 40))
      missing++
    }
    if (missing === 0) return undefined
    const more = missing > names.length ? ` and ${missing - names.length} more` : ''
    return `row ${row + 1} has no value for ${names.join(', ')}${more}`
  }
}

function* missingColumns(layout: RowLayout, inputs: Tensors, row: number): Generator<string> {
  for (const { spec } of layout.inputs) {
    const tensor = inputs.get(spec.name)
    if (tensor === undefined || tensor.datatype === 'BYTES') continue
    const { datatype, shape, data } = tensor
    const rows = shape[0] ?? 0
    if (row >= rows) continue
    const width = data.length / rows
    const elements = data.subarray(row * width, (row + 1) * width)
    const values = isHalf(datatype) ? widenHalves(datatype, elements as Uint16Array) : elements
    const input = layout.inputs.findIndex((each) => each.spec === spec)
    const { columns, inputs: fitted } = withWidth(layout, width)
    const first = fitted[input]?.firstColumn ?? 0
    for (let i = 0; i < width; i++) if (Number.isNaN(values[i])) yield columns[first + i]?.name ?? ''
  }
}
