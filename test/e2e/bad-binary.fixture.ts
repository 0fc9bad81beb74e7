import { infer, requestOf, type BadRequest, type Row } from './bad-bodies.fixture.ts'

const HEADER = 'inference-header-content-length'
const FLOATS = Buffer.from(Float32Array.of(1, 2).buffer)

const inputOf = (name: string, sizeBytes: number | string, datatype = 'FP32', shape = '[1,2]') =>
  `{"name":"${name}","datatype":"${datatype}","shape":${shape},"parameters":{"binary_data_size":${sizeBytes}}}`

const X = inputOf('X', 8)
const inputs = (...list: string[]) => `{"inputs":[${list.join()}]}`

/** JSON, and bytes behind it; its length as the header says, or another. */
function binary(
  json: string,
  bytes: Uint8Array = FLOATS,
  length: number | string = Buffer.byteLength(json),
  model = 'linear',
) {
  const body = Buffer.concat([Buffer.from(json), bytes])
  return infer(model, body, length === '' ? '' : `${HEADER}: ${length}\r\n`)
}

/** Requests with the bytes of tensors behind their JSON whose parts do not fit one another, and some that do. */
export function badBinary(): readonly BadRequest[] {
  return [...headers(), ...sizes(), ...places()].map(requestOf)
}

function headers(): Row[] {
  const says = /Inference-Header-Content-Length/
  const json = inputs(X)
  const good = Buffer.byteLength(json)
  return [
    ['bytes behind the JSON', binary(json), 200, /\[9\]/],
    ['bytes behind the JSON, and no header', binary(json, FLOATS, ''), 400, says],
    ...[
      good + 9,
      -1,
      -good,
      'NaN',
      'abc',
      `${good}.0`,
      `+${good}`,
      `0x${good.toString(16)}`,
      '1e2',
      '9'.repeat(20),
    ].map((length): Row => [`a JSON of ${length} bytes`, binary(json, FLOATS, length), 400, says]),
    [
      'two lengths of the JSON',
      infer('linear', json + FLOATS.toString('latin1'), `${HEADER}: ${good}\r\n${HEADER}: ${good - 1}\r\n`),
      400,
      says,
    ],
    ['a JSON cut by a byte', binary(json, FLOATS, good - 1), 400, /no JSON|ends too early/],
    ['a JSON with a byte more', binary(json, FLOATS, good + 1), 400, /"X".*7 bytes are left/],
    ['a JSON that is all of it', binary(json, FLOATS, good + FLOATS.length), 400, /"X".*0 bytes are left/],
    [
      'no JSON, for the only input',
      binary('', FLOATS),
      200,
      /"binary_data_size":4/,
      /\r\ninference-header-content-length: /i,
    ],
    ['no JSON, and bytes that are no row', binary('', FLOATS.subarray(4)), 400, /"X"/],
    ['no JSON, and part of an element', binary('', FLOATS.subarray(1)), 400, /"X".*7 bytes/],
    [
      'no JSON, and no bytes',
      binary('', Buffer.alloc(0)),
      200,
      /"shape":\[0,1\]/,
      /\r\ninference-header-content-length: /i,
    ],
    ['no JSON, for a model of two inputs', binary('', FLOATS, 0, 'two'), 400, /"a", "b"/],
  ]
}

function sizes(): Row[] {
  return [
    ...[
      -1,
      -8,
      7,
      9,
      4,
      12,
      '8.5',
      'null',
      '[8]',
      '"x"',
      '1e400',
      9_007_199_254_740_991,
      '18446744073709551616',
      '4294967304',
    ].map((size): Row => [
      `an input of ${size} bytes`,
      binary(inputs(inputOf('X', size))),
      400,
      /"X"|binary_data_size/,
    ]),
    ['bytes that are left over', binary(inputs(X), Buffer.alloc(12)), 400, /4 bytes are left over/],
    ['one byte too few', binary(inputs(X), FLOATS.subarray(1)), 400, /"X".*7 bytes are left/],
    [
      'data and bytes',
      binary(inputs(X.replace('"parameters"', '"data":[1,2],"parameters"'))),
      400,
      /"X".*both "data" and "binary_data_size"/,
    ],
    [
      'neither data nor bytes',
      binary(inputs('{"name":"X","datatype":"FP32","shape":[1,2]}'), Buffer.alloc(0)),
      400,
      /"X".*"data"/,
    ],
    [
      'sizes that overlap',
      binary(inputs(inputOf('a', 8, 'FP32', '[2]'), inputOf('b', 8, 'FP32', '[2]')), FLOATS, undefined, 'two'),
      400,
      /"b".*0 bytes are left/,
    ],
    [
      'a shape beyond the bytes',
      binary(inputs(inputOf('X', 8, 'FP32', '[1000000000,2]'))),
      400,
      /"X".*8000000000 bytes|"X".*\[1000000000,2\]/,
    ],
    [
      '5,000 inputs of no bytes',
      binary(inputs(...Array.from({ length: 5000 }, (_, i) => inputOf(`x${i}`, 0, 'FP32', '[0]'))), Buffer.alloc(0)),
      400,
      /5000 inputs, the most is 4096/,
    ],
    [
      '250 inputs of no bytes',
      binary(inputs(...Array.from({ length: 250 }, (_, i) => inputOf(`x${i}`, 0, 'FP32', '[0]')), X)),
      400,
      /"x0"/,
    ],
  ]
}

/** Where the bytes lie in memory does not matter, nor what lies behind them. */
function places(): Row[] {
  return Array.from({ length: 8 }, (_, i): Row => [
    `bytes at ${i} places from where they are aligned`,
    binary(
      `${' '.repeat(i)}${inputs(inputOf('x', 24, 'INT64', '[3]'))}`,
      Buffer.from(BigInt64Array.of(1n, -2n, 2n ** 62n).buffer),
      undefined,
      'i64',
    ),
    200,
    /"data":\[1,-2,4611686018427387904\]/,
  ])
}
