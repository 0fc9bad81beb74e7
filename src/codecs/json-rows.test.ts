import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import type { Signature } from '../tensor/signature.ts'
import { decodeJsonLines } from './json-lines.ts'
import { decodeJsonRows, parseJson } from './json-rows.ts'
import { planRows } from './row-layout.ts'

const FOUR: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }], outputs: [] }
const NAMED: Signature = {
  inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 2], columns: ['age', '__proto__'] }],
  outputs: [],
}
const IMAGE: Signature = { inputs: [{ name: 'x', datatype: 'UINT8', shape: [-1, 2, 2] }], outputs: [] }
const WIDE: Signature = { inputs: [{ name: 'x', datatype: 'INT64', shape: [-1, -1] }], outputs: [] }
const PAIR: Signature = {
  inputs: [
    { name: 'a', datatype: 'INT64', shape: [-1, 1] },
    { name: 'b', datatype: 'BYTES', shape: [-1, 2] },
  ],
  outputs: [],
}

function decode(text: string, signature: Signature, input = 'x'): unknown[] {
  const layout = planRows(signature)
  const rows = parseJson(text, layout, 'the body') as unknown[]
  const tensor = decodeJsonRows(rows, layout).inputs.get(input)
  return tensor?.datatype === 'BYTES'
    ? tensor.data.map((bytes) => Buffer.from(bytes).toString())
    : Array.from((tensor?.data ?? []) as Float64Array)
}

