import { ServingError } from '../core/errors.ts'
import type { Call, DataPlane, ServedModel } from '../runtime/plane.ts'
import { tensor, type Tensors } from '../tensor/tensor.ts'
import type { WireRequest, WireResponse } from './protocol.ts'

/** Whether a model takes a request's body as it came: nothing of it is read here then. */
export function isRaw({ signature }: ServedModel): boolean {
  return signature.isRaw === true
}

/**
 * Hands a request's body to code that takes bodies, and its answer back: with the status and the media type that the code
 * chose.
 * @throws {ServingError} as the plane; `internal` for an answer that HTTP cannot have
 */
export async function answerRaw(
  { headers, body }: WireRequest,
  plane: DataPlane,
  call: Call,
  model: ServedModel,
): Promise<WireResponse> {
  call.model = model
  const inputs = new Map([['body', tensor('BYTES', [1], [body])]])
  for (const [name, header] of [
    ['content_type', headers['content-type']],
    ['accept', headers['accept']],
  ] as const)
    if (header !== undefined) inputs.set(name, tensor('BYTES', [1], [Buffer.from(header, 'latin1')]))
  const { outputs } = await plane.predict(model, inputs, { outputs: OUTPUTS, call })
  const contentType = Buffer.from(bytesOf(outputs, 'content_type')).toString('latin1')
  const status = outputs.get('status')?.data[0]
  if (typeof status !== 'number' || status < 200 || status > 599 || !/^[\x20-\x7e]{0,256}$/.test(contentType))
    throw new ServingError('internal', 'the code answered with a status or a media type that no answer can have')
  return {
    status,
    headers: contentType === '' ? {} : { 'content-type': contentType },
    body: status === 204 || status === 304 ? '' : bytesOf(outputs, 'body'),
  }
}

const OUTPUTS: readonly string[] = ['body', 'content_type', 'status']

function bytesOf(outputs: Tensors, name: string): Uint8Array {
  const value = outputs.get(name)
  const bytes = value?.datatype === 'BYTES' ? value.data[0] : undefined
  if (bytes === undefined) throw new Error(`a model that takes bodies gave no ${name}; this is a bug`)
  return bytes
}
