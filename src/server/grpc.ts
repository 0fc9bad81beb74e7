import { hideKeys } from '../core/text.ts'
import type { ServingError } from '../core/errors.ts'
import { createGrpcHost, type GrpcHost } from '../hosts/grpc/grpc-host.ts'
import { createGrpcAdmit, createGrpcHandle, type GrpcHandleOptions } from '../protocols/oip-grpc/dispatch.ts'
import { createOipGrpc } from '../protocols/oip-grpc/oip-grpc.ts'
import type { Answered, Handle, WireRequest } from '../protocols/protocol.ts'
import type { BodyMemory } from '../runtime/body-memory.ts'
import type { Operations } from '../runtime/operations.ts'
import type { DataPlane } from '../runtime/plane.ts'
import { oipOptions } from './data-plane.ts'
import { log } from './log.ts'
import type { RunnerPart } from './platform/runner-part.ts'
import type { GrpcSettings, OipSettings, RunnerSettings, TlsFiles } from './settings.ts'
import { VERSION } from './version.ts'

export interface GrpcParts {
  readonly settings: GrpcSettings
  readonly http: RunnerSettings['http']
  readonly oip: OipSettings
  readonly operations: Operations
  readonly plane: DataPlane
  readonly memory: BodyMemory
  readonly authorize: GrpcHandleOptions['authorize']
  /** Of a runner of the platform. */
  readonly platform?: Pick<RunnerPart, 'planeFor' | 'handing' | 'authorizeHead'> | undefined
  readonly tls: TlsFiles | undefined
  readonly onAnswered: (answered: Answered) => void
}

/** A host, and what answers its requests. */
export interface Grpc extends GrpcHost {
  readonly handle: Handle
}

/** gRPC as servers speak it, with failures of ours in the log; it listens nowhere yet. */
export function createGrpc(parts: GrpcParts): Grpc {
  const { settings, http, oip, operations, plane, memory, authorize, platform, tls, onAnswered } = parts
  const { maxConnections, headersTimeoutMs, requestTimeoutMs } = http
  const onFailure = (error: ServingError, { path }: WireRequest) =>
    log('error', 'request failed', { method: 'POST', path: hideKeys(path), error })
  const { routes, kinds } = createOipGrpc({ serverVersion: VERSION, ...oipOptions(oip), operations, onFailure })
  const planeFor = platform?.planeFor
  const handle = createGrpcHandle({ routes, onFailure, ...(authorize && { authorize }), ...(planeFor && { planeFor }) })
  const authorizeHead = platform?.authorizeHead ?? authorize
  const host = createGrpcHost({
    handle: platform?.handing('grpc', handle) ?? handle,
    admit: createGrpcAdmit({ routes, ...(authorizeHead && { authorize: authorizeHead }) }),
    kinds,
    plane,
    memory,
    ...settings,
    maxConnections,
    headersTimeoutMs,
    requestTimeoutMs,
    ...(tls && { tls }),
    onAnswered,
    onDefect: (error) => log('error', 'an answer could not be sent', { error }),
  })
  return { ...host, handle }
}
