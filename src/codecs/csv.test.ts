import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { refusal } from '../core/refusal.fixture.ts'
import type { Signature } from '../tensor/signature.ts'
import { decodeCsv, type HeaderRule } from './csv.ts'
import { planRows } from './row-layout.ts'

const FOUR: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }], outputs: [] }
const NAMED: Signature = {
  inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 3], columns: ['age', 'height', 'weight'] }],
  outputs: [],
}
const MIXED: Signature = {
  inputs: [
    { name: 'id', datatype: 'INT64', shape: [-1, 1] },
    { name: 'city', datatype: 'BYTES', shape: [-1] },
    { name: 'score', datatype: 'UINT8', shape: [-1, 1] },
    { name: 'isNew', datatype: 'BOOL', shape: [-1, 1] },
  ],
  outputs: [],
}
const ONE: Signature = { inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 1] }], outputs: [] }
const WIDE: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }], outputs: [] }

function decode(text: string | Uint8Array, signature: Signature, header?: HeaderRule) {
  return decodeCsv(typeof text === 'string' ? Buffer.from(text) : text, planRows(signature), header)
}

function values(text: string, signature: Signature, input = 'x', header?: HeaderRule): unknown[] {
  const tensor = decode(text, signature, header).inputs.get(input)
  return tensor?.datatype === 'BYTES'
    ? tensor.data.map((bytes) => Buffer.from(bytes).toString())
    : Array.from((tensor?.data ?? []) as Float64Array)
}

