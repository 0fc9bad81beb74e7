import { bare, post, requestOf, type BadRequest, type Row } from './bad-bodies.fixture.ts'

const CSV = 'text/csv'
const LINES = 'application/jsonlines'
const NPY = 'application/x-npy'
const JSON_TYPE = 'application/json'

const AS_CSV = /\r\ncontent-type: text\/csv; charset=utf-8\r\n/i

function invoke(type: string, body: string | Uint8Array, model = 'linear', headers = ''): Buffer {
  const typed = type === '' ? '' : `content-type: ${type}\r\n`
  return post('/invocations', body, `${typed}x-amzn-sagemaker-target-model: ${model}\r\n${headers}`)
}

/** Rows in every form that SageMaker's callers send, whose form, numbers or headers are wrong, and some that look so. */
export function badInvocations(): readonly BadRequest[] {
  return [...csv(), ...numbers(), ...lines(), ...npy(), ...tables(), ...headers()].map(requestOf)
}

function csv(): Row[] {
  const good: [what: string, body: string | Uint8Array, says?: RegExp, model?: string][] = [
    ['a row', '1,2\n'],
    ['no line end', '1,2'],
    ['a byte order mark and CRLF', '\ufeff1,2\r\n'],
    ['blank lines at its end', '1,2\n\n\r\n'],
    ['numbers in quotes', '"1","2"\n'],
    ['a missing number', '1,\n', /^nan$/im],
    ['a line end in quotes', '"a\nb"\n', /a\nb/, 'text'],
    ['commas and quotes in quotes', '"a,""b"""\n', /"a,""b"""/, 'text'],
    ['what a spreadsheet would run', '=cmd()\n', /=cmd\(\)/, 'text'],
  ]
  const bad: [what: string, body: string | Uint8Array, says: RegExp, model?: string][] = [
    ['nothing', '', /empty/],
    ['a line end', '\n', /empty/],
    ['line ends', '\r\n\r\n', /empty/],
    ['a byte order mark', '\ufeff', /empty/],
    ['a row that is shorter', '1,2\n3\n', /row 2.*\b1\b|row 2/],
    ['a row that is longer', '1,2\n3,4,5\n', /row 2/],
    ['a blank line among rows', '1,2\n\n3,4\n', /row 2/],
    ['names of no columns', 'a,b\n1,2\n', /row 1/],
    ['a word', '1,abc\n', /row 1.*column 2.*"abc"/],
    ['a word in the third row', '1,2\n3,4\n5,abc\n', /row 3.*column 2.*"abc"/],
    ['a long word', `1,${'abc'.repeat(100_000)}\n`, /row 1.*column 2/],
    ['what a spreadsheet would run', '=cmd(),2\n', /row 1.*column 1/],
    ['two numbers in quotes', '"1,2"\n', /row 1/],
    ['a quote that is not closed', '"1,2\n3,4\n', /quote/],
    ['a quote within a field', '1"1,2\n', /row 1/],
    ['tabs', '1\t2\n', /row 1/],
    ['semicolons', '1;2\n', /row 1/],
    ['1,000,001 columns', '1,'.repeat(1e6), /row 1.*1000001|1000001/],
    ['no UTF-8', Buffer.of(0x31, 0x2c, 0xff), /UTF-8/],
    ['UTF-16', Buffer.from('1,2\n', 'utf16le'), /row 1/],
    ['a zero byte', '1,2\0\n', /row 1.*column 2/],
    ['no integer', '1\n1.5\n', /row 2/, 'i64'],
    ['a missing integer', '1\n\n2\n', /row 2/, 'i64'],
  ]
  return [
    ...good.map(([what, body, says = /^9$/m, model]): Row => [
      `CSV with ${what}`,
      invoke(CSV, body, model),
      200,
      says,
      AS_CSV,
    ]),
    ...bad.map(([what, body, says, model]): Row => [`CSV with ${what}, refused`, invoke(CSV, body, model), 400, says]),
    ['CSV whose header is said to be there, too long', invoke(`${CSV}; header=present`, 'a,b,c\n1,2,3\n'), 400, /"a"/],
    ['CSV whose header is said to be there, a row', invoke(`${CSV}; header=present`, '5,6\n1,2\n'), 400, /"5", "6"/],
    ['CSV whose header is said otherwise', invoke(`${CSV}; header=maybe`, '1,2\n'), 415, /"maybe".*present or absent/],
  ]
}

