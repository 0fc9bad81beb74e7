import { expect, test } from 'vitest'
import type { Signature, TensorSpec } from '../tensor/signature.ts'
import { decodeCsv } from './csv.ts'
import { missingIn } from './missing-values.ts'
import { planRows } from './row-layout.ts'

const PLACE: TensorSpec = { name: 'place', datatype: 'FP32', shape: [-1, 2], columns: ['lat', 'lon'] }
const MIXED: Signature = {
  inputs: [
    { name: 'id', datatype: 'INT64', shape: [-1] },
    { name: 'city', datatype: 'BYTES', shape: [-1] },
    PLACE,
    { name: 'half', datatype: 'BF16', shape: [-1] },
  ],
  outputs: [],
}

function tell(text: string, signature: Signature, row: number): string | undefined {
  const layout = planRows(signature)
  return missingIn(layout, decodeCsv(Buffer.from(text), layout).inputs)(row)
}

test('the columns of a row that came without a value are named', () => {
  const text = '1,a,0.5,2,3\n2,b,NaN,4,\n'
  expect(tell(text, MIXED, 0)).toBeUndefined()
  expect(tell(text, MIXED, 1)).toBe('row 2 has no value for "lat", "half"')
  expect(tell(text, MIXED, 2)).toBeUndefined()
})

test('many are counted, and numbered where the model takes any width', () => {
  const free: Signature = { inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, -1] }], outputs: [] }
  expect(tell('1,2,3,4,5,6\n0,,,,,\n', free, 1)).toBe('row 2 has no value for "x_1", "x_2", "x_3", "x_4" and 1 more')
})
