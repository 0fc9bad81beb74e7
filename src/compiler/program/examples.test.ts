import { expect, test } from 'vitest'
import { ProgramBuilder, type Value } from './builder.ts'
import { exampleRows } from './examples.ts'
import { Ops } from './ops.ts'

/** The rows that are made for a program over so many columns of numbers. */
function rowsFor(width: number, build: (ops: Ops, x: Value) => Value): number[][] {
  const b = new ProgramBuilder()
  const x = b.input({ name: 'X', datatype: 'FP64', shape: [-1, width] })
  b.output('Y', build(new Ops(b), x))
  const { data = [] } = exampleRows(b).get('X') ?? {}
  const numbers = Array.from(data as Float64Array)
  return Array.from({ length: 8 }, (_, row) => numbers.slice(row * width, (row + 1) * width))
}

function scaled(middle: number, width: number): number[][] {
  return rowsFor(1, (ops, x) => ops.div(ops.sub(x, ops.numbers([middle])), ops.numbers([width])))
}

function split(...splits: readonly number[]): number[][] {
  const features = { type: 'ints', value: new BigInt64Array(splits.length) } as const
  const values = {
    type: 'tensor',
    value: { name: '', datatype: 'FP64', shape: [splits.length], data: Float64Array.from(splits) },
  } as const
  return rowsFor(1, (ops, x) =>
    ops.op(
      'TreeEnsemble',
      [x],
      { datatype: 'FP64', shape: [-1, 1] },
      { nodes_featureids: features, nodes_splits: values },
      { domain: 'ai.onnx.ml' },
    ),
  )
}

test.each<[string, number[][], readonly number[]]>([
  ['a scaled column, wide: whole numbers', scaled(11.487, 6.9), [5, 11, 18]],
  ['one that is very wide: few digits', scaled(35_127.3, 12_345), [23_000, 35_000, 47_000]],
  ['one that is narrow: as many digits as tell its values apart', scaled(0.0963, 0.0141), [0.08, 0.1, 0.11]],
  ['zeros and ones, as their mean and width say', scaled(0.3, Math.sqrt(0.21)), [0, 1]],
  ['splits half way between whole numbers', split(0.5, 2.5, 7), [0, 1, 2, 3, 7, 8]],
  ['the same in single precision', split(0.5000000298023224), [0, 1]],
  [
    'categories that are numbers',
    rowsFor(1, (ops, x) => ops.equal(ops.take(x, [0, 0]), ops.numbers([7.25, 9]))),
    [7.25, 9],
  ],
  ['other splits: few digits', split(0.123456789), [-0.877, 0.123, 0.623]],
])('the first row is one that people would write, for %s', (_what, rows, known) => {
  expect(known).toContain(rows[0]?.[0])
})

test('the rows behind it keep the digits that tell engines apart', () => {
  const rest = split(0.123456789).slice(1).flat()
  expect(rest.some((value) => String(value).length > 6)).toBe(true)
  expect(scaled(11.487, 6.9).slice(1).flat()).toContain(17.23)
})
