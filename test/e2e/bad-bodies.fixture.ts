import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

/** Bytes that somebody sends, and how they are answered. */
export interface BadRequest {
  readonly what: string
  readonly bytes: Buffer
  readonly status: number
  /** What the body of the answer says. */
  readonly says: RegExp
  readonly header?: RegExp
}

/** Largest body that the server of these requests takes. */
export const MAX_BODY_BYTES = 8 << 20

/** A request that is right, and what its answer says. */
export const GOOD = {
  bytes: infer('linear', '{"inputs":[{"name":"X","datatype":"FP32","shape":[1,2],"data":[1,2]}]}'),
  says: '"data":[9]',
}

export function infer(model: string, body: string | Uint8Array, headers = ''): Buffer {
  return post(`/v2/models/${model}/infer`, body, headers)
}

export function post(target: string, body: string | Uint8Array, headers = ''): Buffer {
  const bytes = Buffer.from(body as Uint8Array)
  const head = `POST ${target} HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes.length}\r\n${headers}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes])
}

export const bare = (method: string, target: string) =>
  Buffer.from(`${method} ${target} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`, 'latin1')

/** The good request's body with one member of its input in place of another, and members before `inputs`. */
export function input(over: Readonly<Record<string, string>>, before = ''): string {
  const members = { name: '"X"', datatype: '"FP32"', shape: '[1,2]', data: '[1,2]', ...over }
  const text = Object.entries(members).map(([key, value]) => `"${key}":${value}`)
  return `{${before}"inputs":[{${text.join()}}]}`
}

export const one = (datatype: string, value: string, shape = '[1]') =>
  `{"inputs":[{"name":"x","datatype":"${datatype}","shape":${shape},"data":[${value}]}]}`

export const X = '{"name":"X","datatype":"FP32","shape":[1,2],"data":[1,2]}'
export const BODY = input({})

export type Row = readonly [what: string, bytes: Buffer, status: number, says: RegExp, header?: RegExp]

/** Compressed bodies that are too large, broken, or not known. */
function encodings(): Row[] {
  const tooLarge = /larger than 8\.0 MiB once it is decompressed/
  const cut = gzipSync(BODY).subarray(0, 20)
  const rows: [what: string, encoding: string, body: Uint8Array, status: number, says: RegExp][] = [
    ['a gzip bomb', 'gzip', gzipSync(Buffer.alloc(64 << 20, ' ')), 413, tooLarge],
    ['a deflate bomb', 'deflate', deflateSync(Buffer.alloc(16 << 20, ' ')), 413, tooLarge],
    ['a Brotli bomb', 'br', brotliCompressSync(Buffer.alloc(16 << 20, ' ')), 413, tooLarge],
    ['a Zstandard bomb', 'zstd', zstdCompressSync(Buffer.alloc(16 << 20, ' ')), 413, tooLarge],
    ['gzip twice', 'gzip, gzip', gzipSync(gzipSync(BODY)), 415, /compressed once/],
    ['gzip that is none', 'gzip', Buffer.from(BODY), 400, /cannot be read as gzip/],
    ['gzip that is cut', 'gzip', cut, 400, /ends too early/],
    ['gzip with more behind', 'gzip', Buffer.concat([gzipSync(BODY), Buffer.from('more')]), 400, /gzip/],
    ['deflate with more behind', 'deflate', Buffer.concat([deflateSync(BODY), Buffer.from('more')]), 400, /4 bytes/],
    ['a good body in gzip', 'gzip', gzipSync(BODY), 200, /\[9\]/],
    ['an encoding of no name', 'x-nothing', Buffer.from(BODY), 415, /x-nothing/],
  ]
  return rows.map(([what, encoding, body, status, says]): Row => {
    const bytes = infer('linear', body, `content-encoding: ${encoding}\r\n`)
    return status === 415 ? [what, bytes, status, says, /accept-encoding: gzip/i] : [what, bytes, status, says]
  })
}

function bodies(): Row[] {
  const over = MAX_BODY_BYTES + 1
  const chunk = `${over.toString(16)}\r\n${'x'.repeat(over)}\r\n0\r\n\r\n`
  const head = 'POST /v2/models/linear/infer HTTP/1.1\r\nhost: x\r\n'
  const utf8 = (...bytes: number[]) =>
    Buffer.concat([Buffer.from('{"inputs":[{"name":"'), Buffer.from(bytes), Buffer.from('"}]}')])
  const sagemaker = (type: string) => post('/invocations', BODY, type)
  return [
    ['a body over the limit', infer('linear', Buffer.alloc(over, ' ')), 413, /the body is larger than 8.0 MiB/],
    [
      'a length over the limit, and no body',
      Buffer.from(`${head}content-length: 9000000000\r\n\r\n`),
      413,
      /the body is larger than 8.0 MiB/,
    ],
    [
      'chunks over the limit',
      Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n${chunk}`),
      413,
      /the body is larger than 8.0 MiB/,
    ],
    ['a content type of plain text', infer('linear', BODY, 'content-type: text/plain\r\n'), 200, /"data":\[9\]/],
    ['another charset', infer('linear', BODY, 'content-type: application/json; charset=utf-16\r\n'), 200, /\[9\]/],
    ['UTF-16', infer('linear', Buffer.from(BODY, 'utf16le')), 400, /./],
    ['SageMaker with XML', sagemaker('content-type: text/xml\r\n'), 415, /send one of/],
    ['SageMaker with no type', sagemaker(''), 415, /send one of/],
    ['SageMaker with record IO', sagemaker('content-type: application/x-recordio-protobuf\r\n'), 415, /send one of/],
    ['SageMaker with images', sagemaker('content-type: image/png\r\n'), 415, /send one of/],
    ['the byte 0xff in a name', infer('linear', utf8(0xff)), 400, /UTF-8/],
    ['an overlong slash in a name', infer('linear', utf8(0xc0, 0xaf)), 400, /UTF-8/],
    ['a surrogate in UTF-8', infer('linear', utf8(0xed, 0xa0, 0x80)), 400, /UTF-8/],
    ['half a character in a name', infer('linear', utf8(0xe2, 0x82)), 400, /UTF-8/],
    ['a byte order mark', infer('linear', `\ufeff${BODY}`), 200, /\[9\]/],
    ['no body', infer('linear', ''), 400, /./],
    ['white space', infer('linear', ' \r\n\t '), 400, /./],
    ...['null', '[]', '"x"', '1', 'true', '{}'].map((body): Row => [body, infer('linear', body), 400, /./]),
    ['half a body of JSON', infer('linear', BODY.slice(0, 40)), 400, /./],
    ['two documents', infer('linear', BODY + BODY), 400, /./],
    ['a document and a zero byte', infer('linear', `${BODY}\0`), 400, /./],
  ]
}

