import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gzipSync } from 'node:zlib'
import { linearModel } from '../../test/support/models.ts'
import { detectFormat, FORMAT_NAMES, refuseOthers, type FileFormat } from './detect.ts'

function bytes(...parts: (string | number[])[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  )
}

describe('detectFormat', () => {
  test.each<[FileFormat, string, Uint8Array]>([
    ['onnx', 'as our writer has it', linearModel()],
    ['onnx', 'with the producer after the IR version', bytes([8, 9, 0x12, 2], 'tf', [0x3a, 0])],
    ['onnx', 'with the operator sets first', bytes([0x42, 4, 0x0a, 0, 0x10, 17], 'x')],
    ['onnx', 'with the producer first', bytes([0x12, 2], 'tf', [0x08, 9])],
    ['pickle', 'of protocol 2', bytes([0x80, 2], 'csklearn\nX\n.')],
    ['pickle', 'of protocol 4', bytes([0x80, 4, 0x95])],
    ['pickle', 'of protocol 5', bytes([0x80, 5, 0x95])],
    ['pickle', 'of protocol 0', bytes('cos\nsystem\n(S"x"\ntR.')],
    ['zip', 'with entries', bytes('PK', [3, 4, 20])],
    ['zip', 'without entries', bytes('PK', [5, 6, 0])],
    ['pipeline', 'by its first member', bytes('\n{ "slipwayPipeline" : 1}')],
    ['json', 'with that word elsewhere', bytes('{"a": "slipwayPipeline"}')],
    ['gzip', '', gzipSync('x')],
    ['gzip', 'of nothing sensible', bytes([0x1f, 0x8b], 'junk')],
    ['tar', '', bytes('name'.padEnd(257, '\0'), 'ustar', [0])],
    ['numpy', '', bytes([0x93], 'NUMPY', [1, 0])],
    ['hdf5', '', bytes([0x89], 'HDF\r\n', [0x1a, 0x0a])],
    ['safetensors', '', bytes([20, 0, 0, 0, 0, 0, 0, 0], '{"a":{}}')],
    ['json', '', bytes(' \n{"a": 1}')],
    ['json', 'of a list', bytes('[1]')],
    ['text', '', bytes('amount,hour\n1,2\n')],
    ['text', 'in UTF-8', Buffer.from('Größe\n')],
    ['empty', '', new Uint8Array()],
    ['unknown', '', bytes([0, 1, 2, 3])],
    ['unknown', 'like a pickle of no known protocol', bytes([0x80, 9, 1])],
  ])('tells %s %s', (format, _what, content) => {
    expect(detectFormat(content)).toBe(format)
  })

  test('has a word for any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (content) => {
        expect(FORMAT_NAMES[detectFormat(content)]).toBeTypeOf('string')
      }),
      { numRuns: 1000 },
    )
  })
})

describe('refuseOthers', () => {
  test('lets ONNX and pipelines through', () => {
    expect(() => refuseOthers('m.onnx', 'onnx')).not.toThrow()
    expect(() => refuseOthers('m.pipeline.json', 'pipeline')).not.toThrow()
  })

  test.each(Object.keys(FORMAT_NAMES).filter((format) => format !== 'onnx' && format !== 'pipeline'))(
    'says what %s is',
    (format) => {
      expect(() => refuseOthers('m.onnx', format as FileFormat)).toThrow(
        expect.objectContaining({
          code: 'unsupported',
          message: `"m.onnx" is ${FORMAT_NAMES[format as FileFormat]}; this Slipway compiles ONNX models and pipelines of them`,
          details: { format },
        }),
      )
    },
  )
})
