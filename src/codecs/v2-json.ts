import type { Tensor } from '../tensor/tensor.ts'
import { END, JsonScanner, LETTER_N, noKeys, OPEN_OBJECT, QUOTE } from './json-scanner.ts'
import { leftOver, NO_INPUTS, readInputs, type BinaryPart } from './v2-json-inputs.ts'
import { readOutputs, type ReadOutputs } from './v2-json-outputs.ts'
import { readParameters, UNSET, type RequestParameters } from './v2-json-parameters.ts'
import { bad, refuseValue } from './v2-json-reading.ts'
import { BAD_ID, requestId, type V2Request } from './v2-request.ts'

export { encodeData, encodeV2Response, type V2ResponseHead } from './v2-json-answer.ts'
export type { V2Request } from './v2-request.ts'

// the places of these keys are what `member` answers
const REQUEST_KEYS = ['id', 'inputs', 'outputs', 'parameters']

/**
 * Reads an inference request, from its bytes straight into tensors: JSON, or JSON with the bytes of tensors behind it.
 * Rows stay in order; 64-bit integers are exact. Members come in any order; unknown ones are passed over, but are JSON
 * too, and no key stands twice. Tensors that came as bytes are views of the body where it is aligned for them.
 * @param jsonLength how many bytes of the body are JSON; all of them when absent
 * @throws {ServingError} `invalid_argument`, naming the tensor and the element, or the byte where the body is no JSON;
 *   `unsupported` for sequences and shared memory; `too_large` for more elements of BYTES than a request may have
 * @see Open Inference Protocol v2, "Inference Request JSON Object", "Tensor Data"; Triton's "Schedule Policy Extension"
 *   and "Binary Tensor Data Extension"
 */
export function decodeV2Request(body: Uint8Array, jsonLength: number = body.length): V2Request {
  const isWhole = jsonLength === body.length
  const scanner = new JsonScanner(isWhole ? body : body.subarray(0, jsonLength))
  const binary: BinaryPart = { bytes: body, at: jsonLength }
  let id: string | undefined
  let inputs: Map<string, Tensor> | undefined
  let outputs: ReadOutputs = ALL_OUTPUTS
  let parameters: RequestParameters = UNSET
  if (scanner.next() !== OPEN_OBJECT) {
    scanner.skip()
    scanner.end()
    throw bad('the body must be a JSON object with "inputs"')
  }
  scanner.open()
  const seen = noKeys()
  for (let key = scanner.member(REQUEST_KEYS, seen); key !== END; key = scanner.member(REQUEST_KEYS, seen)) {
    const byte = scanner.next()
    // clients that write null for what they do not set are many
    if (byte === LETTER_N) scanner.word('null')
    else if (key === 0) id = readId(scanner)
    else if (key === 1) inputs = readInputs(scanner, binary)
    else if (key === 2) outputs = readOutputs(scanner)
    else if (key === 3) parameters = readParameters(scanner)
    else scanner.skip()
  }
  scanner.end()
  if (inputs === undefined) throw bad(NO_INPUTS)
  if (binary.at !== body.length) throw leftOver(binary)
  const request = { id, inputs, outputs: outputs.names, timeoutUs: parameters.timeoutUs }
  return outputs === ALL_OUTPUTS && parameters === UNSET ? request : withOptions(request, outputs, parameters)
}

const ALL_OUTPUTS: ReadOutputs = { names: [], forms: undefined }

function withOptions(request: V2Request, { forms }: ReadOutputs, { isBinary, priority }: RequestParameters): V2Request {
  return {
    ...request,
    ...(forms === undefined ? {} : { forms }),
    ...(isBinary ? { isBinary } : {}),
    ...(priority === undefined ? {} : { priority }),
  }
}

/** @throws {ServingError} `invalid_argument` */
function readId(scanner: JsonScanner): string | undefined {
  if (scanner.next() !== QUOTE) throw refuseValue(scanner, BAD_ID)
  return requestId(scanner.string())
}
