import { METHODS } from '../../codecs/protobuf/tables.ts'
import type { ServingError } from '../../core/errors.ts'
import type { ConfigLimits } from '../oip/model-config.ts'
import type { ServerIdentity } from '../oip/server-metadata.ts'
import type { WireRequest } from '../protocol.ts'
import type { CallKind, GrpcProtocol } from './call-kind.ts'
import { healthRoutes } from './health.ts'
import { modelInfer, modelStreamInfer } from './infer.ts'
import { metadataRoutes, sharedMemoryRoutes } from './metadata.ts'
import { modelConfigRoute, operationRoutes } from './operations.ts'
import { reflectionRoutes } from './reflection.ts'
import { INFERENCE, type GrpcRoute } from './rpc.ts'
import { grpcFailure } from './status.ts'

export interface OipGrpcOptions extends ServerIdentity, ConfigLimits {
  /** Told of failures that are ours in messages of a stream: the wire gets only a sentence. */
  readonly onFailure?: (error: ServingError, request: WireRequest) => void
}

/**
 * The Open Inference Protocol, version 2, over gRPC, with Triton's additions, health and reflection. Each message is a
 * request of its own, without its frame; its answer's `grpc-status` and `grpc-message` are trailers.
 * @see Open Inference Protocol v2, "gRPC"
 */
export function createOipGrpc(options: OipGrpcOptions): GrpcProtocol & {
  readonly routes: readonly GrpcRoute[]
} {
  const { operations, onFailure } = options
  return {
    name: 'oip-grpc',
    failure: grpcFailure,
    kinds: KINDS,
    routes: [
      { method: 'POST', path: `${INFERENCE}/ModelInfer`, handle: modelInfer },
      {
        method: 'POST',
        path: `${INFERENCE}/ModelStreamInfer`,
        handle: (request, plane, call) => modelStreamInfer(request, plane, call, onFailure),
      },
      ...metadataRoutes(options),
      modelConfigRoute(options),
      ...sharedMemoryRoutes,
      ...healthRoutes,
      ...reflectionRoutes,
      ...(operations === undefined ? [] : operationRoutes(operations)),
    ],
  }
}

const KINDS: ReadonlyMap<string, CallKind> = new Map(
  [...METHODS]
    .filter(([, method]) => method.isServerStreaming)
    .map(([path, method]) => [path, method.isClientStreaming ? 'exchange' : 'watch']),
)