describe('a CSV body', () => {
  test('without a header has its columns in the order of the signature', () => {
    expect(values('1,2,3,4\n5,6,7,8\n', FOUR)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(decode('1,2,3,4\n5,6,7,8', FOUR).inputs.get('x')?.shape).toEqual([2, 4])
  })

  test('with a header has its columns in any order', () => {
    expect(values('weight,age,height\n70,30,1.8\n', NAMED)).toEqual([30, 1.8, 70])
  })

  test('a BOM, CRLF, quoted fields, spaces around numbers and blank lines at the end change nothing', () => {
    expect(values('\ufeffage,"height",weight\r\n"30", 1.8 ,\t70\r\n\r\n\n', NAMED)).toEqual([30, 1.8, 70])
  })

  test('one input for each column takes each datatype exactly', () => {
    const text = 'id,city,score,isNew\n9007199254740993,"Den ""Haag"", NL\nEU",255,True\n-1.0,"",7,0\n'
    expect(values(text, MIXED, 'id')).toEqual([9007199254740993n, -1n])
    expect(values(text, MIXED, 'city')).toEqual(['Den "Haag", NL\nEU', ''])
    expect(values(text, MIXED, 'score')).toEqual([255, 7])
    expect(values(text, MIXED, 'isNew')).toEqual([1, 0])
  })

  test.each(['', 'NaN', 'nan', ' '])('the missing value %j is NaN where the datatype has one', (missing) => {
    expect(values(`1,${missing},3,4`, FOUR)).toEqual([1, Number.NaN, 3, 4])
  })

  test('a model of free width takes the width of the first row', () => {
    expect(decode('1,2\n3,4\n5,6', WIDE).inputs.get('x')?.shape).toEqual([3, 2])
    expect(refusal(() => decode('1,2\n3,4,5', WIDE)).message).toContain('row 2: 3 fields where 2 are expected')
  })

  test('the header parameter says what a header is when the rows do not', () => {
    expect(values('x\n1', ONE)).toEqual([1])
    expect(refusal(() => decode('x\n1', ONE, 'absent')).message).toContain('row 1: column 1 ("x"): "x" is no number')
    expect(refusal(() => decode('1\n2', ONE, 'present')).message).toContain('the header lacks the column "x"')
  })

  test.each<[string, string, Signature, string, number | string | undefined]>([
    ['a short row', '1,2,3,4\n1,2,3', FOUR, 'row 2: 3 fields where 4 are expected', undefined],
    ['a long row', '1,2,3,4,5', FOUR, 'row 1: 5 fields where 4 are expected', undefined],
    ['an empty text', '', FOUR, 'is empty', undefined],
    ['a lone newline', '\n', FOUR, 'is empty', undefined],
    ['a lone BOM', '\ufeff\r\n', FOUR, 'is empty', undefined],
    ['a header and nothing else', 'age,height,weight\n', NAMED, 'a header and no rows', undefined],
    ['a blank line between rows', '1\n\n2', ONE, 'row 2: the line is blank', undefined],
    ['a word', '1,2,abc,4', FOUR, 'row 1: column 3 ("x_2"): "abc" is no number', 3],
    ['a formula', '1,=cmd(),3,4', FOUR, '"=cmd()" is no number', 2],
    ['tabs between columns', '1\t2\t3\t4', FOUR, '1 field where 4 are expected', undefined],
    ['a hexadecimal number', '1,0x10,3,4', FOUR, '"0x10" is no number', 2],
    ['an underscore', '1_000,2,3,4', FOUR, '"1_000" is no number', 1],
    ['a full-width digit', '１,2,3,4', FOUR, '"１" is no number', 1],
    ['an infinity', 'inf,2,3,4', FOUR, '"inf" is no number', 1],
    ['a number beyond FP32', '3.5e38,2,3,4', FOUR, 'out of the range of FP32', 1],
    ['a number beyond FP64', '1e999', ONE, 'out of the range of FP64', 1],
    ['a fraction for an integer', '1.5,a,1,1', MIXED, '"1.5" has a fraction, and INT64 takes whole numbers', 1],
    ['a number beyond INT64', '9223372036854775808,a,1,1', MIXED, 'out of the range of INT64', 1],
    ['a number beyond UINT8', '1,a,300,1', MIXED, 'out of the range of UINT8: 0 to 255', 3],
    ['a negative UINT8', '1,a,-1,1', MIXED, 'out of the range of UINT8', 3],
    ['an infinite UINT8', '1,a,-1e999,1', MIXED, 'out of the range of UINT8', 3],
    ['a missing integer', ',a,1,1', MIXED, 'the value is missing, and INT64 has no NaN', 1],
    ['a missing integer by its word', 'NaN,a,1,1', MIXED, 'missing value, and INT64 has no NaN', 1],
    ['a missing BOOL', '1,a,1,', MIXED, 'column 4 ("isNew"): the value is missing, and BOOL has no NaN', 4],
    ['a word for what is missing', 'NA,1,1,1', FOUR, '"NA" is no number; leave the field empty', 1],
    ['a number for a BOOL', '1,a,1,2', MIXED, '"2" is no BOOL', 4],
    ['an open quote', '1,2,3,"4\n5,6,7,8\n', FOUR, 'row 1: a quote is opened and never closed', undefined],
    ['text behind a closing quote', '1,2,"3"x,4', FOUR, 'text follows a closing quote', undefined],
    ['a quote inside a field', '1,2,3"3,4', FOUR, 'a quote stands inside an unquoted field', undefined],
    [
      'a header with another name',
      'age,height,size\n1,2,3',
      NAMED,
      'row 1 looks like a header, but it lacks the column "weight" and names "size", which the model does not take; it takes "age", "height", "weight"',
      undefined,
    ],
    ['a header that names a column twice', 'age,age,height\n1,2,3', NAMED, 'names the column "age" twice', 'age'],
    [
      'a header with a column more',
      'age,height,weight,id\n1,2,3,4',
      NAMED,
      'names the column "id", which the model does not take',
      undefined,
    ],
    ['a header with a column less', 'age,height\n1,2', NAMED, 'lacks the column "weight"; it names', undefined],
    [
      'a row with few of the names',
      'age,1,2\n1,2,3',
      NAMED,
      'were this row a header, it would name exactly "age", "height", "weight"',
      1,
    ],
  ])('%s is refused by row and column', (_name, text, signature, message, column) => {
    const error = refusal(() => decode(text, signature))
    expect(error.code).toBe('invalid_argument')
    expect(error.message).toContain(message)
    expect(error.details['column']).toBe(column)
  })

  test('a header that names a column twice, or one too many, is refused by its name', () => {
    expect(refusal(() => decode('age,age,height\n1,2,3', NAMED, 'present')).message).toContain(
      'names the column "age" twice',
    )
    expect(refusal(() => decode('age,id,height,weight\n1,2,3,4', NAMED, 'present')).message).toContain(
      '"id", which the model does not take',
    )
  })

  test('names with spaces around them, as spreadsheets have, are those of the columns that are called so', () => {
    const column = (name: string) => ({ name, datatype: 'BYTES', shape: [-1, 1] }) as const
    const spaced: Signature = { inputs: [column(' loan'), column('term '), column('term')], outputs: [] }
    const row = (text: string) => [' loan', 'term ', 'term'].map((name) => values(text, spaced, name)[0])
    expect(row('term, loan,term \na,b,c')).toEqual(['b', 'c', 'a'])
    expect(row('" loan","term ","term"\nb,c,a')).toEqual(['b', 'c', 'a'])
    // not a row of its own
    expect(values(' body\nx', { inputs: [column(' body')], outputs: [] }, ' body')).toEqual(['x'])
    expect(() => row('loan,term,term \na,b,c')).toThrow('lacks the column " loan" and names "loan"')
  })

  test.each([
    ['1;2;3', 'semicolons'],
    ['1\t2\t3', 'tabs'],
  ])('a line %j says what stands between its fields', (line, found) => {
    expect(() => decode(line, NAMED)).toThrow(
      `1 field where 3 are expected; fields have commas between them, and this line has ${found}`,
    )
  })

  test('columns that the model does not know are left out where they may stand there', () => {
    const layout = planRows(NAMED)
    const { inputs } = decodeCsv(Buffer.from('id,weight,age,height\nx,70,30,1.8'), layout, 'auto', 'allowed')
    expect(inputs.get('x')?.data).toEqual(Float64Array.of(30, 1.8, 70))
    const lacking = refusal(() => decodeCsv(Buffer.from('id,age,height\nx,30,1.8'), layout, 'auto', 'allowed'))
    expect(lacking.message).toContain('lacks the column "weight" and names "id"')
    expect(refusal(() => decodeCsv(Buffer.from('1,2,3,4'), layout, 'auto', 'allowed')).message).toContain(
      '4 fields where 3 are expected',
    )
  })

  test('a header that is said to be there names columns in their order, where the model has no names for them', () => {
    const [first, second] = ['w,x,y,z\n', '0,1,2,3\n']
    for (const header of [first, second]) {
      const { inputs, rows } = decodeCsv(Buffer.from(`${header}1,2,3,4\n`), planRows(FOUR), 'present')
      expect(rows).toBe(1)
      expect(Array.from([...inputs.values()][0]?.data as Float32Array)).toEqual([1, 2, 3, 4])
    }
    expect(refusal(() => decode('5,6,7,8\n1,2,3,4\n', FOUR, 'present')).message).toContain('header=absent')
    expect(refusal(() => decode('w,x,y\n1,2,3\n', FOUR, 'present')).message).toContain('lacks the column')
  })

  test('a first row of which most are names of columns is no row, even where each field can be a value', () => {
    const texts: Signature = {
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [-1, 3], columns: ['a', 'b', 'c'] }],
      outputs: [],
    }
    expect(refusal(() => decode('a,b,d\nx,y,z\n', texts)).message).toContain('looks like a header')
    expect(values('a,e,d\n', texts)).toEqual(['a', 'e', 'd'])
  })

  test('truth values are 1 and 0 in columns of numbers, as pandas and spreadsheets write them', () => {
    expect(values('True,false, TRUE ,False\n', FOUR)).toEqual([1, 0, 1, 0])
    expect(values('true,a,False,1\n', MIXED, 'id')).toEqual([1n])
    expect(values('true,a,False,1\n', MIXED, 'score')).toEqual([0])
    expect(refusal(() => values('yes,1,1,1\n', FOUR)).message).toContain('"yes" is no number')
  })

  test('bytes that are not UTF-8 are refused', () => {
    expect(refusal(() => decode(Uint8Array.of(0x31, 0xff, 0x2c), FOUR)).message).toContain('not valid UTF-8')
  })

  test('a million columns are refused without a million errors', () => {
    expect(refusal(() => decode('1,'.repeat(1_000_000), FOUR)).message).toContain('1000001 fields where 4 are expected')
    expect(refusal(() => decode('"1",'.repeat(300_000), FOUR)).message).toContain('300001 fields')
  })

  test('a model whose rows no table can express is unsupported', () => {
    const scalar: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [] }], outputs: [] }
    const free: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1, 3] }], outputs: [] }
    expect(refusal(() => planRows(scalar)).code).toBe('unsupported')
    expect(refusal(() => planRows(free)).message).toContain('Open Inference Protocol')
  })

  test('no text whatever throws anything but a ServingError', () => {
    const signatures = [FOUR, NAMED, MIXED, ONE, WIDE]
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .string({ unit: fc.constantFrom(...'0123,,\n\r"eE.-+ xaN\ufeff'.split('')), maxLength: 60 })
        .map((text) => Buffer.from(text)),
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(`age,height,weight\n${text}`)),
    )
    fc.assert(
      fc.property(
        junk,
        fc.constantFrom(...signatures),
        fc.constantFrom<HeaderRule>('auto', 'present', 'absent'),
        (bytes, signature, header) => {
          try {
            const { inputs, rows } = decode(bytes, signature, header)
            for (const tensor of inputs.values()) {
              expect(tensor.shape[0]).toBe(rows)
              expect(tensor.data.length).toBe(tensor.shape.reduce((product, size) => product * size, 1))
            }
          } catch (error) {
            expect(error).toBeInstanceOf(ServingError)
          }
        },
      ),
      { numRuns: 5000 },
    )
  })
})
