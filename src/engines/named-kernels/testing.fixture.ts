import type { Tensor } from '../../tensor/tensor.ts'
import { NAMED_KERNELS } from './index.ts'
import { Parameters, type PreparedKernel } from './kernel.ts'

/** A kernel made ready with parameters as a bundle has them. */
export function prepared(name: string, parameters: object): PreparedKernel {
  const kernel = NAMED_KERNELS.get(name)
  if (kernel === undefined) throw new Error(`no kernel ${name}`)
  return kernel.prepare(new Parameters(JSON.parse(JSON.stringify(parameters)), '"kernels/1.json"'))
}

/** BYTES [rows] of texts. */
export function texts(...rows: readonly string[]): Tensor {
  return { datatype: 'BYTES', shape: [rows.length], data: rows.map((row) => Buffer.from(row, 'utf8')) }
}

/** FP64 [rows, columns]. */
export function matrix(...rows: readonly (readonly number[])[]): Tensor {
  return { datatype: 'FP64', shape: [rows.length, rows[0]?.length ?? 0], data: Float64Array.from(rows.flat()) }
}

/** A tensor's numbers, row by row. */
export function rowsOf(tensor: Tensor | undefined): number[][] {
  const [rows = 0, columns = 0] = tensor?.shape ?? []
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_unused, column) => Number(tensor?.data[row * columns + column])),
  )
}

/** Sparse rows as `{position: value}`, without what fills them up. */
export function sparseOf([positions, values]: readonly Tensor[]): Record<number, number>[] {
  const places = rowsOf(positions)
  return rowsOf(values).map((row, i) =>
    Object.fromEntries(
      row.map((value, at) => [places[i]?.[at] ?? -1, value] as const).filter(([, value]) => value !== 0),
    ),
  )
}
