import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { isKind } from './refs.ts'
import { readPickle, type ReadPickleOptions } from './read-pickle.ts'
import { shown } from './shown.fixture.ts'

/** Instructions as they stand in the file, in Latin-1. */
function read(program: string, options?: ReadPickleOptions): unknown {
  return shown(readPickle(Buffer.from(program, 'latin1'), options).root)
}

function failure(program: string, options?: ReadPickleOptions): ServingError {
  try {
    read(program, options)
  } catch (error) {
    if (error instanceof ServingError) return error
    throw error
  }
  throw new Error(`${JSON.stringify(program)} was read`)
}

const int = (value: number): unknown => ({ int: String(value) })
const str = (value: string): unknown => ({ str: value })

describe('what only old protocols have', () => {
  test.each<[string, string, unknown]>([
    ['INT', 'I-12\n.', int(-12)],
    ['INT of a truth', 'I01\n.', true],
    ['INT of a falsehood', 'I00\n.', false],
    ['LONG', 'L123456789012345678901L\n.', { int: '123456789012345678901' }],
    ['LONG1', '\x8a\x02\x00\xff.', int(-256)],
    ['LONG1 of nothing', '\x8a\x00.', int(0)],
    ['LONG4', '\x8b\x01\x00\x00\x00\x80.', int(-128)],
    ['FLOAT', 'F-1.5e3\n.', { float: 'c097700000000000' }],
    ['FLOAT that is infinite', 'F-inf\n.', { float: 'fff0000000000000' }],
    ['UNICODE', 'Vgr\\u00f6\xdfe \\U0001f600 \\\\u0041\n.', str('größe 😀 \\\\u0041')],
    ['STRING', "S'it\\'s \\x41\\n\\101'\n.", str("it's A\nA")],
    ['STRING that is no ASCII', "S'\\xe9'\n.", { bytes: 'e9' }],
    ['BINSTRING', 'T\x02\x00\x00\x00ab.', str('ab')],
    ['SHORT_BINSTRING that is no ASCII', 'U\x02a\xff.', { bytes: '61ff' }],
    ['LIST', '(I1\nI2\nl.', { list: [int(1), int(2)] }],
    ['DICT', "(S'a'\nI1\nS'a'\nI2\nd.", { dict: [[str('a'), int(2)]] }],
    ['PUT and GET', "(S'a'\np2\ng2\nt.", { tuple: [str('a'), str('a')] }],
    ['DUP', 'I1\n2\x86.', { tuple: [int(1), int(1)] }],
    ['POP', '(I1\nI2\n0t.', { tuple: [int(1)] }],
    ['POP of a mark', 'I1\n(0.', int(1)],
    ['POP_MARK', 'I1\n(I2\nI3\n1.', int(1)],
    ['APPEND and SETITEM', '(]I1\na}I2\nI3\nst.', { tuple: [{ list: [int(1)] }, { dict: [[int(2), int(3)]] }] }],
  ])('%s is read', (_name, program, expected) => {
    expect(read(program)).toEqual(expected)
  })

  test('texts of Python 2 say that it wrote the file', () => {
    expect(readPickle(Buffer.from("S'a'\n."))).toMatchObject({ protocol: 0, isPython2: true })
    expect(readPickle(Buffer.from('U\x01a.'))).toMatchObject({ protocol: 1, isPython2: true })
    expect(readPickle(Buffer.from('Va\n.'))).toMatchObject({ protocol: 0, isPython2: false })
  })

  test('an array of Python 2, whose bytes are a text, is read', () => {
    const program =
      "cnumpy.core.multiarray\n_reconstruct\np1\n(cnumpy\nndarray\np2\n(I0\ntp3\nS'b'\np4\ntp5\nRp6\n(I1\n(I2\ntp7\ncnumpy\ndtype\np8\n" +
      "(S'f8'\np9\nI0\nI1\ntp10\nRp11\n(I3\nS'<'\np12\nNNNI-1\nI-1\nI0\ntp13\nbI00\nS'\\x00\\x00\\x00\\x00\\x00\\x00\\xf8?\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xc0'\np14\ntp15\nb."
    expect(read(program)).toEqual({
      array: 'f8',
      shape: [2],
      items: [{ float: '3ff8000000000000' }, { float: 'c000000000000000' }],
    })
  })
})

