import { describe, expect, test } from 'vitest'
import { refusal } from '../core/refusal.fixture.ts'
import type { TensorSpec } from '../tensor/signature.ts'
import { tensor, type Tensor } from '../tensor/tensor.ts'
import { printCsv, printJsonLines, printPredictions, type AnswerOptions, type AnswerStyle } from './table-answer.ts'

const LABEL = tensor('INT64', [2], BigInt64Array.of(1n, 9007199254740993n))
const SCORES = tensor('FP32', [2, 2], Float32Array.of(0.5, 0.1, -0, 1e-7))
const COLUMN = tensor('FP64', [2, 1], Float64Array.of(0.1, 2))
const BOX = tensor('INT8', [2, 1, 2], Int8Array.of(1, 2, 3, 4))
const HALVES = tensor('BF16', [2], Uint16Array.of(0x3f80, 0x4049))
const RAW = tensor('BYTES', [2], [Uint8Array.of(0xff), Buffer.from('a"b')])
const TRUTH = tensor('BOOL', [2], Uint8Array.of(1, 0))
const EMPTY = tensor('FP32', [2, 0], new Float32Array())

function print(outputs: Record<string, Tensor>, style: AnswerStyle, options?: AnswerOptions): string {
  return printPredictions(new Map(Object.entries(outputs)), [], 2, style, options)
}

describe('predictions', () => {
  test.each<[AnswerStyle, Record<string, Tensor>, string]>([
    ['values', { label: LABEL }, '[1,9007199254740993]'],
    ['values', { scores: SCORES }, '[[0.5,0.1],[-0,1e-7]]'],
    ['values', { y: COLUMN }, '[[0.1],[2]]'],
    ['values', { y: EMPTY }, '[[],[]]'],
    ['values', { label: LABEL, box: BOX }, '[{"label":1,"box":[[1,2]]},{"label":9007199254740993,"box":[[3,4]]}]'],
    ['columns', { label: LABEL }, '[1,9007199254740993]'],
    ['columns', { y: COLUMN }, '[[0.1],[2]]'],
    ['columns', { half: HALVES, ok: TRUTH }, '{"half":[1,3.140625],"ok":[true,false]}'],
    ['columns', { 'a"b': BOX, y: tensor('FP32', [], Float32Array.of(1)) }, '{"a\\"b":[[[1,2]],[[3,4]]],"y":1}'],
    ['objects', { y: COLUMN }, '[{"y":0.1},{"y":2}]'],
    ['objects', { label: LABEL, box: BOX }, '[{"label":1,"box":[[1,2]]},{"label":9007199254740993,"box":[[3,4]]}]'],
  ])('as %s are printed in full digits and their own shape: %#', (style, outputs, expected) => {
    expect(print(outputs, style)).toBe(expected)
    JSON.parse(expected)
  })

  test.each<[AnswerStyle, AnswerOptions, Record<string, Tensor>, string]>([
    ['values', { bytes: 'b64' }, { y: RAW }, '[{"b64":"/w=="},"a\\"b"]'],
    ['columns', { bytes: 'b64' }, { y: RAW, n: LABEL }, '{"y":[{"b64":"/w=="},"a\\"b"],"n":[1,9007199254740993]}'],
    ['values', { bytes: 'b64-by-name' }, { y_bytes: RAW }, '[{"b64":"/w=="},{"b64":"YSJi"}]'],
    ['values', { bytes: 'b64-by-name' }, { y: RAW }, '[{"b64":"/w=="},"a\\"b"]'],
    ['objects', { bytes: 'b64' }, { y: RAW }, '[{"y":{"b64":"/w=="}},{"y":"a\\"b"}]'],
  ])('as %s with %j print bytes that are no text as base64', (style, options, outputs, expected) => {
    expect(print(outputs, style, options)).toBe(expected)
  })

  test('that are bytes and no text are refused where base64 is not spoken', () => {
    for (const style of ['values', 'columns', 'objects'] as const) {
      const error = refusal(() => print({ y: RAW }, style))
      expect(error.message).toContain('output "y" of row 1 is not UTF-8 text')
      expect(error.details['reason']).toBe('accept')
    }
  })

  test.each<[AnswerStyle, string]>([
    ['values', 'binary by the Open Inference Protocol'],
    ['columns', 'binary by the Open Inference Protocol'],
    ['objects', 'ask for text/csv'],
  ])('as %s that are no JSON numbers are refused with the row, and say: %s', (style, hint) => {
    const outputs = { y: tensor('FP32', [2, 2], Float32Array.of(1, 2, 3, NaN)) }
    const error = refusal(() => print(outputs, style))
    expect(error.message).toMatch(new RegExp(`^output "y" of row 2 is NaN, and JSON has no such number; .*${hint}$`))
    expect(error.code).toBe('unsupported')
    expect(refusal(() => print(outputs, style, { instead: 'do that' })).message).toMatch(/; do that$/)
    const told = refusal(() => print(outputs, style, { tellMissing: (row) => `row ${row + 1} lacks "a"` })).message
    expect(told).toContain('is NaN (row 2 lacks "a"), and JSON')
  })

  test('that do not come in rows are refused, except by columns', () => {
    const outputs = { y: tensor('FP32', [3], new Float32Array(3)) }
    for (const style of ['values', 'objects'] as const)
      expect(refusal(() => print(outputs, style)).message).toContain('cannot be given row by row')
    expect(print(outputs, 'columns')).toBe('[0,0,0]')
  })

  test('as CSV have a header where it is asked for, as JSON lines an object for each row', () => {
    const outputs = new Map<string, Tensor>([
      ['label', LABEL],
      ['p', SCORES],
      ['a,b', TRUTH],
    ])
    const specs: TensorSpec[] = [{ name: 'p', datatype: 'FP32', shape: [-1, 2], columns: ['no', 'yes'] }]
    const rows = '1,0.5,0.1,true\n9007199254740993,-0,1e-7,false\n'
    expect(printCsv(outputs, specs, 2)).toBe(rows)
    expect(printCsv(outputs, specs, 2, true)).toBe(`label,p_no,p_yes,"a,b"\n${rows}`)
    expect(printJsonLines(new Map([['y', RAW]]), [], 2, { bytes: 'b64' })).toBe('{"y":{"b64":"/w=="}}\n{"y":"a\\"b"}\n')
  })
})
