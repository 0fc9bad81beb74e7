import { hideKeys } from '../core/text.ts'
import type { ServingError } from '../core/errors.ts'
import { createGrpcHost, type GrpcHost } from '../hosts/grpc/grpc-host.ts'
import { createGrpcAdmit, createGrpcHandle, type GrpcHandleOptions } from '../protocols/oip-grpc/dispatch.ts'
import { createOipGrpc } from '../protocols/oip-grpc/oip-grpc.ts'
import type { Answered, WireRequest } from '../protocols/protocol.ts'
import type { Operations } from '../runtime/operations.ts'
import type { DataPlane } from '../runtime/plane.ts'
import { oipOptions } from './data-plane.ts'
import { log } from './log.ts'
import type { GrpcSettings, OipSettings, RunnerSettings, TlsFiles } from './settings.ts'
import { VERSION } from './version.ts'

export interface GrpcParts {
  readonly settings: GrpcSettings
  readonly http: RunnerSettings['http']
  readonly oip: OipSettings
  readonly operations: Operations
  readonly plane: DataPlane
  readonly authorize: GrpcHandleOptions['authorize']
  readonly tls: TlsFiles | undefined
  readonly onAnswered: (answered: Answered) => void
}

/** gRPC as servers speak it, with failures of ours in the log; it listens nowhere yet. */
export function createGrpc(parts: GrpcParts): GrpcHost {
  const { settings, http, oip, operations, plane, authorize, tls, onAnswered } = parts
  const { maxConnections, headersTimeoutMs, requestTimeoutMs } = http
  const onFailure = (error: ServingError, { path }: WireRequest) =>
    log('error', 'request failed', { method: 'POST', path: hideKeys(path), error })
  const { routes, kinds } = createOipGrpc({ serverVersion: VERSION, ...oipOptions(oip), operations, onFailure })
  return createGrpcHost({
    handle: createGrpcHandle({ routes, onFailure, ...(authorize && { authorize }) }),
    admit: createGrpcAdmit({ routes, ...(authorize && { authorize }) }),
    kinds,
    plane,
    ...settings,
    maxConnections,
    headersTimeoutMs,
    requestTimeoutMs,
    ...(tls && { tls }),
    onAnswered,
    onDefect: (error) => log('error', 'an answer could not be sent', { error }),
  })
}
