import { createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { describe, expect, test } from 'vitest'
import { fileByName, fileContaining, SERVICE_NAMES } from './descriptors.ts'
import { descOf } from './oracle.fixture.ts'
import { FILES, METHODS } from './tables.ts'

const namesOf = (files: readonly Uint8Array[] | undefined): readonly string[] | undefined =>
  files?.map((file) => fromBinary(FileDescriptorProtoSchema, file).name)

describe('server reflection', () => {
  test('finds the file of a service, procedure, message or enum, with the files it needs', () => {
    for (const symbol of [
      'inference.GRPCInferenceService',
      'inference.GRPCInferenceService.ModelInfer',
      'inference.ModelInferRequest.InferInputTensor',
      'inference.ModelConfigResponse',
    ])
      expect(namesOf(fileContaining(symbol))).toEqual(['grpc_service.proto', 'model_config.proto'])
    expect(namesOf(fileContaining('inference.DataType'))).toEqual(['model_config.proto'])
    expect(namesOf(fileContaining('grpc.health.v1.Health'))).toEqual(['grpc/health/v1/health.proto'])
    expect(namesOf(fileByName('grpc/reflection/v1/reflection.proto'))).toEqual(['grpc/reflection/v1/reflection.proto'])
  })

  test('has nothing for what nobody knows', () => {
    for (const name of ['inference.Nothing', '', 'constructor', '__proto__', 'inference']) {
      expect(fileContaining(name)).toBeUndefined()
      expect(fileByName(name)).toBeUndefined()
    }
  })

  test('lists the services', () => {
    expect(SERVICE_NAMES).toEqual([
      'inference.GRPCInferenceService',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ])
  })

  test('describes each service and procedure as another implementation understands them', () => {
    for (const { name, services } of FILES) {
      const files = (fileByName(name) ?? []).map((file) => fromBinary(FileDescriptorProtoSchema, file))
      const registry = createFileRegistry(files[0] as (typeof files)[0], (needed) =>
        files.find((file) => file.name === needed),
      )
      for (const service of services) {
        const found = registry.getService(service.name)
        expect(
          found?.methods.map((method) => [
            method.name,
            method.input.typeName,
            method.output.typeName,
            method.methodKind,
          ]),
        ).toEqual(
          service.methods.map((method) => [
            method.name,
            method.input.name,
            method.output.name,
            method.isServerStreaming ? (method.isClientStreaming ? 'bidi_streaming' : 'server_streaming') : 'unary',
          ]),
        )
      }
    }
  })

  test('describes fields with their numbers, choices and maps', () => {
    const parameter = descOf(METHODS.get('/inference.GRPCInferenceService/ModelInfer')?.input ?? never())
    expect(parameter.field['parameters']).toMatchObject({ number: 4, fieldKind: 'map', jsonName: 'parameters' })
    expect(parameter.field['rawInputContents']).toMatchObject({
      number: 7,
      fieldKind: 'list',
      name: 'raw_input_contents',
    })
    const value = parameter.field['parameters']?.message
    expect(value?.oneofs.map(({ name, fields }) => [name, fields.length])).toEqual([['parameter_choice', 5]])
  })
})

function never(): never {
  throw new Error('no such procedure')
}
