import { expect, test } from 'vitest'
import type { NumericDatatype } from '../../tensor/datatype.ts'
import { resultType } from './datatypes.ts'
import { Dim } from './dim.ts'
import { TensorValue } from './values.ts'

const many = (datatype: NumericDatatype) => new TensorValue('x', datatype, [Dim.of(2)])
const one = (datatype: NumericDatatype) => new TensorValue('x', datatype, [])

// what torch.result_type says
test.each([
  [[many('FP32'), 2.5], 'FP32'],
  [[many('INT64'), 2.5], 'FP32'],
  [[many('INT32'), Dim.of(3)], 'INT32'],
  [[many('BOOL'), Dim.of(3)], 'INT64'],
  [[many('BOOL'), true], 'BOOL'],
  [[many('UINT8'), many('INT8')], 'INT16'],
  [[many('INT64'), many('FP16')], 'FP16'],
  [[many('FP32'), many('FP64')], 'FP64'],
  [[many('FP32'), one('FP64')], 'FP32'],
  [[many('INT64'), one('FP64')], 'FP64'],
  [[many('INT32'), one('INT64')], 'INT32'],
  [[many('UINT8'), one('INT64')], 'UINT8'],
  [[one('INT64'), one('FP32')], 'FP32'],
  [[one('FP64'), 2.5], 'FP64'],
  [[Dim.of(1), 2.5], 'FP32'],
] as const)('datatypes meet as in torch (%#)', (operands, due) => {
  expect(resultType(operands)).toBe(due)
})

test('the plain numbers of traced code count as such', () => {
  const plain = one('FP64')
  plain.isPlainNumber = true
  expect(resultType([many('INT64'), plain])).toBe('FP32')
})
