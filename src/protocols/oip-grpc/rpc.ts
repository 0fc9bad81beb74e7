import { decodeMessage, encodeMessage, type Document } from '../../codecs/protobuf/messages.ts'
import type { Method } from '../../codecs/protobuf/schema.ts'
import { METHODS } from '../../codecs/protobuf/tables.ts'
import type { Call, DataPlane } from '../../runtime/plane.ts'
import type { Access, Route, WireRequest } from '../protocol.ts'
import { grpcAnswer } from './status.ts'

/** A method of gRPC: its path has no placeholders. */
export type GrpcRoute = Route

/** Answers a message with a message, both as plain documents. */
export type Answer = (
  message: Record<string, unknown>,
  plane: DataPlane,
  call: Call,
  request: WireRequest,
) => Document | Promise<Document>

export const INFERENCE = '/inference.GRPCInferenceService'

/**
 * A method whose messages are read and written by their tables.
 * @param path `/service/method`, one that the tables hold
 */
export function rpc(path: string, access: Access, answer: Answer): GrpcRoute {
  const { input, output } = methodAt(path)
  return {
    method: 'POST',
    path,
    access,
    async handle(request, plane, call) {
      const document = await answer(decodeMessage(input, request.body), plane, call, request)
      return grpcAnswer(encodeMessage(output, document))
    },
  }
}

export function methodAt(path: string): Method {
  const method = METHODS.get(path)
  if (method === undefined) throw new Error(`there is no method ${path}; this is a bug`)
  return method
}

/** A field that holds text; where it is empty, nothing was said. */
export function textIn(message: Record<string, unknown>, field: string): string | undefined {
  const value = message[field]
  return typeof value === 'string' && value !== '' ? value : undefined
}
