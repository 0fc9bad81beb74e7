import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { ARRAY_OF, DATATYPES, type Datatype } from '../tensor/datatype.ts'
import { bytesOf, tensor, type Tensor } from '../tensor/tensor.ts'
import { decodeCsv } from './csv.ts'
import { csvField } from './element-text.ts'
import { decodeJsonLines } from './json-lines.ts'
import { planRows } from './row-layout.ts'
import { createRowPrinter } from './row-text.ts'
import { encodeData } from './v2-json-answer.ts'

const ELEMENT: Readonly<Record<Datatype, fc.Arbitrary<unknown>>> = {
  BOOL: fc.nat(1),
  UINT8: fc.nat(0xff),
  UINT16: fc.nat(0xffff),
  UINT32: fc.nat(0xffff_ffff),
  UINT64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  INT8: fc.integer({ min: -128, max: 127 }),
  INT16: fc.integer({ min: -32768, max: 32767 }),
  INT32: fc.integer(),
  INT64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  // bits, without infinities and NaNs
  FP16: fc.nat(0xffff).filter((bits) => (bits & 0x7c00) !== 0x7c00),
  BF16: fc.nat(0xffff).filter((bits) => (bits & 0x7f80) !== 0x7f80),
  FP32: fc.float({ noDefaultInfinity: true, noNaN: true }),
  FP64: fc.double({ noDefaultInfinity: true, noNaN: true }),
  BYTES: fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text.isWellFormed() ? text : '')),
}

const table = fc
  .tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.array(fc.tuple(fc.constantFrom(...DATATYPES), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 4 }),
  )
  .chain(([rows, inputs]) =>
    fc.tuple(
      ...inputs.map(([datatype, width], i) =>
        fc
          .array(ELEMENT[datatype], { minLength: rows * width, maxLength: rows * width })
          .map((elements): [string, Tensor] => [`i${i}`, tensorOf(datatype, [rows, width], elements)]),
      ),
    ),
  )
  .map((entries) => new Map(entries))

function tensorOf(datatype: Datatype, shape: number[], elements: unknown[]): Tensor {
  if (datatype === 'BYTES') return tensor('BYTES', shape, elements as Uint8Array[])
  const data = new ARRAY_OF[datatype](elements.length)
  elements.forEach((element, i) => (data[i] = element as never))
  return tensor(datatype, shape, data as never)
}

function bits(tensors: ReadonlyMap<string, Tensor>): unknown {
  return [...tensors].map(([name, each]) => [
    name,
    each.datatype,
    each.shape,
    each.datatype === 'BYTES'
      ? each.data.map((bytes) => Buffer.from(bytes).toString('hex'))
      : Buffer.from(bytesOf(each.data)).toString('hex'),
  ])
}

function layoutOf(tensors: ReadonlyMap<string, Tensor>) {
  return planRows({
    inputs: [...tensors].map(([name, each]) => ({
      name,
      datatype: each.datatype,
      shape: [-1, ...each.shape.slice(1)],
    })),
    outputs: [],
  })
}

