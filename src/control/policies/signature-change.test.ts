import { expect, test } from 'vitest'
import type { Signature, TensorSpec } from '../../tensor/signature.ts'
import { breaksOf } from './signature-change.ts'

const X: TensorSpec = { name: 'X', datatype: 'FP64', shape: [-1, 2], columns: ['age', 'income'] }
const Y: TensorSpec = { name: 'y', datatype: 'INT64', shape: [-1] }
const OLD: Signature = { inputs: [X], outputs: [Y] }
const taking = (...inputs: TensorSpec[]): Signature => ({ ...OLD, inputs })
const giving = (...outputs: TensorSpec[]): Signature => ({ ...OLD, outputs })

test.each<[string, Signature]>([
  ['the same', OLD],
  ['an input more that may be left out', taking(X, { ...Y, name: 'z', isOptional: true })],
  ['an input more that is never read', taking({ ...Y, name: 'z', isUnused: true }, X)],
  ['any width in place of one', taking({ name: 'X', datatype: 'FP64', shape: [-1, -1] })],
  ['an output more', giving(Y, { ...Y, name: 'probability' })],
  ['columns that have no names any more', taking({ name: 'X', datatype: 'FP64', shape: [-1, 2] })],
])('callers can stay as they are with %s', (_what, fresh) => {
  expect(breaksOf(OLD, fresh)).toEqual([])
})

test.each<[string, Signature, readonly string[]]>([
  [
    'another input',
    taking({ ...Y, name: 'z' }),
    ['the input "X" is taken no more', 'the input "z", INT64 [-1], must be sent'],
  ],
  ['another datatype', taking({ ...X, datatype: 'FP32' }), ['the input "X" is FP32 in place of FP64']],
  [
    'another width',
    taking({ name: 'X', datatype: 'FP64', shape: [-1, 10] }),
    ['the input "X" is [-1,10] in place of [-1,2]'],
  ],
  ['a dimension less', taking({ ...X, shape: [-1] }), ['the input "X" is [-1] in place of [-1,2]']],
  [
    'columns in another order',
    taking({ ...X, columns: ['income', 'age'] }),
    ['column 1 of the input "X" is "income" in place of "age"'],
  ],
  ['an output less', giving(), ['the output "y" is given no more']],
  ['an output of another kind', giving({ ...Y, datatype: 'BYTES' }), ['the output "y" is BYTES in place of INT64']],
  ['an output of any width', giving({ ...Y, shape: [-1, -1] }), ['the output "y" is [-1,-1] in place of [-1]']],
  ['bodies as they come', { ...OLD, isRaw: true }, ['it takes bodies as they come']],
])('callers are broken by %s', (_what, fresh, breaks) => {
  expect(breaksOf(OLD, fresh)).toEqual(breaks)
})

test('callers are broken by an input that could be left out before', () => {
  expect(breaksOf(taking({ ...X, isOptional: true }), OLD)).toEqual(['the input "X" must be sent'])
})

test('what is no signature is not compared', () => {
  for (const none of [undefined, null, {}, { inputs: 1 }, { inputs: [{}], outputs: [] }]) {
    expect(breaksOf(none, OLD)).toEqual([])
    expect(breaksOf(OLD, none)).toEqual([])
  }
})
