import { describe, expect, test } from 'vitest'
import { isKind } from './refs.ts'
import { readPythonFile } from './read-joblib.ts'
import { readPickle } from './read-pickle.ts'
import { pickleCases } from './shown.fixture.ts'

function bytesOf(name: string, form: string): Buffer {
  const data = pickleCases().find((one) => one.name === name)?.forms[form]
  if (data === undefined) throw new Error(`${name} has no ${form}`)
  return Buffer.from(data, 'base64')
}

const raw = bytesOf('array f8', 'joblib, between others')

describe('a file of joblib', () => {
  test('says so, and how it was compressed', () => {
    expect(readPythonFile(raw)).toMatchObject({ isJoblib: true, compression: undefined })
    expect(readPythonFile(bytesOf('compressed', 'joblib lzma'))).toMatchObject({ isJoblib: true, compression: 'lzma' })
    expect(readPythonFile(bytesOf('array f8', 'protocol 4'))).toMatchObject({ isJoblib: false, compression: undefined })
  })

  test('gives its arrays as views of its bytes', () => {
    const bytes = new Uint8Array(new ArrayBuffer(raw.length))
    bytes.set(raw)
    const { root } = readPythonFile(bytes)
    const array = isKind(root, 'list') ? root.items[1] : undefined
    expect(isKind(array, 'ndarray') && array.holds === 'numbers' && array.data.buffer === bytes.buffer).toBe(true)
  })

  test('is read wherever in memory it lies', () => {
    for (let shift = 0; shift < 8; shift++) {
      const bytes = new Uint8Array(new ArrayBuffer(raw.length + shift), shift)
      bytes.set(raw)
      const { root } = readPythonFile(bytes)
      const array = isKind(root, 'list') ? root.items[1] : undefined
      expect(isKind(array, 'ndarray') && array.holds === 'numbers' && [...array.data]).toEqual([0, 1, 2, 100])
    }
  })

  test.each<[string, Buffer, RegExp]>([
    ['is cut in an array', raw.subarray(0, raw.length - 20), /ends after \d+ bytes/],
    ['has something behind it', Buffer.concat([raw, Buffer.from('x')]), /1 bytes follow the end/],
    ['claims more padding than its arrays lie apart', padded(200), /has 200 bytes of padding/],
    ['is of joblib before 0.10', Buffer.from('ZF0x1c              x'), /joblib before 0\.10/],
    [
      'has its arrays in other files',
      Buffer.from(
        '\x80\x02cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}(X\x08\x00\x00\x00filenameX\x05\x00\x00\x00a.npyub.',
        'latin1',
      ),
      /joblib before 0\.10.*joblib\.dump\(joblib\.load/,
    ],
    [
      'has its arrays in other compressed files',
      Buffer.from('\x80\x02csklearn.externals.joblib.numpy_pickle\nZNDArrayWrapper\n)\x81}b.', 'latin1'),
      /joblib before 0\.10/,
    ],
  ])('that %s is refused', (_name, bytes, message) => {
    expect(() => readPythonFile(bytes)).toThrow(message)
  })

  test('holds no names that are not told, in arrays of objects too', () => {
    const nested = bytesOf('array of objects', 'joblib, between others')
    // the second PROTO is that of the array's own pickle
    const at = nested.lastIndexOf(0x80)
    expect(at).toBeGreaterThan(10)
    const evil = Buffer.concat([nested.subarray(0, at + 2), Buffer.from('cos\nsystem\n0'), nested.subarray(at + 2)])
    const document = readPythonFile(evil)
    expect(document.dangers).toMatchObject([{ module: 'os', name: 'system', offset: at + 2 }])
  })

  test('is no plain pickle', () => {
    expect(() => readPickle(raw)).toThrow(/it is damaged or was tampered with/)
  })
})

/** The file with another number of bytes of padding before its array. */
function padded(count: number): Buffer {
  const bytes = Buffer.from(raw)
  const padding = bytes.indexOf(0xff, bytes.indexOf('numpy_array_alignment_bytes'))
  bytes[padding - 1] = count
  return bytes
}
