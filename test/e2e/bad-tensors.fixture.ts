import { bare, BODY, infer, input, one, post, requestOf, X, type BadRequest, type Row } from './bad-bodies.fixture.ts'

/** Requests in good JSON that are wrong by the Open Inference Protocol, and paths and methods that are. */
export function badTensors(): readonly BadRequest[] {
  return [...tensors(), ...paths()].map(requestOf)
}

function tensors(): Row[] {
  const shaped = (shape: string, data = '[1,2]') => infer('linear', input({ shape, data }))
  const without = (key: string) => BODY.replace(new RegExp(`"${key}":("[^"]*"|\\[[^\\]]*\\]),?`), '').replace(',}', '}')
  return [
    ['an id but no inputs', infer('linear', '{"id":"a"}'), 400, /inputs/],
    ...['{}', 'null', '1', '"X"', '[]', '[[]]', '[1]', '[null]'].map((inputs): Row => [
      `the inputs ${inputs}`,
      infer('linear', `{"inputs":${inputs}}`),
      400,
      /./,
    ]),
    ['257 inputs', infer('linear', `{"inputs":[${Array(257).fill(X).join()}]}`), 400, /./],
    ['100,000 inputs', infer('linear', `{"inputs":[${Array(100_000).fill('{}').join()}]}`), 400, /./],
    ['an unknown input', infer('linear', input({ name: '"Z"' })), 400, /"Z".*"X"|"X".*"Z"/],
    ['an unknown input besides', infer('linear', `{"inputs":[${X},${X.replace('"X"', '"Z"')}]}`), 400, /"Z"/],
    ['an input twice', infer('linear', `{"inputs":[${X},${X}]}`), 400, /"X"/],
    ['one input of two', infer('two', one('FP32', '1').replace('"x"', '"a"')), 400, /"b"/],
    ...['name', 'datatype', 'shape', 'data'].map((key): Row => [
      `an input without ${key}`,
      infer('linear', without(key)),
      400,
      new RegExp(key),
    ]),
    ...['1', 'null', '[]', '""'].map((name): Row => [`the name ${name}`, infer('linear', input({ name })), 400, /./]),
    ...['"FP8"', '"fp32"', '"float32"', '"BYTES"', '""', '1', 'null'].map((datatype): Row => [
      `the datatype ${datatype}`,
      infer('linear', input({ datatype })),
      400,
      /./,
    ]),
    ...[
      '[-1,2]',
      '[1.5,2]',
      '["1",2]',
      '"1,2"',
      'null',
      '2',
      '{}',
      '[]',
      '[1,1,1,1,1,1,1,1,2]',
      '[true,2]',
      '[2147483648,2147483648]',
      '[4294967297,4294967296]',
      '[9007199254740993,2]',
      '[1e3,2]',
      '[1,2,3]',
      '[1,5]',
      '[2]',
      '[1,1,2]',
      '[2,2]',
      '[1,1]',
      '[0,5]',
      '[18446744073709551616,2]',
      '[[1,2]]',
      `[${'1,'.repeat(9999)}2]`,
    ].map((shape): Row => [`the shape ${shape.slice(0, 30)}`, shaped(shape), 400, /./]),
    ['no rows', shaped('[0,2]', '[]'), 200, /"shape":\[0,1\],"data":\[\]/],
    ['rows that are not there', shaped('[0,2]'), 400, /./],
    ['5 values for [2,3]', shaped('[2,3]', '[1,2,3,4,5]'), 400, /./],
    ['7 values for [2,3]', shaped('[2,3]', '[1,2,3,4,5,6,7]'), 400, /./],
    ['ragged rows', shaped('[2,2]', '[[1,2],[3]]'), 400, /./],
    ['rows of another shape', shaped('[2,2]', '[[1,2,3,4]]'), 400, /./],
    ['rows and values', shaped('[2,2]', '[[1,2],3,4]'), 400, /./],
    ['rows too deep', shaped('[1,2]', '[[[1,2]]]'), 400, /./],
    ['rows in rows', shaped('[1,2]', '[[1,2]]'), 200, /\[9\]/],
    ...['1', 'null', '{}', '"1,2"'].map((data): Row => [`the data ${data}`, shaped('[1,2]', data), 400, /./]),
    ['more rows than run together', shaped('[200000,2]', `[${'0,'.repeat(399_999)}0]`), 200, /"shape":\[200000,1\]/],
    ...['[{"name":"Z"}]', '[{"name":"y"},{"name":"y"}]', '{}', '[1]', '[{}]', '[{"name":1}]', '1', '["y"]'].map(
      (outputs): Row => [`the outputs ${outputs}`, infer('linear', input({}, `"outputs":${outputs},`)), 400, /./],
    ),
    [
      'an output as classes',
      infer('linear', input({}, '"outputs":[{"name":"y","parameters":{"classification":-1}}],')),
      400,
      /"classification" must be a whole number of classes/,
    ],
    [
      'an output as bytes',
      infer('linear', input({}, '"outputs":[{"name":"y","parameters":{"binary_data":true}}],')),
      200,
      /"binary_data_size":4/,
      /\r\ncontent-type: application\/octet-stream\r\ninference-header-content-length: \d+\r\n/i,
    ],
    ['an id of 1 MB', infer('linear', input({}, `"id":"${'i'.repeat(1 << 20)}",`)), 400, /id/],
    ['an id of 257 characters', infer('linear', input({}, `"id":"${'i'.repeat(257)}",`)), 400, /id/],
    ['an id with a line end', infer('linear', input({}, '"id":"a\\r\\nset-cookie: b",')), 400, /id/],
    ...['1', '{}', '["a"]'].map((id): Row => [`the id ${id}`, infer('linear', input({}, `"id":${id},`)), 400, /id/]),
    ...['-1', '1.5', '"1 s"', 'null', '1e400', '[]'].map((timeout): Row => [
      `the timeout ${timeout}`,
      infer('linear', input({}, `"parameters":{"timeout":${timeout}},`)),
      400,
      /timeout/,
    ]),
    ...['1', '[]'].map((value): Row => [
      `the parameters ${value}`,
      infer('linear', input({}, `"parameters":${value},`)),
      400,
      /parameters/,
    ]),
    [
      'bytes behind the JSON that are no tensor',
      infer('linear', `${BODY}xxxxxxxx`, `inference-header-content-length: ${BODY.length}\r\n`),
      400,
      /8 bytes are left over/,
    ],
    [
      'the size of a binary tensor besides',
      infer('linear', input({ parameters: '{"binary_data_size":8}' })),
      400,
      /both "data" and "binary_data_size"/,
    ],
    [
      'the size of a binary tensor alone',
      infer('linear', without('data').replace('}]', ',"parameters":{"binary_data_size":8}}]')),
      400,
      /0 bytes are left behind the JSON/,
    ],
  ]
}