describe('keys of a dict', () => {
  test('that Python holds for equal are one, and keep the first and its place', () => {
    const program = '(K\x01K\x07K\x02K\x00\x88K\x08G\x3f\xf0\x00\x00\x00\x00\x00\x00K\x09d.'
    expect(read(program)).toEqual({
      dict: [
        [int(1), int(9)],
        [int(2), int(0)],
      ],
    })
    expect(read('((K\x01Va\ntK\x03(K\x01Va\ntK\x05d.')).toEqual({
      dict: [[{ tuple: [int(1), str('a')] }, int(5)]],
    })
  })

  test('that are NaN are as many as they are', () => {
    const nan = 'G\x7f\xf8\x00\x00\x00\x00\x00\x00'
    expect(read(`(${nan}K\x01${nan}K\x02d.`)).toMatchObject({ dict: { length: 2 } })
  })

  test('are apart where they only look the same inside the reader', () => {
    expect(read('(K\x01NV\\u0000i1\nNV\\u0000s\\u0000i1\nNd.')).toMatchObject({ dict: { length: 3 } })
  })

  test('that are named after parts of JavaScript are only names', () => {
    const { root } = readPickle(Buffer.from('(V__proto__\nK\x01Vconstructor\nK\x02Vhas\\u0000\nK\x03d.', 'latin1'))
    expect(isKind(root, 'dict') && [...root.byName]).toEqual([
      ['__proto__', 1n],
      ['constructor', 2n],
      ['has\0', 3n],
    ])
  })

  test('are found again in a dict of any keys', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.oneof(fc.nat(50), fc.string({ maxLength: 2, unit: fc.constantFrom('a', '1', 'i') })), fc.nat(99)),
        ),
        (pairs) => {
          const program = pairs.map(
            ([key, value]) => `${typeof key === 'number' ? `I${key}\n` : `V${key}\n`}I${value}\n`,
          )
          const expected = [...new Map(pairs)].map(([key, value]) => [
            typeof key === 'number' ? int(key) : str(key),
            int(value),
          ])
          expect(read(`(${program.join('')}d.`)).toEqual({ dict: expected })
        },
      ),
    )
  })
})

describe('a damaged pickle is refused in words', () => {
  test.each<[string, string, string | RegExp]>([
    ['of no bytes', '', 'is empty'],
    ['without STOP', 'N', 'ends without its STOP'],
    ['with an unknown instruction', '\xff.', 'has the byte 0xff where an instruction must stand'],
    ['cut in a number', 'J\x01\x00', 'ends after 3 bytes, 2 too early'],
    ['cut in a line', 'Vabc', 'ends inside a line'],
    ['that claims a length', 'B\xff\xff\xff\xffab.', 'too early'],
    ['that claims a length beyond numbers', '\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xffab.', 'too early'],
    ['that claims a length below zero', '\x80\x02\x8b\xff\xff\xff\xff.', 'claims a length of -1'],
    ['with text that is no UTF-8', '\x80\x04\x8c\x02\xc3\x28.', 'text that is no UTF-8'],
    ['that asks for what it has not kept', 'h\x05.', 'asks for value 5'],
    ['that keeps nothing', 'q\x00.', 'takes a value that is not there'],
    ['that keeps a value as number four billion', 'Nr\xff\xff\xff\xff.', 'keeps a value as number 4294967295 after 2'],
    ['that takes from outside its container', 'N(0t.', 'closes what was not opened'],
    ['that reaches behind a mark', 'N(\x85.', 'takes a value that is not there'],
    ['that appends to a number', 'K\x01Na.', 'appends to what is no list'],
    ['that appends to a tuple', ')Na.', 'appends to what is no list'],
    ['that sets an item of a list', ']NNs.', 'sets an item of what is no dict'],
    ['with a key alone', '}(Nu.', 'has a key without a value'],
    ['that adds to a list', ']\x28N\x90.', 'adds to what is no set'],
    ['that builds a number', 'K\x01}b.', 'gives a state to what has none'],
    ['that calls a number', 'K\x01)R.', 'calls what cannot be called'],
    ['that calls with a list', 'cnumpy\ndtype\n]R.', 'calls with arguments that are no tuple'],
    ['that names by numbers', '\x80\x04K\x01K\x02\x93.', 'names something by what is no text'],
    ['that states its protocol later', 'N\x80\x04.', 'states its protocol in its middle'],
    ['of a protocol to come', '\x80\x06N.', 'is of protocol 6'],
    ['with a frame longer than it is', '\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00N.', 'claims a frame of 255 bytes'],
    [
      'with a frame in a frame',
      '\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x95\x01\x00\x00\x00\x00\x00\x00\x00N.',
      'a frame inside a frame',
    ],
    [
      'with a frame that cuts',
      '\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00K\x01.',
      'frame that ends inside an instruction',
    ],
    ['with two values', 'NN.', 'ends with 2 values'],
    ['with an open container', '(N.', 'ends with 1 values'],
    ['with something behind it', 'N.N.', /2 bytes follow the end of the pickle \(byte 2\)/],
    ['with an extension', '\x82\x01.', 'extension registry'],
    ['with buffers elsewhere', '\x97.', 'buffers elsewhere'],
    ['with persistent ids', 'Pid\n.', 'persistent ids'],
    ['with a number of many digits', `L${'1'.repeat(5000)}\n.`, 'has a line of 5000 bytes'],
    ['with no number', 'Ione\n.', 'has no whole number'],
    ['with no float', 'F0x1\n.', 'has no number'],
    ['with a text without quotes', 'Sabc\n.', 'has a text without its quotes'],
    ['with a broken escape', "S'\\xg0'\n.", 'broken escape'],
    ['with a broken escape of Unicode', 'V\\u12\n.', 'broken escape'],
    [
      'that changes an array',
      "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nNNtR(I1\n(I0\ntcnumpy\ndtype\n(S'f8'\ntRI00\nS''\ntp2\nbg2\nb.",
      'an array changes after it was used',
    ],
    [
      'that changes an element type',
      "cnumpy\ndtype\n(S'f8'\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntp2\nbg2\nb.",
      'an element type changes after it was used',
    ],
    [
      'with an element type that lies in itself',
      "cnumpy\ndtype\n(S'V8'\ntRp1\n(I3\nS'|'\nN(S'a'\nt(S'a'\n(g1\nI0\ntdI8\nI1\nI0\ntb.",
      'an element type lies in itself',
    ],
    ['of containers in containers', '('.repeat(5000), 'has over 2000 containers open'],
  ])('%s', (_name, program, message) => {
    const error = failure(program)
    expect(error.code).toBe('refused')
    expect(error.message).toMatch(message)
    expect(error.details).toMatchObject({ offset: expect.any(Number), globals: expect.any(Array) })
  })

  test('saying which names it had read up to there', () => {
    const error = failure('csklearn.svm._classes\nSVC\ncos\nsystem\n\xff.')
    expect(error.message).toContain('before that it names "os.system" (byte 26), which runs code')
    expect(error.details).toMatchObject({
      offset: 37,
      globals: [
        { module: 'sklearn.svm._classes', name: 'SVC', offset: 0, verdict: 'data' },
        { module: 'os', name: 'system', offset: 26, verdict: 'dangerous' },
      ],
    })
  })
})

