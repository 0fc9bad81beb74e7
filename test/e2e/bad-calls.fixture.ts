import { deflateSync, gzipSync } from 'node:zlib'
import { protoField } from '../../src/codecs/any-request.fixture.ts'
import { ModelInferRequest } from '../../src/codecs/protobuf/infer-messages.ts'
import { encodeMessage, type Document } from '../../src/codecs/protobuf/messages.ts'
import { frame } from '../../src/hosts/grpc/grpc-client.fixture.ts'

export const INFER = '/inference.GRPCInferenceService/ModelInfer'

/** Largest message that the server of these calls takes. */
export const MAX_MESSAGE_BYTES = 8 << 20

/** A call by its bytes, and how it ends. */
export interface BadCall {
  readonly what: string
  readonly path: string
  readonly bytes: Uint8Array
  readonly metadata: Readonly<Record<string, string>>
  /** Of gRPC. */
  readonly status: number
  readonly says: RegExp
}

const OK = 0
const INVALID = 3
const DEADLINE = 4
const NOT_FOUND = 5
const TOO_LARGE = 8
const UNIMPLEMENTED = 12

const X: Document = { name: 'X', datatype: 'FP32', shape: [1, 2] }
const TYPED: Document = { ...X, contents: { fp32_contents: [1, 2] } }
const EIGHT = Buffer.from(Float32Array.of(1, 2).buffer)

export const message = (document: Document): Uint8Array =>
  encodeMessage(ModelInferRequest, { model_name: 'linear', ...document })
export const GOOD = message({ inputs: [TYPED] })

type Row = readonly [
  what: string,
  bytes: Uint8Array,
  status: number,
  says: RegExp,
  metadata?: Record<string, string>,
  path?: string,
]

/** Calls that are wrong by HTTP/2's messages, by protobuf, by their metadata, or by what gRPC alone can say. */
export function badCalls(): readonly BadCall[] {
  return [...frames(), ...codings(), ...garbage(), ...contents(), ...metadata(), ...paths()].map(
    ([what, bytes, status, says, given = {}, path = INFER]) => ({ what, path, bytes, metadata: given, status, says }),
  )
}

function announced(length: number, sent: Uint8Array = Buffer.alloc(0), flag = 0): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flag
  prefix.writeUInt32BE(length, 1)
  return Buffer.concat([prefix, sent])
}

function frames(): Row[] {
  return [
    ['a good message', frame(GOOD), OK, /./],
    ['no message', Buffer.alloc(0), INVALID, /no message/],
    ['two messages', Buffer.concat([frame(GOOD), frame(GOOD)]), INVALID, /several messages/],
    ['half a message', frame(GOOD).subarray(0, 20), INVALID, /./],
    ['half a prefix', frame(GOOD).subarray(0, 3), INVALID, /./],
    ['an announced 4 GiB', announced(0xffff_ffff, GOOD), TOO_LARGE, /4\.0 GiB.*8\.0 MiB/],
    ['an announced 2 GiB', announced(0x8000_0000), TOO_LARGE, /2\.0 GiB/],
    ['a message over the limit', frame(Buffer.alloc(MAX_MESSAGE_BYTES + 1)), TOO_LARGE, /8\.0 MiB/],
    ['a flag of no meaning', announced(GOOD.length, GOOD, 2), INVALID, /flag 2/],
    ['an empty message', frame(''), INVALID, /model/],
  ]
}