describe('rows as text', () => {
  test('tensors printed as CSV read back bit for bit, with a header and without', () => {
    fc.assert(
      fc.property(table, (tensors) => {
        const printer = createRowPrinter(tensors, [], [...tensors.values()][0]?.shape[0] ?? 0)
        const lines = Array.from({ length: printer.rows }, (_, row) => printer.csv(row))
        const bare = decodeCsv(Buffer.from(lines.join('\n')), layoutOf(tensors), 'absent')
        expect(bits(bare.inputs)).toEqual(bits(tensors))
        const headed = [printer.columns.join(','), ...lines].join('\r\n')
        expect(bits(decodeCsv(Buffer.from(headed), layoutOf(tensors)).inputs)).toEqual(bits(tensors))
      }),
      { numRuns: 1000 },
    )
  })

  test('tensors printed as JSON lines read back bit for bit', () => {
    fc.assert(
      fc.property(table, (tensors) => {
        const printer = createRowPrinter(tensors, [], [...tensors.values()][0]?.shape[0] ?? 0)
        const lines = Array.from({ length: printer.rows }, (_, row) => printer.json(row))
        expect(bits(decodeJsonLines(Buffer.from(lines.join('\n')), layoutOf(tensors)).inputs)).toEqual(bits(tensors))
      }),
      { numRuns: 1000 },
    )
  })

  test('an output of one element a row is a bare value, others are nested as their shape is', () => {
    const outputs = new Map<string, Tensor>([
      ['label', tensor('INT64', [2], BigInt64Array.of(1n, 9007199254740993n))],
      ['p', tensor('FP32', [2, 2], Float32Array.of(0.5, 0.25, -0, 1))],
      ['box', tensor('INT8', [2, 1, 2], Int8Array.of(1, 2, 3, 4))],
    ])
    const printer = createRowPrinter(
      outputs,
      [{ name: 'p', datatype: 'FP32', shape: [-1, 2], columns: ['no', 'yes'] }],
      2,
    )
    expect(printer.columns).toEqual(['label', 'p_no', 'p_yes', 'box_0', 'box_1'])
    expect(printer.csv(1)).toBe('9007199254740993,-0,1,3,4')
    expect(printer.json(0)).toBe('{"label":1,"p":[0.5,0.25],"box":[[1,2]]}')
  })

  test('FP32 and halves have the digits of FP32, not those of the double beside it', () => {
    const outputs = new Map<string, Tensor>([
      ['a', tensor('FP32', [1, 3], Float32Array.of(1.655, -1e-7, 3e38))],
      ['b', tensor('FP16', [1], Uint16Array.of(0x2e66))],
      ['c', tensor('BF16', [1], Uint16Array.of(0x3dcd))],
      ['d', tensor('FP64', [1], Float64Array.of(0.1 + 0.2))],
    ])
    expect(createRowPrinter(outputs, [], 1).csv(0)).toBe(
      '1.655,-1e-7,3e+38,0.099975586,0.100097656,0.30000000000000004',
    )
    expect(createRowPrinter(outputs, [], 1).json(0)).toContain('"a":[1.655,-1e-7,3e+38]')
  })

  test('FP32 has the digits that V2 JSON has', () => {
    const floats = fc.array(fc.float({ noDefaultInfinity: true, noNaN: true }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(floats, (values) => {
        const y = tensor('FP32', [1, values.length], Float32Array.from(values))
        expect(createRowPrinter(new Map([['y', y]]), [], 1).csv(0)).toBe(encodeData('y', y))
      }),
    )
  })

  test('NaN and the infinities are words in CSV and refused in JSON by row and output', () => {
    const outputs = new Map([['y', tensor('FP64', [3, 1], Float64Array.of(Number.NaN, -Infinity, Infinity))]])
    const printer = createRowPrinter(outputs, [], 3)
    expect([0, 1, 2].map((row) => printer.csv(row))).toEqual(['NaN', '-inf', 'inf'])
    expect(() => printer.json(1)).toThrow('output "y" of row 2 is -inf, and JSON has no such number')
  })

  test('an output that does not come in rows is unsupported', () => {
    const run = (): unknown => createRowPrinter(new Map([['y', tensor('FP32', [], Float32Array.of(1))]]), [], 3)
    expect(run).toThrow(ServingError)
    expect(run).toThrow('cannot be given row by row')
  })

  test('bytes that are no text are refused rather than changed', () => {
    const outputs = new Map([['y', tensor('BYTES', [1], [Uint8Array.of(0xff)])]])
    expect(() => createRowPrinter(outputs, [], 1).csv(0)).toThrow('is not UTF-8 text')
  })

  test.each([
    ['a', 'a'],
    ['', '""'],
    [' a', '" a"'],
    ['a,b', '"a,b"'],
    ['a"b', '"a""b"'],
    ['a\nb', '"a\nb"'],
  ])('the text %j is the field %j', (text, field) => {
    expect(csvField(text)).toBe(field)
  })
})
