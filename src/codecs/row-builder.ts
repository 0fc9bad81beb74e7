import type { NumericArray } from '../tensor/datatype.ts'
import { concatenateRows, type Tensor, type Tensors } from '../tensor/tensor.ts'
import { createCells, type Problem } from './cells.ts'
import type { RowLayout } from './row-layout.ts'
import { checkTextRows } from './table-limits.ts'

/** The inputs of a model while rows are filled in, in any order; a row written twice keeps what came last. */
export interface RowBuilder {
  /** Value of one column in one row, from text. */
  setText(row: number, column: number, bytes: Uint8Array, from: number, to: number): Problem
  /** Value of one column in one row, from JSON. */
  setValue(row: number, column: number, value: unknown): Problem
  /** The first `rows` rows as tensors over the same memory. */
  build(rows: number): Tensors
}

/** @param capacity most rows that will be written; their memory is taken at once */
export function createRowBuilder(layout: RowLayout, capacity: number): RowBuilder {
  const cells = layout.inputs.map(({ spec, width }) => createCells(spec, capacity * width))
  const columns = layout.columns.map(({ input, offset }) => {
    const { width } = layout.inputs[input] as { width: number }
    return { cells: cells[input] as (typeof cells)[number], width, offset }
  })
  return {
    setText(row, column, bytes, from, to) {
      const { cells, width, offset } = columns[column] as (typeof columns)[number]
      return cells.setText(row * width + offset, bytes, from, to)
    },
    setValue(row, column, value) {
      const { cells, width, offset } = columns[column] as (typeof columns)[number]
      return cells.setValue(row * width + offset, value)
    },
    build(rows) {
      return new Map(
        layout.inputs.map(({ spec, width, rowShape }, input) => {
          const data = cells[input]?.take(rows * width) as NumericArray
          // a shape is made only here, from the rows that are really there
          return [spec.name, { datatype: spec.datatype, shape: [rows, ...rowShape], data } as Tensor]
        }),
      )
    },
  }
}

/** Elements that a block of rows is made for: a short row that claims to be one of millions must not reserve memory for them. */
const BLOCK_ELEMENTS = 2 ** 20

/**
 * Tensors of `count` rows, written one after the other; memory grows with the rows that have been written.
 * @param write fills row `row` of the builder with the source's row `index`; throws to refuse it
 * @throws {ServingError} `too_large` for more elements of BYTES than a request may have
 */
export function collectRows(
  layout: RowLayout,
  count: number,
  write: (builder: RowBuilder, row: number, index: number) => void,
): Tensors {
  checkTextRows(count, layout)
  const blockRows = Math.max(1, Math.floor(BLOCK_ELEMENTS / layout.columns.length))
  const blocks: Tensors[] = []
  for (let from = 0; from < count; from += blockRows) {
    const rows = Math.min(blockRows, count - from)
    const builder = createRowBuilder(layout, rows)
    for (let row = 0; row < rows; row++) write(builder, row, from + row)
    blocks.push(builder.build(rows))
  }
  const first = blocks[0]
  if (blocks.length === 1 && first !== undefined) return first
  return new Map(
    layout.inputs.map(({ spec }) => [
      spec.name,
      concatenateRows(blocks.map((block) => block.get(spec.name) as Tensor)),
    ]),
  )
}
