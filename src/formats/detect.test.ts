import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gzipSync, deflateSync } from 'node:zlib'
import { linearModel } from '../../test/support/models.ts'
import { makeTar } from './archives/tar.fixture.ts'
import { makeZip } from './archives/zip.fixture.ts'
import { compressedFiles } from './compression/compressed.fixture.ts'
import {
  ADVICE,
  detectFormat,
  extensionDisagrees,
  FORMAT_NAMES,
  refuseDisagreement,
  unsupportedFormat,
  type FileFormat,
} from './detect.ts'
import { makeSafetensors } from './safetensors.fixture.ts'

function bytes(...parts: (string | number[])[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  )
}

function zip(...names: readonly string[]): Uint8Array {
  return makeZip(names.map((name) => ({ name, content: name === 'schema.json' ? '{"__loader__": "x"}' : 'x' })))
}

const PICKLE = bytes([0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0], 'N.')
const XGBOOST_NAMES = bytes([15, 0, 0, 0, 0, 0, 0, 0], 'binary:logistic', [6, 0, 0, 0, 0, 0, 0, 0], 'gbtree')

describe('detectFormat', () => {
  test.each<[FileFormat, string, Uint8Array]>([
    ['onnx', 'as our writer has it', linearModel()],
    ['onnx', 'with the producer after the IR version', bytes([8, 9, 0x12, 2], 'tf', [0x3a, 0])],
    ['onnx', 'with the operator sets first', bytes([0x42, 4, 0x0a, 0, 0x10, 17], [0x3a, 0])],
    ['onnx', 'with the producer first', bytes([0x12, 2], 'tf', [0x08, 9])],
    ['onnx', 'of version 1', bytes([8, 1, 0x12, 2], 'tf', [0x3a, 0])],
    ['saved-model', '', bytes([8, 1, 0x12, 0x80, 0x10, 0x0a, 4], 'meta'.padEnd(300, 'x'))],
    ['pickle', 'of protocol 2', bytes([0x80, 2], 'csklearn\nX\n.')],
    ['pickle', 'of protocol 4', bytes([0x80, 4, 0x95])],
    ['pickle', 'of protocol 5', bytes([0x80, 5, 0x95])],
    ['pickle', 'of protocol 0', bytes('cos\nsystem\n(S"x"\ntR.')],
    [
      'pickle',
      'of Python 2',
      bytes('ccopy_reg\n_reconstructor\np0\n(c__main__\nM\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n.'),
    ],
    ['pickle', 'of an old class', bytes('(i__main__\nModel\np0\n(dp1\nb.')],
    ['pickle', 'of a number', bytes('I5\n.')],
    ['pickle', 'of a list in protocol 1', bytes(']q\0(K\x01K\x02e.')],
    ['pickle', 'of a dict in protocol 0', bytes("(dp0\nS'a'\np1\nI1\ns.")],
    ['pickle', 'of a long text', bytes('(lp0\nV', 'a'.repeat(6000), '\np1\na.')],
    ['packed-pickle', 'by gzip', gzipSync(PICKLE)],
    ['packed-pickle', 'by zlib', deflateSync(PICKLE)],
    ['packed-pickle', 'by zlib, a long one', deflateSync(Buffer.concat([PICKLE, Buffer.alloc(3e6, 'noise')]))],
    ['packed-tar', '', gzipSync(makeTar([{ name: 'model.pkl', content: PICKLE }]))],
    ['packed', 'of other things', gzipSync('x')],
    ['packed', 'of nothing sensible', bytes([0x1f, 0x8b], 'junk')],
    ['tar', '', makeTar([{ name: 'model.pkl', content: PICKLE }])],
    [
      'torch-legacy',
      'in a tar archive',
      makeTar(['sys_info', 'pickle', 'tensors', 'storages'].map((name) => ({ name }))),
    ],
    [
      'torch-legacy',
      'in pickles',
      bytes([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19], '.\x80\x02M\xe9\x03.'),
    ],
    ['pt2', 'of PyTorch 2.8 and later', zip('m/archive_format', 'm/models/model.json', 'm/data/weights/weight_0')],
    ['pt2', 'of earlier ones', zip('serialized_exported_program.json', 'serialized_state_dict.pt', 'version')],
    ['torchscript', '', zip('m/constants.pkl', 'm/data.pkl', 'm/code/__torch__.py', 'm/version')],
    ['torch', '', zip('m/data.pkl', 'm/data/0', 'm/version')],
    ['npz', '', zip('X.npy', 'y.npy')],
    ['keras', '', zip('metadata.json', 'config.json', 'model.weights.h5')],
    ['skops', '', zip('schema.json', 'a.npy')],
    ['zip', 'of files', zip('model.pkl', 'readme.md')],
    ['zip', 'of a folder', zip('m/model.pkl', 'm/MLmodel')],
    ['zip', 'without entries', makeZip([])],
    ['zip', 'that is damaged', bytes('PK', [3, 4, 20])],
    ['other-archive', '', bytes('7z', [0xbc, 0xaf, 0x27, 0x1c])],
    ['pipeline', 'by its first member', bytes('\n{ "slipwayPipeline" : 1}')],
    ['json', 'with that word elsewhere', bytes('{"a": "slipwayPipeline"}')],
    ['xgboost-json', '', bytes('{"learner":{"attributes":{}},"version":[2,0,3]}')],
    ['xgboost-json', 'with its version first', bytes('{\n  "version": [2, 0, 3],\n  "learner": {}}')],
    ['xgboost-ubj', '', bytes('{L', [0, 0, 0, 0, 0, 0, 0, 7], 'learner{')],
    ['xgboost-ubj', 'with short lengths', bytes('{i\x07learner{')],
    ['xgboost-binary', 'with its mark', bytes('binf', [0, 0, 0])],
    ['xgboost-binary', 'without one', Buffer.concat([Buffer.alloc(136), XGBOOST_NAMES])],
    ['xgboost-dump', '', bytes('[\n  { "nodeid": 0, "depth": 0, "split": "f0" }]')],
    ['lightgbm', '', bytes('tree\nversion=v4\nnum_class=1\n')],
    ['lightgbm', 'with the ends of lines of Windows', bytes('tree\r\nversion=v4\r\n')],
    ['lightgbm-dump', '', bytes('{"name":"tree","version":"v4","num_class":1}')],
    ['catboost', '', bytes('CBM1', [1, 2, 3, 4])],
    ['catboost', 'in JSON', bytes('{"features_info": {}, "oblivious_trees": []}')],
    ['gguf', '', bytes('GGUF', [3, 0, 0, 0])],
    ['tflite', '', bytes([0x1c, 0, 0, 0], 'TFL3')],
    ['npy', '', bytes([0x93], 'NUMPY', [1, 0])],
    ['hdf5', '', bytes([0x89], 'HDF\r\n', [0x1a, 0x0a])],
    ['parquet', '', bytes('PAR1')],
    ['program', '', bytes([0x7f], 'ELF')],
    ['safetensors', '', makeSafetensors('{"a":{}}')],
    ['json', '', bytes(' \n{"a": 1}')],
    ['json', 'of a list', bytes('[1]')],
    ['csv', '', bytes('amount,hour\n1,2\n')],
    ['csv', 'with semicolons', bytes('a;b\r\n1,5;2\r\n')],
    ['text', 'in UTF-8', Buffer.from('Größe\n')],
    ['text', 'that begins as a pickle might', bytes('I am no pickle\n')],
    ['text', 'of one word', bytes('Nothing')],
    ['text', 'that takes more off the stack than there is', bytes('aNN.')],
    ['text', 'in parentheses', bytes('(a, b)\n')],
    ['text', 'that begins as zlib might', bytes('x = 1\n')],
    ['empty', '', new Uint8Array()],
    ['unknown', '', bytes([0, 1, 2, 3])],
    ['unknown', 'like a pickle of no known protocol', bytes([0x80, 9, 1])],
  ])('tells %s %s', (format, _what, content) => {
    expect(detectFormat(content)).toBe(format)
  })

  test('looks into every compression', () => {
    for (const { packed } of compressedFiles()) expect(detectFormat(packed)).toBe('packed')
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

describe('a file of a format that is not compiled', () => {
  test.each(Object.keys(FORMAT_NAMES).filter((format) => format !== 'onnx' && format !== 'pipeline'))(
    'says what %s is, and what to do',
    (format) => {
      const advice = ADVICE[format as FileFormat]
      expect(unsupportedFormat('m.onnx', format as FileFormat)).toEqual(
        expect.objectContaining({
          code: 'unsupported',
          message: `"m.onnx" is ${FORMAT_NAMES[format as FileFormat]}, which is not compiled${advice === undefined ? '' : `: ${advice}`}`,
          details: { format },
        }),
      )
    },
  )
})

describe('a name that claims another format than the content', () => {
  test.each<[string, FileFormat]>([
    ['model.onnx', 'pickle'],
    ['model.ONNX', 'pickle'],
    ['model.safetensors', 'pickle'],
    ['model.pkl', 'zip'],
    ['model.pkl', 'torch'],
    ['model.joblib', 'onnx'],
    ['model.pt', 'pickle'],
    ['model.pt2', 'torchscript'],
    ['model.npy', 'pickle'],
    ['model.json', 'pickle'],
    ['model.txt', 'pickle'],
    ['model.h5', 'pickle'],
    ['model.tar.gz', 'pickle'],
    ['model.zip', 'pickle'],
    ['rows.csv', 'pickle'],
  ])('%s holding %s is refused', (name, format) => {
    expect(extensionDisagrees(name, format)).toBe(true)
    expect(() => refuseDisagreement(name, format)).toThrow(expect.objectContaining({ code: 'refused' }))
  })

  test.each<[string, FileFormat]>([
    ['model.pkl', 'pickle'],
    ['model.pickle', 'packed-pickle'],
    ['model.joblib', 'pickle'],
    ['model.pkl.gz', 'packed-pickle'],
    ['model.tar.gz', 'packed-tar'],
    ['model.sav', 'pickle'],
    ['model.model', 'pickle'],
    ['model.model', 'xgboost-binary'],
    ['model.bin', 'lightgbm'],
    ['model.dat', 'torch'],
    ['model', 'pickle'],
    ['model.v1', 'pickle'],
    ['model.json', 'xgboost-json'],
    ['fraud.pipeline.json', 'pipeline'],
    ['model.txt', 'lightgbm'],
    ['model.pth', 'torch'],
    ['model.pt', 'torchscript'],
    ['model.pt', 'pt2'],
    ['model.zip', 'pt2'],
    ['model.onnx', 'unknown'],
    ['model.onnx', 'empty'],
  ])('%s holding %s passes', (name, format) => {
    expect(extensionDisagrees(name, format)).toBe(false)
    expect(() => refuseDisagreement(name, format)).not.toThrow()
  })
})
