/** A signed request that AWS has published. */
export interface Vector {
  readonly name: string
  readonly method: string
  /** Path and query as they came, without the parameters of the signature. */
  readonly target: string
  /** Besides `host` and, in the header form, `x-amz-date`; values of a repeated header joined by `, `, as hosts join them. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signedHeaders: string
  readonly signature: string
}

/** Key, scope and time of a set of vectors. */
export interface VectorSet {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly service: string
  readonly host: string
  readonly time: string
  readonly atMs: number
}

/** @see AWS, aws-sig-v4-test-suite */
export const SUITE: VectorSet = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 'service',
  host: 'example.amazonaws.com',
  time: '20150830T123600Z',
  atMs: Date.UTC(2015, 7, 30, 12, 36),
}

const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const FORM = 'application/x-www-form-urlencoded'
const FORM_SHA256 = '9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e'

function vector(
  name: string,
  request: string,
  signature: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Vector {
  const at = request.indexOf(' ')
  const signedHeaders = ['host', 'x-amz-date', ...Object.keys(headers)].toSorted().join(';')
  const target = request.slice(at + 1)
  return { name, method: request.slice(0, at), target, headers, signedHeaders, signature, ...(body && { body }) }
}

export const HEADER_VECTORS: readonly Vector[] = [
  vector('get-vanilla', 'GET /', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'),
  vector('get-relative', 'GET /example/..', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'),
  vector(
    'get-relative-relative',
    'GET /example1/example2/../..',
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ),
  vector('get-slash', 'GET //', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'),
  vector('get-slash-dot-slash', 'GET /./', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'),
  vector('get-slashes', 'GET //example//', '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84'),
  vector(
    'get-slash-pointless-dot',
    'GET /./example',
    'ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5',
  ),
  vector('get-space', 'GET /example space/', '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741'),
  vector('get-utf8', 'GET /\u1234', '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'),
  vector('get-unreserved', `GET /${UNRESERVED}`, '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f'),
  vector('get-vanilla-query', 'GET /?', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'),
  vector(
    'get-vanilla-empty-query-key',
    'GET /?Param1=value1',
    'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  ),
  vector(
    'get-vanilla-query-order-key-case',
    'GET /?Param2=value2&Param1=value1',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ),
  vector(
    'get-vanilla-query-order-value',
    'GET /?Param1=value2&Param1=value1',
    '5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694',
  ),
  vector(
    'get-vanilla-query-order-encoded',
    'GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1',
    '371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac',
  ),
  vector(
    'get-vanilla-query-unreserved',
    `GET /?${UNRESERVED}=${UNRESERVED}`,
    '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
  ),
  vector(
    'get-vanilla-utf8-query',
    'GET /?\u1234=bar',
    '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  ),
  vector('get-header-key-duplicate', 'GET /', 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea', {
    'my-header1': 'value2, value2, value1',
  }),
  vector('get-header-value-order', 'GET /', '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01', {
    'my-header1': 'value4, value1, value3, value2',
  }),
  vector('get-header-value-trim', 'GET /', 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736', {
    'my-header1': ' value1',
    'my-header2': ' "a   b   c"',
  }),
  vector('post-vanilla', 'POST /', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'),
  vector(
    'post-vanilla-query',
    'POST /?Param1=value1',
    '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  ),
  vector('post-header-key-sort', 'POST /', 'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c', {
    'my-header1': 'value1',
  }),
  vector('post-header-value-case', 'POST /', 'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d', {
    'my-header1': 'VALUE1',
  }),
  vector(
    'post-x-www-form-urlencoded, its first edition',
    'POST /',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    { 'content-type': FORM },
    'Param1=value1',
  ),
  vector(
    'post-x-www-form-urlencoded',
    'POST /',
    'd3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b',
    { 'content-type': FORM, 'content-length': '13', 'x-amz-content-sha256': FORM_SHA256 },
    'Param1=value1',
  ),
  vector(
    'post-x-www-form-urlencoded-parameters',
    'POST /',
    '328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422',
    { 'content-type': `${FORM}; charset=utf-8`, 'content-length': '13', 'x-amz-content-sha256': FORM_SHA256 },
    'Param1=value1',
  ),
]

/** Presigned for an hour. */
export const QUERY_VECTORS: readonly Vector[] = [
  {
    name: 'get-vanilla-query',
    method: 'GET',
    target: '/?',
    headers: {},
    signedHeaders: 'host',
    signature: 'e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d',
  },
  {
    name: 'post-vanilla',
    method: 'POST',
    target: '/?',
    headers: {},
    signedHeaders: 'host',
    signature: '2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b',
  },
  {
    name: 'get-utf8',
    method: 'GET',
    target: '/\u1234?',
    headers: {},
    signedHeaders: 'host',
    signature: '10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44',
  },
  {
    name: 'get-vanilla-utf8-query',
    method: 'GET',
    target: '/?\u1234=bar&',
    headers: {},
    signedHeaders: 'host',
    signature: '0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600',
  },
  {
    name: 'get-header-value-order',
    method: 'GET',
    target: '/?',
    headers: { 'my-header1': 'value4, value1, value3, value2' },
    signedHeaders: 'host;my-header1',
    signature: '313720e71ca6202fdcfa9b20f88de01a4eb0638a83c833b1c184359a4eda864e',
  },
  {
    name: 'get-header-value-trim',
    method: 'GET',
    target: '/?',
    headers: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
    signedHeaders: 'host;my-header1;my-header2',
    signature: 'e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4',
  },
]

/** @see AWS, Amazon S3 API reference, "Examples: signature calculations" */
export const S3: VectorSet = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 's3',
  host: 'examplebucket.s3.amazonaws.com',
  time: '20130524T000000Z',
  atMs: Date.UTC(2013, 4, 24),
}

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export const S3_HEADER_VECTORS: readonly Vector[] = [
  vector('get object', 'GET /test.txt', 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41', {
    range: 'bytes=0-9',
    'x-amz-content-sha256': EMPTY_SHA256,
  }),
  vector(
    'put object',
    'PUT /test%24file.text',
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    },
    'Welcome to Amazon S3.',
  ),
  vector(
    'get bucket lifecycle',
    'GET /?lifecycle',
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    { 'x-amz-content-sha256': EMPTY_SHA256 },
  ),
  vector(
    'list objects',
    'GET /?max-keys=2&prefix=J',
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    { 'x-amz-content-sha256': EMPTY_SHA256 },
  ),
]

/** Presigned for a day. */
export const S3_QUERY_VECTOR: Vector = {
  name: 'get object',
  method: 'GET',
  target: '/test.txt?',
  headers: {},
  signedHeaders: 'host',
  signature: 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
}
