import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { refusal } from '../core/refusal.fixture.ts'
import type { Datatype } from '../tensor/datatype.ts'
import type { Signature } from '../tensor/signature.ts'
import { tensor, type Tensor } from '../tensor/tensor.ts'
import { decodeJsonRows } from './json-rows.ts'
import { decodeNpy, encodeNpy } from './npy.ts'
import { npyFile, type NpyFile } from './npy.fixture.ts'
import { decodeNpyRows } from './npy-rows.ts'
import { planRows } from './row-layout.ts'

/** A file with any header, in front of any bytes. */
function fileOf(header: string, data: Uint8Array = new Uint8Array(), version = 1): Buffer {
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  if (version === 1) length.writeUInt16LE(Buffer.byteLength(header))
  else length.writeUInt32LE(Buffer.byteLength(header))
  return Buffer.concat([Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0]), length, Buffer.from(header), data])
}

function headerOf(descr: string, shape: string, order = 'False'): string {
  return `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`
}

function values(array: Tensor): unknown[] {
  if (array.datatype === 'BYTES') return array.data.map((bytes) => Buffer.from(bytes).toString())
  return Array.from(array.data as Float64Array)
}

describe('an .npy file', () => {
  test.each<[NpyFile, Datatype, number[], unknown[]]>([
    ['bool', 'BOOL', [2, 2], [1, 0, 0, 1]],
    ['i1', 'INT8', [2], [-128, 127]],
    ['u2 big', 'UINT16', [2], [1, 65535]],
    ['i8', 'INT64', [2], [9007199254740993n, -(2n ** 63n)]],
    ['u8 big', 'UINT64', [2], [2n ** 64n - 1n, 1n]],
    ['f2', 'FP16', [4], [0x3800, 0x8000, 0x7bff, 0x7e00]],
    ['f4 Fortran', 'FP32', [2, 3], [0, 1, 2, 3, 4, 5]],
    ['f8 big Fortran 3d', 'FP64', [2, 3, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['scalar', 'FP64', [], [1.5]],
    ['empty', 'FP32', [0, 4], []],
    ['S', 'BYTES', [3], ['a\0b', '', 'xyz']],
    ['U', 'BYTES', [3], ['ä', '', '日本😀']],
    ['U big Fortran', 'BYTES', [2, 2], ['a', 'bc', 'd', '']],
    ['v2', 'INT32', [2], [1, 2]],
    ['v3', 'INT32', [2], [1, 2]],
  ])('of numpy with %s is read', (name, datatype, shape, expected) => {
    const array = decodeNpy(npyFile(name))
    expect([array.datatype, array.shape, values(array)]).toEqual([datatype, shape, expected])
  })

  test('whose numbers do not lie at a multiple of their size is read all the same', () => {
    const moved = Buffer.concat([Buffer.of(0), npyFile('i8')]).subarray(1)
    expect(values(decodeNpy(moved))).toEqual([9007199254740993n, -(2n ** 63n)])
  })

  test.each<[string, Buffer, string, string]>([
    ['of objects', npyFile('objects'), 'unsupported', 'Python objects ("|O"), which are pickles and are never read'],
    ['with named fields', npyFile('fields'), 'unsupported', 'named fields'],
    ['of complex numbers', npyFile('complex'), 'unsupported', '"<c16"'],
    ['of dates', npyFile('dates'), 'unsupported', '"<M8[D]"'],
    ['of texts without length', fileOf(headerOf("'|S0'", '(2147483647,)')), 'unsupported', '"|S0"'],
    ['that is none', Buffer.from('x,y\n1,2'), 'invalid_argument', 'is no .npy file'],
    ['that is a pickle', Buffer.from('\x80\x04\x95\x00\x00\x00\x00.....', 'latin1'), 'invalid_argument', 'is no .npy'],
    ['of nothing', Buffer.alloc(0), 'invalid_argument', 'is no .npy file'],
    ['of version 4', fileOf(headerOf("'<f4'", '(1,)'), Buffer.alloc(4), 4), 'invalid_argument', 'version 4.0'],
    ['cut in its header', npyFile('f2').subarray(0, 60), 'invalid_argument', 'ends inside its header'],
    [
      'with a header of 4 GiB',
      Buffer.concat([npyFile('v2').subarray(0, 8), Buffer.from('ffffffff', 'hex'), npyFile('v2').subarray(12)]),
      'invalid_argument',
      'claims a header of 4294967295 bytes',
    ],
    ['that is cut', npyFile('f2').subarray(0, -1), 'invalid_argument', '7 bytes behind its header'],
    ['with bytes behind it', Buffer.concat([npyFile('f2'), Buffer.of(0)]), 'invalid_argument', '9 bytes behind'],
    ['of shape 2^62', fileOf(headerOf("'<f4'", '(4611686018427387904,)')), 'invalid_argument', 'sizes are whole'],
    [
      'of an overflowing shape',
      fileOf(headerOf("'<f4'", '(65536, 65536, 65536, 65536)')),
      'invalid_argument',
      'over 2147483647 elements',
    ],
    ['of a negative shape', fileOf(headerOf("'<f4'", '(-1,)')), 'invalid_argument', 'not what numpy writes'],
    ['of nine dimensions', fileOf(headerOf("'<f4'", '(1,1,1,1,1,1,1,1,1)')), 'invalid_argument', '9 dimensions'],
    ['whose shape is no tuple', fileOf(headerOf("'<f4'", '(1)')), 'invalid_argument', 'not what numpy writes'],
    ['whose header is code', fileOf(headerOf("__import__('os')", '(1,)')), 'invalid_argument', 'not what numpy writes'],
    ['with a key twice', fileOf("{'descr': '<f4', 'descr': '<f4'}"), 'invalid_argument', 'not what numpy writes'],
    ['without a shape', fileOf("{'descr': '<f4', 'fortran_order': False}"), 'invalid_argument', 'lacks descr'],
    ['with more behind the header', fileOf(`${headerOf("'<f4'", '()')}x`), 'invalid_argument', '"x" stands at'],
    ['of a truth value 2', fileOf(headerOf("'|b1'", '(2,)'), Buffer.of(1, 2)), 'invalid_argument', 'element 1'],
    [
      'of half a surrogate pair',
      fileOf(headerOf("'<U1'", '(1,)'), Buffer.of(0, 0xd8, 0, 0)),
      'invalid_argument',
      '0xd800 where a character is expected',
    ],
    [
      'of a number beyond all characters',
      fileOf(headerOf("'<U1'", '(1,)'), Buffer.of(0, 0, 0x11, 0)),
      'invalid_argument',
      '0x110000',
    ],
  ])('%s is refused', (_name, body, code, message) => {
    const error = refusal(() => decodeNpy(body))
    expect(error.message).toContain(message)
    expect(error.code).toBe(code)
    expect(error.message.length).toBeLessThan(400)
  })

  test('with 65,535 spaces, digits or commas in its header is refused as soon as any other', () => {
    for (const filler of [' ', '1', '1,', '(', "'"]) {
      const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (1${filler.repeat(65_000 / filler.length)}`
      expect(refusal(() => decodeNpy(fileOf(text))).code).toBe('invalid_argument')
    }
  })

  test('whose bytes were changed or cut ends in a ServingError or a tensor', () => {
    const names: NpyFile[] = ['bool', 'i8', 'f8 big Fortran 3d', 'U', 'v2', 'fields']
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
        fc.nat(300),
        (name, changes, length) => {
          const body = Buffer.from(npyFile(name)).subarray(0, length)
          for (const [at, byte] of changes) if (at < body.length) body[at] = byte
          try {
            decodeNpy(body)
          } catch (error) {
            expect(error).toBeInstanceOf(ServingError)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('a tensor as an .npy file', () => {
  test.each<[NpyFile, Tensor]>([
    ['i1', tensor('INT8', [2], Int8Array.of(-128, 127))],
    ['i8', tensor('INT64', [2], BigInt64Array.of(9007199254740993n, -(2n ** 63n)))],
    ['f2', tensor('FP16', [4], Uint16Array.of(0x3800, 0x8000, 0x7bff, 0x7e00))],
    ['scalar', tensor('FP64', [], Float64Array.of(1.5))],
    ['empty', tensor('FP32', [0, 4], new Float32Array())],
    ['bool', tensor('BOOL', [2, 2], Uint8Array.of(1, 0, 0, 1))],
    ['U', tensor('BYTES', [3], [Buffer.from('ä'), Buffer.from(''), Buffer.from('日本😀')])],
  ])('is byte for byte what numpy writes: %s', (name, given) => {
    expect(Buffer.from(encodeNpy(given)).toString('latin1')).toBe(npyFile(name).toString('latin1'))
  })

  test('reads back as the same values', () => {
    const bytes = fc.array(fc.uint8Array({ maxLength: 5 }).filter((element) => element.at(-1) !== 0))
    const texts = fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.endsWith('\0')))
    fc.assert(
      fc.property(
        fc.oneof(
          bytes,
          texts.map((all) => all.map((text) => new TextEncoder().encode(text))),
        ),
        (data) => {
          const back = decodeNpy(encodeNpy(tensor('BYTES', [data.length], data)))
          expect(values(back)).toEqual(values(tensor('BYTES', [data.length], data)))
        },
      ),
    )
  })

  test('of BF16 is FP32, since numpy has no other', () => {
    const back = decodeNpy(encodeNpy(tensor('BF16', [2], Uint16Array.of(0x3f80, 0xff80))))
    expect([back.datatype, values(back)]).toEqual(['FP32', [1, -Infinity]])
  })

  test.each<[string, Uint8Array[], string]>([
    ['text that ends in NUL', [Buffer.from('a\0')], 'ends in NUL'],
    ['one long text among many', [Buffer.alloc(1e5, 'a'), ...Array.from({ length: 1e4 }, () => Buffer.of(97))], 'GiB'],
  ])('of %s is refused', (_name, data, message) => {
    const error = refusal(() => encodeNpy(tensor('BYTES', [data.length], data)))
    expect(error.message).toContain(message)
    expect(error.details['reason']).toBe('accept')
  })
})

const IMAGE: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2, 2] }], outputs: [] }
const WIDE: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }], outputs: [] }
const ONE: Signature = { inputs: [{ name: 'x', datatype: 'INT64', shape: [-1] }], outputs: [] }
const PAIR: Signature = {
  inputs: [
    { name: 'age', datatype: 'INT32', shape: [-1, 1] },
    { name: 'size', datatype: 'BF16', shape: [-1] },
  ],
  outputs: [],
}
const TEXT: Signature = { inputs: [{ name: 'x', datatype: 'BYTES', shape: [-1, 2] }], outputs: [] }

function fit(array: Tensor, signature: Signature) {
  const { inputs, rows } = decodeNpyRows(encodeNpy(array), planRows(signature))
  return [rows, ...[...inputs.values()].map((each) => [each.datatype, each.shape, values(each)])]
}

describe('an array as rows', () => {
  test.each<[string, Tensor, Signature, unknown[]]>([
    ['nested', tensor('FP32', [1, 2, 2], Float32Array.of(1, 2, 3, 4)), IMAGE, [1, ['FP32', [1, 2, 2], [1, 2, 3, 4]]]],
    ['flat', tensor('FP32', [1, 4], Float32Array.of(1, 2, 3, 4)), IMAGE, [1, ['FP32', [1, 2, 2], [1, 2, 3, 4]]]],
    ['one row', tensor('INT8', [2, 2], Int8Array.of(1, 2, 3, 4)), IMAGE, [1, ['FP32', [1, 2, 2], [1, 2, 3, 4]]]],
    [
      'of any width',
      tensor('FP64', [1, 2], Float64Array.of(0.1, NaN)),
      WIDE,
      [1, ['FP32', [1, 2], [Math.fround(0.1), NaN]]],
    ],
    [
      'one of any width',
      tensor('FP64', [2], Float64Array.of(-Infinity, 2)),
      WIDE,
      [1, ['FP32', [1, 2], [-Infinity, 2]]],
    ],
    ['of one value', tensor('FP64', [2], Float64Array.of(1, -2)), ONE, [2, ['INT64', [2], [1n, -2n]]]],
    ['of one column', tensor('UINT64', [2, 1], BigUint64Array.of(1n, 2n)), ONE, [2, ['INT64', [2], [1n, 2n]]]],
    ['of halves', tensor('FP16', [1, 2], Uint16Array.of(0x3c00, 0x7c00)), WIDE, [1, ['FP32', [1, 2], [1, Infinity]]]],
    [
      'spread over inputs',
      tensor('FP64', [2, 2], Float64Array.of(30, 1, 31, -Infinity)),
      PAIR,
      [2, ['INT32', [2, 1], [30, 31]], ['BF16', [2], [0x3f80, 0xff80]]],
    ],
    ['of truth values', tensor('BOOL', [2], Uint8Array.of(1, 0)), ONE, [2, ['INT64', [2], [1n, 0n]]]],
    ['of text', tensor('BYTES', [1, 2], [Buffer.from('a'), Buffer.from('')]), TEXT, [1, ['BYTES', [1, 2], ['a', '']]]],
  ])('%s is taken', (_name, array, signature, expected) => {
    expect(fit(array, signature)).toEqual(expected)
  })

  test.each<[string, Tensor, Signature, string]>([
    ['of no rows', tensor('FP32', [0, 4], new Float32Array()), IMAGE, 'there are no rows'],
    ['of another width', tensor('FP32', [1, 3], new Float32Array(3)), IMAGE, 'takes [rows,4] or [rows,2,2]'],
    ['that is a scalar', tensor('FP32', [], new Float32Array(1)), ONE, 'has the shape []'],
    ['of three dimensions', tensor('FP32', [1, 1, 1], new Float32Array(1)), WIDE, 'takes [rows, columns]'],
    ['with a fraction', tensor('FP64', [2], Float64Array.of(1, 1.5)), ONE, 'row 2: column 1 ("x"): 1.5 has a fraction'],
    ['with NaN', tensor('FP64', [1], Float64Array.of(NaN)), ONE, 'the value is missing, and INT64 has no NaN'],
    ['with infinity', tensor('FP64', [1], Float64Array.of(Infinity)), ONE, 'Infinity is no INT64'],
    ['too large', tensor('UINT64', [1], BigUint64Array.of(2n ** 63n)), ONE, 'out of the range of INT64'],
    [
      'beyond FP32',
      tensor('FP64', [1, 2], Float64Array.of(1, 1e39)),
      WIDE,
      'row 1: column 2 ("x_1"): the number is out',
    ],
    [
      'of text for numbers',
      tensor('BYTES', [1], [Buffer.from('1')]),
      ONE,
      'the array holds text, and input "x" takes INT64',
    ],
    ['of numbers for text', tensor('FP32', [1, 2], new Float32Array(2)), TEXT, 'is no text'],
  ])('%s is refused', (_name, array, signature, message) => {
    const error = refusal(() => fit(array, signature))
    expect(error.code).toBe('invalid_argument')
    expect(error.message).toContain(message)
  })

  test('becomes what the same rows become as JSON', () => {
    const number = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.double({ noDefaultInfinity: true, noNaN: true }))
    const rows = fc.array(fc.array(number, { minLength: 2, maxLength: 2 }), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(rows, (table) => {
        const array = tensor('FP64', [table.length, 2], Float64Array.from(table.flat()))
        const attempt = (run: () => unknown): unknown => {
          try {
            return run()
          } catch (error) {
            return ServingError.from(error).code // which of several bad values is named, may differ
          }
        }
        for (const signature of [WIDE, PAIR])
          expect(attempt(() => decodeNpyRows(encodeNpy(array), planRows(signature)))).toEqual(
            attempt(() => decodeJsonRows(table, planRows(signature))),
          )
      }),
    )
  })
})