function paths(): Row[] {
  const none = (target: string, status = 404): Row => [`GET ${target.slice(0, 60)}`, bare('GET', target), status, /./]
  const models = [
    'nothing',
    '..%2f..%2fetc',
    '%252e%252e',
    '..%5c',
    '%00',
    'linear%00',
    '.',
    '..',
    '%2e',
    'a'.repeat(300),
    '%ef%bc%8e%ef%bc%8e',
    'linear.',
    'CON',
    '%e2%80%aelinear',
    'LINEAR',
    'linear%20',
    '__proto__',
    'constructor',
    '%ff',
    '%zz',
    'linear%2finfer',
    'linear;jsessionid=1',
  ]
  return [
    ...models.map((name) => none(`/v2/models/${name}`)),
    ...models.map((name): Row => [`POST to ${name.slice(0, 40)}`, infer(name, BODY), 404, /./]),
    none('/v2/models/a/../../b'),
    none('/v2/models/'),
    none('/v2/models//ready'),
    ...['9999', '-1', 'latest%00', '..', '', '__proto__', '0'.repeat(64)].map((version) =>
      none(`/v2/models/linear/versions/${version}`),
    ),
    ['a version that is not there', post('/v2/models/linear/versions/9/infer', BODY), 404, /./],
    ...['/v2/', '//v2//models', '/V2/models', '/v2/models;jsessionid=1', '/v2%2fmodels', '/v2/models/linear/'].map(
      (path) => none(path),
    ),
    ...[
      '/v2/models/linear/infer/',
      '/../v2',
      '/v2/../v2/models',
      '/v2/./models',
      '/v2\\models',
      '/v2/models/linear%2fready',
    ].map((path) => none(path)),
    ['GET on infer', bare('GET', '/v2/models/linear/infer'), 405, /./, /\r\nallow: POST\r\n/i],
    ['PUT on infer', bare('PUT', '/v2/models/linear/infer'), 405, /./, /\r\nallow: POST\r\n/i],
    ['POST on ready', bare('POST', '/v2/health/ready'), 405, /./, /\r\nallow: GET/i],
    ['DELETE on a model', bare('DELETE', '/v2/models/linear'), 405, /./, /\r\nallow: GET/i],
    ['a query with a key twice', post('/v2/models/linear/infer?version=1&version=2', BODY), 200, /\[9\]/],
    ['a query that would pollute', post('/v2/models/linear/infer?__proto__[x]=1', BODY), 200, /\[9\]/],
    ['a query of 4,000 keys', post(`/v2/models/linear/infer?${'a&'.repeat(4000)}`, BODY), 200, /\[9\]/],
  ]
}
