import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { refusal } from '../../core/refusal.fixture.ts'
import { widenHalves } from '../../tensor/half.ts'
import { makeZip } from '../archives/zip.fixture.ts'
import type { NdArray, NumericNdArray, PyValue } from '../python/values.ts'
import { readNpy } from './npy.ts'
import { readNpz } from './npz.ts'

interface SavedArray {
  readonly name: string
  readonly shape: readonly number[]
  readonly elements: readonly string[] | Readonly<Record<string, readonly string[]>>
  readonly file: string
}

const ARRAYS = readFileSync(join(import.meta.dirname, 'fixtures/arrays.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as SavedArray)

/** The elements of an array as text, in C order, as the fixture's script prints them. */
function elementsOf(array: NdArray): unknown {
  switch (array.holds) {
    case 'records':
      return Object.fromEntries([...array.fields].map(([name, field]) => [name, elementsOf(field)]))
    case 'text':
      return array.data
    case 'bytes':
      return array.data.map((bytes) => Buffer.from(bytes).toString('latin1'))
    case 'objects':
      return array.data.map(plain)
    case 'numbers':
      return numbersOf(array)
  }
}

function numbersOf({ dtype: { code, itemSize }, data }: NumericNdArray): string[] {
  const isHalf = code === 'f' && itemSize === 2
  const values: readonly (number | bigint)[] = [...(isHalf ? widenHalves('FP16', data as Uint16Array) : data)]
  if (code === 'b') return values.map((bit) => (bit === 1 ? 'True' : 'False'))
  if (code !== 'f' && code !== 'c') return values.map(String)
  const floats = values.map((value) => float(Number(value)))
  if (code === 'f') return floats
  return floats.filter((_, i) => i % 2 === 0).map((real, i) => `${real} ${floats[2 * i + 1] ?? ''}`)
}

/** `None`, text and numbers. */
function plain(value: PyValue): string {
  if (value === null) return 'None'
  return typeof value === 'object' ? value.constructor.name : String(value)
}

/** As Python prints it. */
function float(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text
}

describe('readNpy', () => {
  test.each(ARRAYS.map((array) => [array.name, array] as const))('reads %s as numpy saved it', (_name, saved) => {
    const array = readNpy(Buffer.from(saved.file, 'base64'))
    expect(array.shape).toEqual(saved.shape)
    expect(elementsOf(array)).toEqual(saved.elements)
  })

  const doubles = Buffer.from(ARRAYS.find(({ name }) => name === 'd <')?.file ?? '', 'base64')

  test('gives a view of numbers that lie as they should', () => {
    const aligned = new Uint8Array(doubles)
    const array = readNpy(aligned)
    expect(array.holds === 'numbers' && array.data.buffer === aligned.buffer).toBe(true)
  })

  test.each<[string, (text: string) => string, RegExp]>([
    ['fewer elements than its shape', (text) => text.replace('(2, 3)', '(2, 4)'), /takes 64/],
    ['a shape that overflows', (text) => text.replace('(2, 3)', '(99999999999, 99999999999)'), /side of/],
    ['a size that is no number', (text) => text.replace('(2, 3)', '(2, -3)'), /not what numpy writes/],
    ['code in its header', (text) => text.replace("'<f8'", '__import__("os")'), /not what numpy writes/],
    ['a type in a type without end', (text) => text.replace("'<f8'", "[('a', ".repeat(9)), /in one another/],
    ['two fields of one name', (text) => text.replace("'<f8'", "[('a', '<i4'), ('a', '<i4')]"), /two fields/],
    ['another format', () => 'PK', /no .npy file/],
  ])('refuses %s', (_what, change, message) => {
    const error = refusal(() => readNpy(changed(doubles, change)))
    expect(error.code).toBe('refused')
    expect(error.message).toMatch(message)
  })

  /** A file with another text in its header, and the header's length made to fit. */
  function changed(file: Buffer, change: (text: string) => string): Buffer {
    const text = change(file.toString('latin1'))
    const bytes = Buffer.from(text, 'latin1')
    if (bytes.length > 10) bytes.writeUInt16LE(file.readUInt16LE(8) + bytes.length - file.length, 8)
    return bytes
  }

  test('refuses bytes behind the array, and an array that is cut', () => {
    expect(refusal(() => readNpy(Buffer.concat([doubles, Buffer.from('x')]))).code).toBe('refused')
    expect(refusal(() => readNpy(doubles.subarray(0, -1))).code).toBe('refused')
  })

  test('names the type that differs from machine to machine', () => {
    expect(refusal(() => readNpy(changed(doubles, (text) => text.replace("'<f8'", "'<f16'"))))).toMatchObject({
      code: 'unsupported',
    })
  })

  test('refuses objects that would run code', () => {
    const pickle = Buffer.from('\x80\x03cos\nsystem\nX\x02\0\0\0id\x85R.', 'latin1')
    const header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
    const file = Buffer.concat([
      Buffer.from(`\x93NUMPY\x01\0${String.fromCharCode(header.length)}\0${header}`, 'latin1'),
      pickle,
    ])
    const error = refusal(() => readNpy(file, 'labels.npy'))
    expect(error.code).toBe('refused')
    expect(error.message).toContain('os.system')
  })

  test('ends in an array or a ServingError whatever is changed in a file', () => {
    const files = ARRAYS.map(({ file }) => Buffer.from(file, 'base64'))
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.nat(), fc.nat(255), fc.nat(), (file, at, byte, cut) => {
        const mutant = Buffer.from(file)
        mutant[at % file.length] = byte
        try {
          readNpy(cut % 4 === 0 ? mutant.subarray(0, cut % file.length) : mutant)
        } catch (error) {
          if (!(error instanceof ServingError)) throw error
          expect(['refused', 'unsupported', 'too_large']).toContain(error.code)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('readNpz', () => {
  const [first, second] = ARRAYS.map(({ file }) => Buffer.from(file, 'base64'))

  test('reads arrays by their names', () => {
    const arrays = readNpz(
      makeZip([
        { name: 'X.npy', content: first ?? '' },
        { name: 'a/y.npy', content: second ?? '', isDeflated: true },
      ]),
    )
    expect([...arrays.keys()]).toEqual(['X', 'a/y'])
    expect(arrays.get('X')?.shape).toEqual([2, 3])
  })

  test('says which array is damaged, and refuses other files', () => {
    const error = refusal(() => readNpz(makeZip([{ name: 'X.npy', content: 'junk' }])))
    expect(error.message).toMatch(/^array "X": /)
    expect(refusal(() => readNpz(makeZip([{ name: 'X.txt' }]))).code).toBe('refused')
    expect(refusal(() => readNpz(makeZip([]))).code).toBe('refused')
  })
})