function codings(): Row[] {
  const as = (coding: string) => ({ 'grpc-encoding': coding })
  return [
    ['a good message in gzip', frame(gzipSync(GOOD), 1), OK, /./, as('gzip')],
    ['a good message in deflate', frame(deflateSync(GOOD), 1), OK, /./, as('deflate')],
    ['a good message beside a coding', frame(GOOD), OK, /./, as('gzip')],
    ['a coding of no name', frame(gzipSync(GOOD), 1), UNIMPLEMENTED, /"x-nothing".*gzip/, as('x-nothing')],
    ['a coding that is not said', frame(gzipSync(GOOD), 1), INVALID, /grpc-encoding/],
    ['a gzip bomb', frame(gzipSync(Buffer.alloc(256 << 20)), 1), TOO_LARGE, /grows beyond 8\.0 MiB/, as('gzip')],
    [
      'a deflate bomb',
      frame(deflateSync(Buffer.alloc(64 << 20)), 1),
      TOO_LARGE,
      /grows beyond 8\.0 MiB/,
      as('deflate'),
    ],
    ['gzip that is none', frame(GOOD, 1), INVALID, /gzip/, as('gzip')],
    ['gzip that is cut', frame(gzipSync(GOOD).subarray(0, 20), 1), INVALID, /gzip/, as('gzip')],
    ['no bytes of gzip', frame('', 1), INVALID, /gzip/, as('gzip')],
  ]
}

/** Groups within one another, opened and closed. */
function groups(depth: number): Buffer {
  return Buffer.concat([Buffer.alloc(depth, (15 << 3) | 3), Buffer.alloc(depth, (15 << 3) | 4)])
}

function garbage(): Row[] {
  const refused = (what: string, bytes: Uint8Array, says = /byte|model/): Row => [what, frame(bytes), INVALID, says]
  const input = (...bytes: number[]) => Buffer.concat([protoField(1, 'linear'), protoField(5, Buffer.from(bytes))])
  return [
    refused('JSON', Buffer.from('{"inputs":[]}')),
    refused('the byte 0xff a thousand times', Buffer.alloc(1000, 0xff)),
    refused('zeros', Buffer.alloc(1000)),
    refused('a field of number 0', Buffer.of(0x02, 0x00)),
    refused('the wire type 6', Buffer.of(0x0e)),
    refused('the wire type 7', Buffer.of(0x0f)),
    refused('the end of no group', Buffer.of((15 << 3) | 4)),
    refused('a group that is not closed', Buffer.of((15 << 3) | 3)),
    refused('groups 100 deep', Buffer.concat([groups(100), GOOD])),
    refused('groups 1,000,000 deep', groups(1_000_000)),
    refused('a varint of 12 bytes', Buffer.concat([Buffer.of(0x78), Buffer.alloc(11, 0xff), Buffer.of(1)])),
    refused('a varint that is cut', Buffer.of(0x78, 0xff)),
    refused('a length of 4 GiB', Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)),
    refused('a length of 2^63', Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
    refused('a length one too long', Buffer.concat([GOOD.subarray(0, -1)]), /byte/),
    refused('a name that is no UTF-8', protoField(1, Buffer.of(0xff)), /UTF-8/),
    refused('a number for a name', Buffer.of(0x08, 1), /model_name/),
    refused('a text for an input', Buffer.concat([protoField(1, 'linear'), protoField(5, 'X')])),
    refused('a shape of a double', input(0x0a, 1, 0x58, 0x19, 0, 0, 0, 0, 0, 0, 0, 0)),
    refused('part of a float', input(0x0a, 1, 0x58, 0x12, 4, 0x46, 0x50, 0x33, 0x32, 0x2a, 5, 0x32, 3, 0, 0, 0)),
    refused('10,000 inputs of nothing', Buffer.alloc(20_000, Buffer.of(0x2a, 0)), /"name"/),
    ['unknown fields', frame(Buffer.concat([GOOD, Buffer.of(0x78, 1), protoField(16, 'more'), groups(3)])), OK, /./],
    ['a model named twice', frame(Buffer.concat([protoField(1, 'nothing'), GOOD])), OK, /./],
  ]
}