describe('JSON rows', () => {
  test.each<[string, string, Signature, string, unknown[]]>([
    ['arrays', '[[1,2,3,4],[5,6,7,null]]', FOUR, 'x', [1, 2, 3, 4, 5, 6, 7, Number.NaN]],
    ['objects of features', '[{"features":[1,2,3,4]}]', FOUR, 'x', [1, 2, 3, 4]],
    ['objects by input', '[{"x":[1,2,3,4]}]', FOUR, 'x', [1, 2, 3, 4]],
    ['objects by column, __proto__ among them', '[{"__proto__":2,"age":1}]', NAMED, 'x', [1, 2]],
    ['truth values as numbers', '[[true,false,3,4]]', FOUR, 'x', [1, 0, 3, 4]],
    ['truth values as integers', '[[true,9007199254740993]]', WIDE, 'x', [1n, 9007199254740993n]],
    ['nested arrays', '[[[1,2],[3,4]]]', IMAGE, 'x', [1, 2, 3, 4]],
    ['flat arrays for a nested shape', '[[1,2,3,4]]', IMAGE, 'x', [1, 2, 3, 4]],
    ['integers beyond 2^53', '[[9007199254740993,-9223372036854775808]]', WIDE, 'x', [9007199254740993n, -(2n ** 63n)]],
    ['several inputs by name', '[{"b":["u","v"],"a":1}]', PAIR, 'b', ['u', 'v']],
    ['several inputs in order', '[[1,["u","v"]],[[2],["w","z"]]]', PAIR, 'a', [1n, 2n]],
    ['several inputs in one flat array', '[[1,"u","v"]]', PAIR, 'b', ['u', 'v']],
  ])('%s are taken', (_name, text, signature, input, expected) => {
    expect(decode(text, signature, input)).toEqual(expected)
  })

  test.each<[string, string, Signature, string]>([
    ['no rows', '[]', FOUR, 'there are no rows'],
    ['a number as text', '[["1",2,3,4]]', FOUR, 'row 1: column 1 ("x_0"): the text "1" is no number'],
    ['a number out of range', '[[1,1e400,3,4]]', FOUR, 'out of the range of FP32'],
    ['a fraction', '[[1.5]]', WIDE, '1.5 has a fraction'],
    ['digits beyond 2^53 with an exponent', '[[1e17]]', WIDE, 'beyond 2^53'],
    ['an integer beyond 64 bits', '[[99999999999999999999]]', WIDE, 'out of the range of INT64'],
    ['half a surrogate pair', '[{"a":1,"b":["\\ud800",""]}]', PAIR, 'half a surrogate pair'],
    ['a short row', '[[1,2,3,4],[1,2]]', FOUR, 'row 2: the array has 2 values where 4 are expected'],
    ['a row of another shape', '[[[1,2,3],[4]]]', IMAGE, 'has not the shape [2,2]'],
    ['a missing name', '[{"age":1}]', NAMED, 'row 1: "__proto__" is missing'],
    ['an inherited name', '[{"age":1,"b":{}}]', NAMED, '"__proto__" is missing'],
    [
      'an unknown name',
      '[{"age":1,"__proto__":2,"id":3}]',
      NAMED,
      'the name "id" is unknown; the model takes "age", "__proto__"',
    ],
    ['a bare value for four', '[7]', FOUR, 'the row is a number'],
    ['null', '[null]', FOUR, 'the row is null'],
  ])('%s is refused by row', (_name, text, signature, message) => {
    expect(() => decode(text, signature)).toThrow(ServingError)
    expect(() => decode(text, signature)).toThrow(message)
  })

  test('nothing in a document reaches the prototype of objects', () => {
    expect(() => decode('[{"constructor":{"prototype":{"polluted":1}},"__proto__":{"polluted":1}}]', NAMED)).toThrow(
      ServingError,
    )
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('a broken document is refused with the place and without its text', () => {
    expect(() => decode('[[1,2,<script>]]', FOUR)).toThrow(/^the body is not valid JSON: "<" is unexpected$/)
    expect(() => decode('[[1,2', FOUR)).toThrow(/^the body is not valid JSON at position 5 \(line 1 column 6\)$/)
    expect(() => decode('[[NaN,2,3,4]]', FOUR)).toThrow('JSON has no NaN: send null')
  })

  test.each(['[', '{"a":'])('a hundred thousand levels of %s end in a refusal', (open) => {
    const close = open === '[' ? ']' : '}'
    for (const text of [open.repeat(100_000), `${open.repeat(100_000)}1234567890123456${close.repeat(100_000)}`])
      for (const signature of [FOUR, WIDE]) expect(() => decode(`[${text}]`, signature)).toThrow(ServingError)
  })

  test('a row that claims to be one of millions reserves no memory for the others', () => {
    const wide: Signature = { inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 5000] }], outputs: [] }
    const rows: unknown[] = Array.from({ length: 3_000_000 }, () => [])
    rows[0] = Array.from({ length: 5000 }, () => 1)
    expect(() => decodeJsonRows(rows, planRows(wide))).toThrow('row 2: the array has 0 values')
  })

  test('rows of many blocks stay in order', () => {
    const rows = Array.from({ length: 600_000 }, (_, i) => [i, i, i, -i])
    const data = decodeJsonRows(rows, planRows(FOUR)).inputs.get('x')?.data as Float32Array
    expect(data.length).toBe(2_400_000)
    expect(data[4 * 599_999 + 3]).toBe(-599_999)
  })

  test('no JSON value throws anything but a ServingError', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 3 }),
        fc.constantFrom(FOUR, NAMED, IMAGE, WIDE, PAIR),
        (rows, signature) => {
          try {
            decodeJsonRows(rows, planRows(signature))
          } catch (error) {
            expect(error).toBeInstanceOf(ServingError)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('JSON lines', () => {
  test('a BOM, CRLF and blank lines at the end change nothing', () => {
    const { inputs, rows } = decodeJsonLines(
      Buffer.from('\ufeff[1,2,3,4]\r\n{"features":[5,6,7,8]}\r\n\r\n'),
      planRows(FOUR),
    )
    expect(rows).toBe(2)
    expect(Array.from(inputs.get('x')?.data as Float32Array)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('one broken line in a thousand is refused by its number', () => {
    const lines = Array.from({ length: 1000 }, (_, i) => (i === 665 ? '[1,2,3' : '[1,2,3,4]'))
    expect(() => decodeJsonLines(Buffer.from(lines.join('\n')), planRows(FOUR))).toThrow('line 666 is not valid JSON')
  })

  test.each([
    ['', 'are empty'],
    ['\n', 'are empty'],
    ['[1,2,3,4]\n\n[1,2,3,4]', 'line 2: the line is blank'],
    ['[1,2,3,4] [1,2,3,4]', 'line 1 is not valid JSON'],
    ['[1,2,3,4]\n{"x":[1,2,3,4],"x":[5,6,7,8]}', 'line 2: the key "x" stands twice in one object'],
  ])('the text %j is refused', (text, message) => {
    expect(() => decodeJsonLines(Buffer.from(text), planRows(FOUR))).toThrow(message)
  })

  test('bytes that are not UTF-8 are refused', () => {
    expect(() => decodeJsonLines(Uint8Array.of(0x5b, 0xff), planRows(FOUR))).toThrow('not valid UTF-8')
  })
})