/** The grammar of numbers is one and strict, in CSV as in JSON. */
function numbers(): Row[] {
  const texts = ['1e999', '-1e999', '0x10', '1_000', '１', '1.2.3', '1e', '--1', '3.5e38', 'yes', '1 000', 'e5', '०']
  return texts.flatMap((text): Row[] => [
    [`the number ${text} as CSV`, invoke(CSV, `1,${text}\n`), 400, /row 1.*column 2/],
    [`the number ${text} as JSON`, invoke(JSON_TYPE, `[[1,${text}]]`), 400, /./],
    [`the number ${text} as a JSON line`, invoke(LINES, `[1,2]\n[1,${text}]\n`), 400, /line 2/],
  ])
}

function lines(): Row[] {
  const thousand = Array.from({ length: 1000 }, (_, i) => `[${i},2]`)
  const broken = thousand.with(499, '[499,')
  const good = /\r\ncontent-type: application\/jsonlines\r\n/i
  return [
    ['JSON lines', invoke(LINES, '[1,2]\n[3,4]\n'), 200, /9.*\n.*19/, good],
    ['1,000 JSON lines, one of them broken', invoke(LINES, broken.join('\n')), 400, /line 500/],
    ['1,000 JSON lines, one of them shorter', invoke(LINES, thousand.with(499, '[1]').join('\n')), 400, /line 500/],
    ['1,000 JSON lines, one of them blank', invoke(LINES, thousand.with(499, '').join('\n')), 400, /line 500.*blank/],
    ['no JSON lines', invoke(LINES, ''), 400, /empty/],
    ['two documents in a line', invoke(LINES, '[1,2][3,4]\n'), 400, /line 1/],
    ['a document over two lines', invoke(LINES, '[1,\n2]\n'), 400, /line 1/],
    ['a JSON line 100,000 deep', invoke(LINES, `[1,2]\n${'['.repeat(100_000)}\n`), 400, /line 2/],
    ['a JSON line with a key twice', invoke(LINES, '{"X":[1,2],"X":[3,4]}\n'), 400, /line 1.*"X"/],
    ['a JSON line of a long text', invoke(LINES, `"${'a'.repeat(1e6)}"\n`), 400, /line 1/],
  ]
}

/** Files of elements that no model takes: they are well-formed. */
const NO_TYPES = ['objects', 'complex numbers', 'fields', 'a datatype as long as a page']

/** An `.npy` file: its header as text, its data as they lie there. */
function npyFile(
  header: string,
  data: Uint8Array = new Uint8Array(),
  version = 1,
  headerBytes = header.length,
): Buffer {
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  if (version === 1) length.writeUInt16LE(headerBytes)
  else length.writeUInt32LE(headerBytes)
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.of(version, 0), length, Buffer.from(header), data])
}

