import { choice, many, message, one, unary, type MessageType, type ProtoFile } from './schema.ts'

/** The messages of server reflection: both versions have the same. */
export interface ReflectionTypes {
  readonly request: MessageType
  readonly response: MessageType
}

function reflection(version: 'v1' | 'v1alpha'): ProtoFile & ReflectionTypes {
  const prefix = `grpc.reflection.${version}`
  const extension = message(
    `${prefix}.ExtensionRequest`,
    one(1, 'containing_type', 'string'),
    one(2, 'extension_number', 'int32'),
  )
  const request = message(
    `${prefix}.ServerReflectionRequest`,
    one(1, 'host', 'string'),
    ...choice(
      'message_request',
      one(3, 'file_by_filename', 'string'),
      one(4, 'file_containing_symbol', 'string'),
      one(5, 'file_containing_extension', extension),
      one(6, 'all_extension_numbers_of_type', 'string'),
      one(7, 'list_services', 'string'),
    ),
  )
  const files = message(`${prefix}.FileDescriptorResponse`, many(1, 'file_descriptor_proto', 'bytes'))
  const numbers = message(
    `${prefix}.ExtensionNumberResponse`,
    one(1, 'base_type_name', 'string'),
    many(2, 'extension_number', 'int32'),
  )
  const service = message(`${prefix}.ServiceResponse`, one(1, 'name', 'string'))
  const list = message(`${prefix}.ListServiceResponse`, many(1, 'service', service))
  const error = message(`${prefix}.ErrorResponse`, one(1, 'error_code', 'int32'), one(2, 'error_message', 'string'))
  const response = message(
    `${prefix}.ServerReflectionResponse`,
    one(1, 'valid_host', 'string'),
    one(2, 'original_request', request),
    ...choice(
      'message_response',
      one(4, 'file_descriptor_response', files),
      one(5, 'all_extension_numbers_response', numbers),
      one(6, 'list_services_response', list),
      one(7, 'error_response', error),
    ),
  )
  return {
    request,
    response,
    name: `grpc/reflection/${version}/reflection.proto`,
    package: prefix,
    dependencies: [],
    types: [request, extension, response, files, numbers, list, service, error],
    services: [
      {
        name: `${prefix}.ServerReflection`,
        methods: [
          { ...unary('ServerReflectionInfo', request, response), isClientStreaming: true, isServerStreaming: true },
        ],
      },
    ],
  }
}

/** @see gRPC, "Server Reflection Protocol" */
export const reflectionV1 = reflection('v1')
/** What most tools asked for first, for years. */
export const reflectionV1Alpha = reflection('v1alpha')
