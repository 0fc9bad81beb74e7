import { checkClassifications, classify } from '../../codecs/classification.ts'
import { encodeV2Answer } from '../../codecs/v2-binary-answer.ts'
import { decodeV2Request } from '../../codecs/v2-json.ts'
import { decodeRawRequest } from '../../codecs/v2-raw-request.ts'
import type { V2Request } from '../../codecs/v2-request.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { versionName, type Call, type DataPlane } from '../../runtime/plane.ts'
import type { Signature } from '../../tensor/signature.ts'
import type { PathParameters, WireRequest, WireResponse } from '../protocol.ts'

/** Where the JSON of a body ends and the bytes of tensors begin; the same in requests and answers. */
const JSON_LENGTH = 'inference-header-content-length'

/**
 * Runs a model: JSON, JSON with the bytes of tensors behind it, or nothing but the bytes of the only input; the answer
 * as the request wants it.
 * @see Open Inference Protocol v2, "Inference"; Triton's "Binary Tensor Data" and "Classification" extensions
 */
export async function infer(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  parameters: PathParameters,
): Promise<WireResponse> {
  const model = plane.model(parameters.model, parameters.version)
  call.model = model
  const wanted = decode(request, model.signature)
  if (wanted.forms !== undefined) checkClassifications(wanted, model.signature)
  const { timeoutUs, priority } = wanted
  const prediction = await plane.predict(model, wanted.inputs, {
    outputs: wanted.outputs,
    call,
    ...(timeoutUs === undefined ? {} : { timeoutMs: timeoutUs / 1000 }),
    ...(priority === undefined ? {} : { priority }),
  })
  const outputs = classify(prediction.outputs, wanted, model.signature)
  const head = { modelName: model.name, modelVersion: versionName(prediction.model), id: wanted.id }
  const { body, jsonLength } = encodeV2Answer(head, outputs, wanted)
  return { status: 200, headers: jsonLength === undefined ? JSON_HEADERS : binaryHeaders(jsonLength), body }
}

function decode({ headers, body }: WireRequest, signature: Signature): V2Request {
  const length = headers[JSON_LENGTH]
  if (length === undefined) return decodeJson(headers, body)
  const jsonLength = /^\d{1,10}$/.test(length) ? Number(length) : Infinity
  if (jsonLength > body.length)
    throw new ServingError(
      'invalid_argument',
      `the header Inference-Header-Content-Length is ${quote(length, 40)}; it must be the number of bytes of the body ` +
        `that are JSON, from 0 to ${body.length}`,
    )
  return jsonLength === 0 ? decodeRawRequest(body, signature) : decodeV2Request(body, jsonLength)
}

/** @throws {ServingError} as `decodeV2Request`; for what came as bytes and is no JSON, with a word of how bytes are sent */
function decodeJson(headers: WireRequest['headers'], body: Uint8Array): V2Request {
  try {
    return decodeV2Request(body)
  } catch (thrown) {
    const error = ServingError.from(thrown)
    const isBytes = headers['content-type']?.trim().toLowerCase() === 'application/octet-stream' && !isObject(body)
    if (!isBytes || error.code !== 'invalid_argument') throw thrown
    throw new ServingError(
      'invalid_argument',
      `${error.message}; for a body that is the bytes of a tensor and nothing else, send the header Inference-Header-Content-Length as 0`,
      { cause: error, details: error.details },
    )
  }
}

/** Whether a body begins as an object of JSON does. */
function isObject(body: Uint8Array): boolean {
  return body.find((byte) => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) === 0x7b
}

const JSON_HEADERS = { 'content-type': 'application/json' }

function binaryHeaders(jsonLength: number): Record<string, string> {
  return { 'content-type': 'application/octet-stream', [JSON_LENGTH]: String(jsonLength) }
}
