import { fileByName, fileContaining, SERVICE_NAMES } from '../../codecs/protobuf/descriptors.ts'
import type { Document } from '../../codecs/protobuf/messages.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { rpc, type GrpcRoute } from './rpc.ts'
import { GRPC_STATUS } from './status.ts'

/**
 * Tells tools which services there are and what their messages look like.
 * @see gRPC, "GRPC Server Reflection Protocol"
 */
export const reflectionRoutes: readonly GrpcRoute[] = ['v1', 'v1alpha'].map((version) =>
  rpc(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`, 'metadata', (message) => ({
    valid_host: message['host'],
    original_request: message,
    ...answerTo(message),
  })),
)

function answerTo(message: Document): Document {
  const { file_by_filename: name, file_containing_symbol: symbol, all_extension_numbers_of_type: type } = message
  if (typeof name === 'string') return files(fileByName(name), `file ${quote(name)}`)
  if (typeof symbol === 'string') return files(fileContaining(symbol), `symbol ${quote(symbol)}`)
  if (typeof message['list_services'] === 'string')
    return { list_services_response: { service: SERVICE_NAMES.map((service) => ({ name: service })) } }
  if (typeof type === 'string') {
    if (fileContaining(type) === undefined) return notFound(`type ${quote(type)}`)
    return { all_extension_numbers_response: { base_type_name: type, extension_number: [] } }
  }
  if (message['file_containing_extension'] !== undefined) return notFound('extension: there are none')
  throw new ServingError('invalid_argument', 'the message asks for nothing')
}

function files(found: readonly Uint8Array[] | undefined, what: string): Document {
  return found === undefined ? notFound(what) : { file_descriptor_response: { file_descriptor_proto: found } }
}

function notFound(what: string): Document {
  return { error_response: { error_code: GRPC_STATUS.not_found, error_message: `there is no ${what}` } }
}
