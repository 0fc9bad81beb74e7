import { describe, expect, test } from 'vitest'
import { ModelInferRequest, ModelInferResponse } from '../../src/codecs/protobuf/infer-messages.ts'
import { decodeMessage, encodeMessage } from '../../src/codecs/protobuf/messages.ts'
import { grpcExchange, rightFrame, type GrpcAnswer } from './grpc-question.ts'
import type { Question } from './question.ts'

const question: Question = {
  model: 'tiny',
  rows: 2,
  inputs: [{ name: 'X', shape: [2, 1], datatype: 'FP64', data: [1, 4.5] }],
  outputs: [
    { name: 'predict', shape: [2], datatype: 'INT64', data: [0, -1] },
    { name: 'score', shape: [2], datatype: 'FP32', data: [0.5, 0.25] },
  ],
}
const exchange = grpcExchange(question, { authorization: 'Bearer key' })

const answer = (body: Buffer, over: Partial<GrpcAnswer> = {}): GrpcAnswer => ({ status: 0, message: '', body, ...over })

/** An answer with its numbers as fields, as servers write them that have no raw bytes. */
const typed = (labels: bigint[], scores: number[]) => {
  const message = encodeMessage(ModelInferResponse, {
    outputs: [
      { name: 'score', datatype: 'FP32', shape: [2], contents: { fp32_contents: scores } },
      { name: 'predict', datatype: 'INT64', shape: [2], contents: { int64_contents: labels } },
    ],
  })
  return answer(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]))
}

describe('a question by gRPC', () => {
  test('is one message behind its length, with the bytes of its tensors', () => {
    const { frame } = exchange
    expect([frame[0], frame.readUInt32BE(1)]).toEqual([0, frame.length - 5])
    const sent = decodeMessage(ModelInferRequest, frame.subarray(5))
    expect(sent).toMatchObject({ model_name: 'tiny', inputs: [{ name: 'X', datatype: 'FP64', shape: [2, 1] }] })
    const [raw] = sent.raw_input_contents as [Uint8Array]
    expect(Buffer.from(raw).toString('hex')).toBe('000000000000f03f0000000000001240')
  })

  test('goes with the metadata of its server', () => {
    expect(exchange.metadata).toEqual({ authorization: 'Bearer key' })
    expect(exchange.path).toBe('/inference.GRPCInferenceService/ModelInfer')
  })

  test('is answered rightly by raw bytes and by numbers, in any order', () => {
    expect(exchange.check(answer(rightFrame(question)))).toBeUndefined()
    expect(exchange.check(typed([0n, -1n], [0.5, 0.25]))).toBeUndefined()
  })

  test.each([
    ['another label', typed([0n, 1n], [0.5, 0.25])],
    ['another score', typed([0n, -1n], [0.5, 0.2500001])],
    ['a number too few', typed([0n], [0.5, 0.25])],
    ['a failure', answer(Buffer.alloc(0), { status: 5, message: 'no such model' })],
    ['a failure after a right message', answer(rightFrame(question), { status: 13 })],
    ['no status', answer(rightFrame(question), { status: NaN })],
    ['no message of this kind', answer(Buffer.from([0, 0, 0, 0, 2, 0x2a, 0x7f]))],
  ])('an answer with %s is wrong', (_what, given) => {
    expect(exchange.check(given)).toBeTypeOf('string')
  })

  const right = rightFrame(question)
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['two messages', Buffer.concat([right, right])],
    ['a message that is cut', right.subarray(0, -1)],
    ['a message that says it is compressed', Buffer.concat([Buffer.from([1]), right.subarray(1)])],
  ])('an answer of %s is not read', (_what, body) => {
    expect(exchange.check(answer(body))).toContain('no single message')
  })
})

test('a datatype that no model of the bench has is refused by name', () => {
  const inputs = [{ name: 'X', shape: [1], datatype: 'BYTES', data: [1] }]
  expect(() => grpcExchange({ ...question, inputs })).toThrow('no raw "BYTES", only FP32, FP64, INT64')
})
