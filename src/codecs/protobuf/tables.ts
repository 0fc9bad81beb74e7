import { healthFile } from './health-file.ts'
import { inferenceFile } from './inference-file.ts'
import { modelConfigFile } from './model-config-file.ts'
import { reflectionV1, reflectionV1Alpha } from './reflection-file.ts'
import type { Method, ProtoFile, Service } from './schema.ts'

/** Every `.proto` file that is spoken here. */
export const FILES: readonly ProtoFile[] = [inferenceFile, modelConfigFile, healthFile, reflectionV1, reflectionV1Alpha]

export const SERVICES: readonly Service[] = FILES.flatMap((file) => file.services)

/** The procedures by the path under which gRPC calls them: `/inference.GRPCInferenceService/ModelInfer`. */
export const METHODS: ReadonlyMap<string, Method> = new Map(
  SERVICES.flatMap((service) => service.methods.map((method) => [`/${service.name}/${method.name}`, method])),
)
