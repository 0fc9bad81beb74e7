import { decodeMessage } from '../../codecs/protobuf/messages.ts'
import { SERVICE_NAMES } from '../../codecs/protobuf/descriptors.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import type { Access } from '../protocol.ts'
import { methodAt, rpc, textIn, type GrpcRoute } from './rpc.ts'

const CHECK = '/grpc.health.v1.Health/Check'
const LIST = '/grpc.health.v1.Health/List'
const WATCH = '/grpc.health.v1.Health/Watch'

/**
 * The health of the server (no name, or that of a service) and of each model (its name). Anybody may ask for that of the
 * server; which models there are, only holders of a key for inference learn.
 * @see gRPC, "GRPC Health Checking Protocol"
 */
export const healthRoutes: readonly GrpcRoute[] = [
  {
    ...rpc(CHECK, 'open', (message, plane) => {
      const status = statusOf(textIn(message, 'service'), plane)
      if (status === 'SERVICE_UNKNOWN')
        throw new ServingError('not_found', `there is no service and no model ${quote(String(message['service']))}`)
      return { status }
    }),
    accessOf: ({ body }) => accessOf(CHECK, body),
  },
  rpc(LIST, 'metadata', (_message, plane) => {
    const names = ['', ...SERVICE_NAMES, ...plane.models().map(({ name }) => name)]
    return { statuses: Object.fromEntries(names.map((name) => [name, { status: statusOf(name, plane) }])) }
  }),
  {
    ...rpc(WATCH, 'open', (message, plane) => ({ status: statusOf(textIn(message, 'service'), plane) })),
    accessOf: ({ body }) => accessOf(WATCH, body),
  },
]

function isServer(name: string | undefined): boolean {
  return name === undefined || name === '' || SERVICE_NAMES.includes(name)
}

function accessOf(path: string, body: Uint8Array): Access {
  return isServer(textIn(decodeMessage(methodAt(path).input, body), 'service')) ? 'open' : 'metadata'
}

function statusOf(name: string | undefined, plane: DataPlane): 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN' {
  const isReady = plane.isReady()
  if (isServer(name)) return isReady ? 'SERVING' : 'NOT_SERVING'
  try {
    return isReady && plane.model(name).state === 'ready' ? 'SERVING' : 'NOT_SERVING'
  } catch (thrown) {
    const { code } = ServingError.from(thrown)
    if (code === 'not_found') return 'SERVICE_UNKNOWN'
    if (code === 'unavailable') return 'NOT_SERVING'
    throw thrown
  }
}