describe('limits', () => {
  test('stop a file that copies a text again and again', () => {
    const text = 'x'.repeat(1_000_000)
    const copy = 'h\x01h\x00Vlatin1\n\x86R0'
    const error = failure(`\x80\x02X\x40\x42\x0f\x00${text}q\x00c_codecs\nencode\nq\x01${copy.repeat(100)}.`)
    expect(error).toMatchObject({
      code: 'too_large',
      message: expect.stringMatching(/unfolds to more than 6\d\.\d MiB/),
    })
  })

  test('stop a file that copies a list again and again', () => {
    const program = `\x80\x02](${'N'.repeat(100_000)}eq\x00c__builtin__\nlist\nq\x01${'h\x01h\x00\x85R0'.repeat(20)}.`
    expect(failure(program)).toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('operations to read'),
    })
  })

  test('stop a file of more objects than a model of its size has', () => {
    expect(failure(']'.repeat(1_500_000))).toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('objects'),
    })
  })

  test('stop an array of elements that have no bytes', () => {
    const program =
      "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2000000000\ntcnumpy\ndtype\n(S'S0'\ntRI00\nS''\ntb."
    expect(failure(program)).toMatchObject({ code: 'too_large' })
  })

  test('count what is looked through again and again', () => {
    const text = 'x'.repeat(1_000_000)
    const calls = 'h\x01h\x00Vlatin1\n\x86R0'.repeat(100)
    const program = `\x80\x02X\x43\x42\x0f\x00${text}\xe2\x82\xacq\x00c__builtin__\nbytearray\nq\x01${calls}.`
    expect(failure(program)).toMatchObject({ code: 'too_large' })
    const keys = `V${'a'.repeat(1_000_000)}\n\x85p1\n0}(${'g1\nN'.repeat(1000)}u.`
    expect(read(keys)).toMatchObject({ dict: { length: 1 } })
  })

  test('let deep, shared and circular values pass, which take no more than their bytes', () => {
    const deep = readPickle(Buffer.from(`\x80\x02N${'\x85'.repeat(200_000)}.`, 'latin1'))
    expect(isKind(deep.root, 'tuple')).toBe(true)
    const laughs = readPickle(Buffer.from(`\x80\x02Nq\x00${'h\x00\x86q\x00'.repeat(60)}.`, 'latin1'))
    expect(isKind(laughs.root, 'tuple')).toBe(true)
    const loop = readPickle(Buffer.from('\x80\x02]q\x00h\x00a.', 'latin1'))
    expect(isKind(loop.root, 'list') && loop.root.items[0]).toBe(loop.root)
  })

  test('can be set', () => {
    expect(failure('(NNNt.', { limits: { maxOperations: 3 } })).toMatchObject({ code: 'too_large' })
  })
})

test('persistent ids are what the caller makes of them', () => {
  const ids: unknown[] = []
  const document = readPickle(Buffer.from("(Pone\nS'two'\nQt.", 'latin1'), {
    persistent: (id, offset) => {
      ids.push([id, offset])
      return `value of ${typeof id === 'string' ? id : ''}`
    },
  })
  expect(shown(document.root)).toEqual({ tuple: [str('value of one'), str('value of two')] })
  expect(ids).toEqual([
    ['one', 1],
    ['two', 13],
  ])
})