const npyHeader = (descr: string, shape: string, order = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`

function npy(): Row[] {
  const floats = Buffer.from(Float32Array.of(1, 2).buffer)
  const big = Buffer.from(floats).swap32()
  const two = Buffer.from(Float32Array.of(1, 3, 2, 4).buffer)
  const file = (descr: string, shape: string, data: Uint8Array = floats, order = 'False') =>
    npyFile(npyHeader(descr, shape, order), data)
  const good: [what: string, body: Buffer, says: RegExp][] = [
    ['floats', file("'<f4'", '(1, 2)'), /^9$/m],
    ['floats, big end first', file("'>f4'", '(1, 2)', big), /^9$/m],
    ['floats in Fortran order', file("'<f4'", '(2, 2)', two, 'True'), /^9\n19$/m],
    ['half floats', file("'<f2'", '(1, 2)', Buffer.of(0x00, 0x3c, 0x00, 0x40)), /^9$/m],
    ['a long header', npyFile(npyHeader("'<f4'", '(1, 2)'), floats, 2), /^9$/m],
  ]
  const bad: [what: string, body: Buffer, says: RegExp][] = [
    ['objects', file("'|O'", '(1,)', Buffer.from('\x80\x04cos\nsystem\n(S"true"\ntR.', 'latin1')), /./],
    ['a shape of 2^62', file("'<f4'", '(4611686018427387904,)'), /./],
    ['a shape of 2^64', file("'<f4'", '(18446744073709551616, 2)'), /./],
    ['sizes that overflow together', file("'<f4'", '(4294967296, 4294967296)'), /./],
    ['a negative size', file("'<f4'", '(-1, 2)'), /./],
    ['a size of words', file("'<f4'", '("a", 2)'), /./],
    ['a header of 4 GiB', npyFile(npyHeader("'<f4'", '(1, 2)'), floats, 2, 0xffff_fff0), /header/],
    ['a header that is cut', file("'<f4'", '(1, 2)').subarray(0, 30), /header/],
    ['nothing', Buffer.alloc(0), /./],
    ['no magic', Buffer.from('NUMPY, or so'), /./],
    ['version 9', npyFile(npyHeader("'<f4'", '(1, 2)'), floats, 9), /9/],
    ['a byte behind its data', file("'<f4'", '(1, 2)', Buffer.concat([floats, Buffer.of(0)])), /9 bytes.*8/],
    ['a byte too few', file("'<f4'", '(1, 2)', floats.subarray(1)), /7 bytes.*8/],
    ['a shape that does not fit', file("'<f4'", '(1, 1, 2)'), /./],
    ['three columns', file("'<f4'", '(1, 3)', Buffer.alloc(12)), /./],
    ['code in its header', npyFile("__import__('os').system('true')\n", floats), /header/],
    [
      'keys twice',
      npyFile("{'descr': '<f4', 'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }\n", floats),
      /./,
    ],
    ['a datatype as long as a page', file(`'<f${'4'.repeat(4000)}'`, '(1, 2)'), /./],
    ['complex numbers', file("'<c8'", '(1, 1)'), /./],
    ['fields', file("[('a', '<f4'), ('b', '<f4')]", '(1,)'), /./],
  ]
  return [
    ...good.map(([what, body, says]): Row => [
      `npy with ${what}`,
      invoke(NPY, body, 'linear', 'accept: text/csv\r\n'),
      200,
      says,
      AS_CSV,
    ]),
    ...bad.map(([what, body, says]): Row => [
      `npy with ${what}, refused`,
      invoke(NPY, body),
      NO_TYPES.includes(what) ? 415 : 400,
      says,
    ]),
  ]
}

function tables(): Row[] {
  const bad: [body: string, says?: RegExp][] = [
    ['{"instances":[]}'],
    ['{"instances":null}', /instances/],
    ['{"instances":[[1]]}', /row 1/],
    ['{"instances":[[1,2],[3]]}', /row 2/],
    ['{"instances":[[1,2],"a"]}', /row 2/],
    ['{"instances":[["1",2]]}', /row 1.*column 1/],
    ['{"instances":[["true",2]]}', /row 1.*column 1/],
    ['{"instances":[[[1,2,3]]]}', /row 1/],
    ['{"instances":[[1,2]],"instances":[[3,4]]}', /"instances"/],
    ['{"instances":[[1,2]],"more":1}', /"more"/],
    ['{"__proto__":{"instances":[[1,2]]}}'],
    ['[]'],
    ['[[]]', /row 1/],
    ['{}'],
    ['null'],
    ['', /empty/],
    ['[[1,2]', /./],
    ['[[1,NaN]]'],
    ['[[1,Infinity]]'],
    ['[["\\ud800",1]]'],
  ]
  return [
    ['rows in JSON', invoke(JSON_TYPE, '[[1,2]]'), 200, /9/],
    ['a truth value in JSON rows', invoke(JSON_TYPE, '{"instances":[[true,2]]}'), 200, /9/],
    ['a truth value in CSV', invoke(CSV, 'True,2\n'), 200, /^9$/m, AS_CSV],
    ...bad.map(([body, says = /./]): Row => [`the table ${body}`, invoke(JSON_TYPE, body), 400, says]),
    ['a table 100,000 deep', invoke(JSON_TYPE, `{"instances":${'['.repeat(100_000)}`), 400, /./],
    [
      'a table of 300,000 keys',
      invoke(JSON_TYPE, `{${Array.from({ length: 300_000 }, (_, i) => `"k${i}":1`).join()}}`),
      400,
      /./,
    ],
    ['a table of an integer that no INT64 holds', invoke(JSON_TYPE, '[[9223372036854775808]]', 'i64'), 400, /row 1/],
    ['a table of a large integer', invoke(JSON_TYPE, '[[9007199254740993]]', 'i64'), 200, /9007199254740993/],
    ['an answer that JSON cannot hold', invoke(JSON_TYPE, '{"instances":[[-1]]}', 'log'), 406, /text\/csv/],
  ]
}

function headers(): Row[] {
  const of = (line: string, model = 'linear') => invoke(CSV, '1,2\n', model, `${line}\r\n`)
  return [
    ...[
      'application/x-recordio-protobuf',
      'application/x-parquet',
      'image/png',
      'text/plain',
      '',
      'text/csv2',
      '*/*',
      'a'.repeat(3000),
    ].map((type): Row => [`rows as ${type.slice(0, 40)}`, invoke(type, '1,2\n'), 415, /text\/csv/]),
    ['rows in UTF-16', invoke('text/csv; charset=utf-16', '1,2\n'), 415, /"utf-16".*UTF-8/],
    ...['image/png', '*/*;q=0', 'text/csv;q=0', 'aaaa', '/', 'x'.repeat(5000)].map((accept): Row => [
      `answers as ${accept.slice(0, 40)}`,
      of(`accept: ${accept}`),
      406,
      /text\/csv/,
    ]),
    ['answers as CSV or what there is', of('accept: text/csv, */*;q=0.1'), 200, /^9$/m, AS_CSV],
    ...['../../x', '..', '.', '/etc/passwd', 'a b', 'a'.repeat(300), 'a%00'].map((model): Row => [
      `the target model ${model.slice(0, 40)}`,
      of('x-a: b', model),
      400,
      /Target-Model/,
    ]),
    ...['nothing', '__proto__x', 'linear.onnx'].map((model): Row => [
      `the target model ${model}, which is not there`,
      of('x-a: b', model),
      model.startsWith('_') ? 400 : 404,
      /./,
    ]),
    ...['nothing', '../1', '__proto__', 'v'.repeat(200)].map((variant): Row => [
      `the target variant ${variant.slice(0, 40)}`,
      of(`x-amzn-sagemaker-target-variant: ${variant}`),
      400,
      /Target-Variant/,
    ]),
    ['an inference id of 65 characters', of(`x-amzn-sagemaker-inference-id: ${'i'.repeat(65)}`), 400, /Inference-Id/],
    [
      'custom attributes of 1,025 characters',
      of(`x-amzn-sagemaker-custom-attributes: ${'c'.repeat(1025)}`),
      400,
      /1025/,
    ],
    ['custom attributes that are no ASCII', of('x-amzn-sagemaker-custom-attributes: \u00e9'), 400, /ASCII/],
    ['GET on invocations', bare('GET', '/invocations'), 405, /./, /\r\nallow: POST\r\n/i],
  ]
}
