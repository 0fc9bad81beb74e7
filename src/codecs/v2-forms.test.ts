import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DATATYPES } from '../tensor/datatype.ts'
import type { Tensor } from '../tensor/tensor.ts'
import {
  anyRequest,
  asBinary,
  asJson,
  asMessage,
  contentsOf,
  hasJson,
  placedAt,
  type AnyRequest,
} from './any-request.fixture.ts'
import { Dice } from '../core/dice.fixture.ts'
import { decodeModelInferRequest, encodeModelInferResponse } from './protobuf/model-infer.ts'
import { encodeV2Answer } from './v2-binary-answer.ts'
import { encodeV2Response } from './v2-json-answer.ts'
import { decodeV2Request } from './v2-json.ts'
import type { V2Request } from './v2-request.ts'

/** Requests of one seed; there are `RUNS` seeds. */
const TIMES = 50
const RUNS = 200

function each(check: (request: AnyRequest, dice: Dice) => void): void {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const dice = new Dice(seed)
      for (let i = 0; i < TIMES; i++) check(anyRequest(dice), dice)
    }),
    { numRuns: RUNS },
  )
}

/** What a request says besides its tensors. */
function saidOf({ id, outputs, forms, isBinary, timeoutUs, priority }: V2Request): string {
  const said = { id, outputs, forms: forms === undefined ? [] : [...forms], isBinary, timeoutUs, priority }
  return JSON.stringify(said, (_key, value: unknown) => value ?? null)
}

describe('tensors of all datatypes and shapes, elements of any bits', { timeout: 120_000 }, () => {
  test('are the same, bit for bit, out of JSON, out of bytes behind it, and out of protobuf, typed and raw', () => {
    const seen = { json: 0, binary: 0, mixed: 0, typed: 0, raw: 0 }
    const datatypes = new Set<string>()
    each((request, dice) => {
      const wanted = contentsOf(request.tensors)
      for (const { datatype } of request.tensors.values()) datatypes.add(datatype)
      let said: string | undefined
      const check = (form: keyof typeof seen, found: V2Request): void => {
        seen[form]++
        const contents = contentsOf(found.inputs)
        if (contents.join('\n') !== wanted.join('\n')) expect({ form, contents }).toEqual({ form, contents: wanted })
        said ??= saidOf(found)
        if (saidOf(found) !== said) expect({ form, said: saidOf(found) }).toEqual({ form, said })
      }
      const place = (bytes: Uint8Array): Uint8Array => placedAt(dice.roll(9), bytes)
      const json = asJson(request)
      if (json !== undefined) check('json', decodeV2Request(place(json)))
      const binary = asBinary(request)
      check('binary', decodeV2Request(place(binary.body), binary.jsonLength))
      const mixed = asBinary(request, (value) => !hasJson(value) || value.shape.length % 2 === 0)
      check('mixed', decodeV2Request(place(mixed.body), mixed.jsonLength))
      const typed = asMessage(request, false)
      if (typed !== undefined) check('typed', decodeModelInferRequest(place(typed)).request)
      check('raw', decodeModelInferRequest(place(asMessage(request, true) as Buffer)).request)
    })
    expect(datatypes.size).toBe(DATATYPES.length)
    expect(Math.min(...Object.values(seen))).toBeGreaterThan((RUNS * TIMES) / 5)
  })

  test('are the same, bit for bit, when any form of an answer with them is sent back as a request', () => {
    const head = { modelName: 'model', modelVersion: '1', id: undefined }
    let unsaid = 0
    each(({ tensors }, dice) => {
      const wanted = contentsOf(tensors).join('\n')
      const check = (form: string, { inputs }: V2Request): void => {
        const contents = contentsOf(inputs).join('\n')
        if (contents !== wanted) expect({ form, contents }).toEqual({ form, contents: wanted })
      }
      if ([...tensors.values()].every(hasJson)) check('json', decodeV2Request(asked(encodeV2Response(head, tensors))))
      else {
        unsaid++
        expect(() => encodeV2Response(head, tensors)).toThrow(expect.objectContaining({ code: 'unsupported' }))
      }
      check(
        'binary',
        askedInBinary(tensors, (value) => !hasJson(value) || dice.roll(2) === 0),
      )
      check('raw', decodeModelInferRequest(askedRaw(encodeModelInferResponse(head, tensors, true))).request)
      const isHalf = ({ datatype }: Tensor): boolean => datatype === 'FP16' || datatype === 'BF16'
      if (![...tensors.values()].some(isHalf))
        // an answer's outputs have the numbers and fields of a request's inputs
        check('typed', decodeModelInferRequest(encodeModelInferResponse(head, tensors, false)).request)
    })
    expect(unsaid).toBeGreaterThan((RUNS * TIMES) / 5)
    expect(unsaid).toBeLessThan(RUNS * TIMES)
  })
})

/** An answer's JSON as a request's. */
function asked(answer: string): Buffer {
  return Buffer.from(answer.replace('"outputs":', '"inputs":'))
}

function askedInBinary(tensors: AnyRequest['tensors'], isBinary: (value: Tensor) => boolean): V2Request {
  const head = { modelName: 'model', modelVersion: '1', id: undefined }
  const forms = new Map(
    [...tensors].map(([name, value]) => [name, { classification: 0, isBinary: isBinary(value) }] as const),
  )
  const wanted = { id: undefined, inputs: new Map(), outputs: [], forms, timeoutUs: undefined }
  const { body, jsonLength } = encodeV2Answer(head, tensors, wanted)
  const bytes = Buffer.from(body as Uint8Array)
  const json = asked(bytes.toString('utf8', 0, jsonLength ?? bytes.length))
  return decodeV2Request(Buffer.concat([json, bytes.subarray(jsonLength ?? bytes.length)]), json.length)
}

/** An answer's message as a request's: the numbers of the raw contents differ. All its fields are bytes with a length. */
function askedRaw(answer: Buffer): Buffer {
  let at = 0
  while (at < answer.length) {
    if (answer[at] === ((6 << 3) | 2)) answer[at] = (7 << 3) | 2
    at++
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = answer[at++] as number
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    at += length
  }
  return answer
}
