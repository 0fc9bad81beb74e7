import type { Tensor, Tensors } from '../tensor/tensor.ts'
import { rawSize, writeRaw } from './raw-tensor.ts'
import { encodeData, encodeV2Response, headText, outputText, type V2ResponseHead } from './v2-json-answer.ts'
import type { V2Request } from './v2-request.ts'

/** An answer to an inference request, in the form that the request asked for. */
export interface V2Answer {
  readonly body: string | Uint8Array
  /** How many bytes of the body are JSON, where those of tensors stand behind them; undefined where all of it is JSON. */
  readonly jsonLength: number | undefined
}

/**
 * Writes an answer: JSON, with outputs as bytes behind it where the request wants them so, for each output or for all.
 * Bytes are the only form of FP16 and BF16, and hold what JSON has no form for: NaN, infinities, bytes that are no text.
 * @throws {ServingError} `unsupported` when an output that goes as JSON has a value without a JSON form
 * @see Triton's "Binary Tensor Data Extension"
 */
export function encodeV2Answer(head: V2ResponseHead, outputs: Tensors, request: V2Request): V2Answer {
  if (request.isBinary !== true && request.forms === undefined) return asJson(head, outputs)
  const raw: Tensor[] = []
  let sizeBytes = 0
  let text = headText(head)
  let separator = ''
  for (const [name, tensor] of outputs) {
    text += separator + outputText(name, tensor)
    if (isBinary(request, name)) {
      const size = rawSize(tensor)
      text += `,"parameters":{"binary_data_size":${size}}}`
      sizeBytes += size
      raw.push(tensor)
    } else text += `,"data":[${encodeData(name, tensor)}]}`
    separator = ','
  }
  text += ']}'
  if (raw.length === 0) return { body: text, jsonLength: undefined }
  const jsonLength = Buffer.byteLength(text)
  const body = Buffer.allocUnsafeSlow(jsonLength + sizeBytes)
  body.write(text)
  let at = jsonLength
  for (const tensor of raw) at = writeRaw(tensor, body, at)
  return { body, jsonLength }
}

function asJson(head: V2ResponseHead, outputs: Tensors): V2Answer {
  return { body: encodeV2Response(head, outputs), jsonLength: undefined }
}

/** What an output says of itself, else what the request says of all. */
function isBinary({ forms, isBinary }: V2Request, name: string): boolean {
  return forms?.get(name)?.isBinary ?? isBinary === true
}