function contents(): Row[] {
  const refused = (what: string, document: Document, says: RegExp): Row => [
    what,
    frame(message(document)),
    INVALID,
    says,
  ]
  const typed = (given: Document, over: Document = {}) => ({ inputs: [{ ...X, ...over, contents: given }] })
  return [
    refused('raw contents for no input', { inputs: [], raw_input_contents: [EIGHT] }, /1 entries for 0 inputs/),
    refused(
      'fewer raw contents than inputs',
      { inputs: [X, { ...X, name: 'Z' }], raw_input_contents: [EIGHT] },
      /1 entries for 2/,
    ),
    refused('more raw contents than inputs', { inputs: [X], raw_input_contents: [EIGHT, EIGHT] }, /2 entries for 1/),
    refused(
      '10,000 raw contents',
      { inputs: [X], raw_input_contents: Array(10_000).fill(EIGHT) },
      /10000 entries for 1/,
    ),
    refused(
      'raw contents and typed ones',
      { inputs: [TYPED], raw_input_contents: [EIGHT] },
      /"X".*"raw_input_contents"/,
    ),
    refused('integers for floats', typed({ int_contents: [1, 2] }), /"X".*fp32_contents, int_contents/),
    refused('doubles for floats', typed({ fp64_contents: [1, 2] }), /"X".*fp32_contents, fp64_contents/),
    refused('bytes for floats', typed({ bytes_contents: [EIGHT] }), /"X".*fp32_contents, bytes_contents/),
    refused('two kinds of contents', typed({ fp32_contents: [1, 2], int_contents: [1, 2] }), /"X"/),
    refused('contents of nothing', typed({}), /"X".*2 elements/),
    refused('too few elements', typed({ fp32_contents: [1] }), /"X".*2 elements.*has 1/),
    refused('too many elements', typed({ fp32_contents: [1, 2, 3] }), /"X".*2 elements.*has 3/),
    refused(
      '1,000,000 too many elements',
      typed({ fp32_contents: Array<number>(1_000_000).fill(0) }),
      /"X".*has 1000000/,
    ),
    refused(
      'floats for half floats',
      typed({ fp32_contents: [1, 2] }, { datatype: 'FP16' }),
      /"X".*raw_input_contents/,
    ),
    refused('no model among several', { model_name: '', inputs: [TYPED] }, /names no model/),
    ['a model that is not there', frame(message({ model_name: 'nothing' })), NOT_FOUND, /nothing/],
    ['a version that is not there', frame(message({ model_version: '9', inputs: [TYPED] })), NOT_FOUND, /linear/],
  ]
}

function metadata(): Row[] {
  const good = frame(GOOD)
  const timeout = (value: string) => ({ 'grpc-timeout': value })
  return [
    ['binary metadata that is no base64', good, INVALID, /"a-bin".*base64/, { 'a-bin': '{"a":1}' }],
    ['binary metadata', good, OK, /./, { 'a-bin': Buffer.from('binary').toString('base64') }],
    ...['abc', '1', 'S', '-1S', '1.5S', '1s', '123456789S', '1 S'].map((value): Row => [
      `the timeout ${value}`,
      good,
      INVALID,
      /timeout/,
      timeout(value),
    ]),
    ['a timeout of a nanosecond', good, DEADLINE, /./, timeout('1n')],
    ['a timeout of nothing', good, DEADLINE, /./, timeout('0S')],
    ['a timeout of years', good, OK, /./, timeout('99999999H')],
    ['a request id with a space', good, OK, /./, { 'x-request-id': 'a b' }],
    ['a long request id', good, OK, /./, { 'x-request-id': 'i'.repeat(5000) }],
    ['a trace that is none', good, OK, /./, { traceparent: '00-zz-zz-01' }],
  ]
}

function paths(): Row[] {
  return [
    '/',
    '/inference.GRPCInferenceService',
    '/inference.GRPCInferenceService/',
    '/inference.GRPCInferenceService/Nothing',
    '/inference.GRPCInferenceService/modelInfer',
    '/inference.GRPCInferenceService/ModelInfer/',
    '//inference.GRPCInferenceService/ModelInfer',
    '/inference.GRPCInferenceService/../inference.GRPCInferenceService/ModelInfer',
    '/inference.Nothing/ModelInfer',
    '/__proto__/constructor',
    '/v2/models/linear/infer',
    `/${'a'.repeat(5000)}`,
  ].map((path): Row => [`the path ${path.slice(0, 60)}`, frame(GOOD), UNIMPLEMENTED, /no method/, {}, path])
}