function json(): Row[] {
  const deep = 100_000
  const nest = (left: string, right: string, inside = '') => left.repeat(deep) + inside + right.repeat(deep)
  const keys = Array.from({ length: 300_000 }, (_, i) => `"k${i}":${i}`).join()
  const hostile = ['__proto__', 'constructor', 'hasOwnProperty', 'toString']
  return [
    ['arrays 100,000 deep', infer('linear', '['.repeat(deep)), 400, /./],
    ['objects 100,000 deep', infer('linear', '{"a":'.repeat(deep)), 400, /./],
    ['inputs 100,000 deep', infer('linear', `{"inputs":${nest('[', ']')}}`), 400, /./],
    ['data 100,000 deep', infer('linear', input({ data: nest('[', ']', '1') })), 400, /./],
    ['an unknown member 100,000 deep', infer('linear', input({}, `"a":${nest('[', ']')},`)), 400, /./],
    ['parameters 100,000 deep', infer('linear', input({}, `"parameters":{"a":${nest('{"a":', '}', '1')}},`)), 400, /./],
    ...hostile.map((key): Row => [`the member ${key}`, infer('linear', `{"${key}":{"inputs":[${X}]}}`), 400, /inputs/]),
    ['the member __proto__ besides', infer('linear', input({}, '"__proto__":{"polluted":1},')), 200, /\[9\]/],
    ...hostile.map((key): Row => [`the input ${key}`, infer('linear', input({ name: `"${key}"` })), 400, /"X"/]),
    ...hostile.map((key): Row => [
      `the output ${key}`,
      infer('linear', input({}, `"outputs":[{"name":"${key}"}],`)),
      400,
      /"y"/,
    ]),
    ...hostile.map((key): Row => [`the datatype ${key}`, infer('linear', input({ datatype: `"${key}"` })), 400, /./]),
    [
      'parameters named __proto__',
      infer('linear', input({}, '"parameters":{"__proto__":{"timeout":1}},')),
      200,
      /\[9\]/,
    ],
    ...['shape', 'name', 'data', 'datatype'].map((key): Row => [
      `${key} twice`,
      infer('linear', BODY.replace(`"${key}":`, `"${key}":[1,2],"${key}":`)),
      400,
      /./,
    ]),
    [
      'shape twice, the same',
      infer('linear', BODY.replace('"shape":[1,2]', '"shape":[1,2],"shape":[1,2]')),
      400,
      /shape/,
    ],
    [
      'a key twice, once by escapes',
      infer('linear', BODY.replace('"shape":', '"sh\\u0061pe":[1,2],"shape":')),
      400,
      /./,
    ],
    ['inputs twice', infer('linear', `{"inputs":[${X}],"inputs":[${X}]}`), 400, /inputs/],
    ['id twice', infer('linear', input({}, '"id":"a","id":"b",')), 400, /id/],
    ['300,000 members', infer('linear', `{${keys}}`), 400, /./],
    ['300,000 parameters', infer('linear', input({}, `"parameters":{${keys}},`)), 400, /over 10000 keys/],
    ['a name of 6 MB', infer('linear', input({ name: `"${'n'.repeat(6e6)}"` })), 400, /./],
    ['an unknown member of 6 MB', infer('linear', input({}, `"a":"${'n'.repeat(6e6)}",`)), 200, /\[9\]/],
    ['a number of 1,000,000 digits', infer('linear', input({ data: `[1,${'9'.repeat(1e6)}]` })), 400, /./],
    ['a fraction of 1,000,000 digits', infer('linear', input({ data: `[1,1.${'0'.repeat(1e6)}]` })), 200, /\[6\]/],
    ['an integer of 1,000,000 digits', infer('i64', one('INT64', '9'.repeat(1e6))), 400, /./],
    ['1e400', infer('linear', input({ data: '[1,1e400]' })), 400, /"X".*1/],
    ['1e999999999999', infer('linear', input({ data: '[1,1e999999999999]' })), 400, /"X".*1/],
    ['-0', infer('linear', input({ data: '[-0,-0]' })), 200, /\[1\]/],
    ...['NaN', 'Infinity', '-Infinity', 'nan', '1e', '.5', '5.', '+1', '01', '0x10', '1_0', '--1', '1,,2', ''].map(
      (literal): Row => [`the number ${literal}`, infer('linear', input({ data: `[1,${literal}]` })), 400, /./],
    ),
    ['an output that is NaN', infer('log', one('FP32', '-1')), 406, /NaN at element 0, which has no JSON form/],
    ['an output that is infinite', infer('log', one('FP32', '0')), 406, /-Infinity at element 0/],
    ...['9007199254740993', '-9223372036854775808', '9223372036854775807'].map((value): Row => [
      `the INT64 ${value}`,
      infer('i64', one('INT64', value)),
      200,
      new RegExp(`"data":\\[${value}\\]`),
    ]),
    ['the UINT64 2^64 - 1', infer('u64', one('UINT64', '18446744073709551615')), 200, /\[18446744073709551615\]/],
    ...(
      [
        ['i64', 'INT64', '9223372036854775808'],
        ['i64', 'INT64', '-9223372036854775809'],
        ['i64', 'INT64', '1.5'],
        ['u64', 'UINT64', '18446744073709551616'],
        ['u64', 'UINT64', '-1'],
        ['i32', 'INT32', '1.5'],
        ['i32', 'INT32', '2147483648'],
        ['i32', 'INT32', '"1"'],
        ['i32', 'INT32', 'true'],
        ['i32', 'INT32', 'null'],
        ['i32', 'INT32', '{}'],
        ['u8', 'UINT8', '300'],
        ['u8', 'UINT8', '-1'],
        ['log', 'FP32', '"1"'],
        ['log', 'FP32', 'false'],
        ['log', 'FP32', '3.5e38'],
        ['text', 'BYTES', '1'],
      ] as const
    ).map(([model, datatype, value]): Row => [
      `the ${datatype} ${value}`,
      infer(model, one(datatype, `${datatype === 'BYTES' ? '"a"' : '1'},${value}`, '[2]')),
      400,
      /"x".*\b1\b/,
    ]),
    ['a missing number that the model has no answer to', infer('log', one('FP32', '1,null', '[2]')), 406, /NaN/],
    ['a missing text', infer('text', one('BYTES', '"a",null', '[2]')), 200, /\["a",""\]/],
    ['a lone surrogate in a name', infer('linear', input({ name: '"\\ud800"' })), 400, /./],
    ['a zero in a name', infer('linear', input({ name: '"X\\u0000"' })), 400, /"X"/],
    ['a lone surrogate in BYTES', infer('text', one('BYTES', '"\\ud800"')), 400, /./],
    ['a zero in BYTES', infer('text', one('BYTES', '"a\\u0000b"')), 200, /"a\\u0000b"/],
    ['a line end in a string', infer('text', one('BYTES', '"a\nb"')), 400, /./],
    ['a wrong escape', infer('text', one('BYTES', '"\\x41"')), 400, /./],
    ['unknown members', infer('linear', input({ more: '{"a":[1]}' }, '"other":null,')), 200, /\[9\]/],
    ['a comment', infer('linear', BODY.replace('{', '{/* */')), 400, /./],
    ['a line of comment', infer('linear', `// a\n${BODY}`), 400, /./],
    ['a trailing comma', infer('linear', BODY.replace(']}]}', ',]}]}')), 400, /./],
    ['a trailing comma in an object', infer('linear', BODY.replace(']}]}', '],}]}')), 400, /./],
    ['single quotes', infer('linear', BODY.replaceAll('"', "'")), 400, /./],
    ['no quotes', infer('linear', BODY.replace('"inputs"', 'inputs')), 400, /./],
  ]
}

/** Bodies whose size, encoding, characters or JSON are wrong, and some that look so and are right. */
export function badBodies(): readonly BadRequest[] {
  return [...encodings(), ...bodies(), ...json()].map(requestOf)
}

export function requestOf([what, bytes, status, says, header]: Row): BadRequest {
  return { what, bytes, status, says, ...(header === undefined ? {} : { header }) }
}
