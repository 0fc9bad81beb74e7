import { ServingError } from '../../core/errors.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { modelMetadata } from '../oip/model-metadata.ts'
import { serverMetadata, type ServerIdentity } from '../oip/server-metadata.ts'
import { INFERENCE, rpc, textIn, type GrpcRoute } from './rpc.ts'

/**
 * What the server says of itself and of its models.
 * @see Open Inference Protocol v2, gRPC, "Health" and "Server Metadata"
 */
export function metadataRoutes(identity: ServerIdentity): readonly GrpcRoute[] {
  const server = serverMetadata(identity)
  return [
    rpc(`${INFERENCE}/ServerLive`, 'open', () => ({ live: true })),
    rpc(`${INFERENCE}/ServerReady`, 'open', (_message, plane) => ({ ready: plane.isReady() })),
    rpc(`${INFERENCE}/ServerMetadata`, 'open', () => server),
    rpc(`${INFERENCE}/ModelReady`, 'metadata', (message, plane) => {
      return { ready: isModelReady(plane, textIn(message, 'name'), textIn(message, 'version')) }
    }),
    rpc(`${INFERENCE}/ModelMetadata`, 'metadata', (message, plane) =>
      modelMetadata(plane.model(textIn(message, 'name'), textIn(message, 'version')), plane),
    ),
  ]
}

/**
 * One that was unloaded is not, nor one that nobody knows, and that is no failure to know: clients take one for an answer
 * of theirs.
 * @see Triton's `ModelReady`
 */
function isModelReady(plane: DataPlane, name: string | undefined, version: string | undefined): boolean {
  try {
    return plane.model(name, version).state === 'ready'
  } catch (thrown) {
    const error = ServingError.from(thrown)
    if (error.code === 'unavailable' || error.code === 'not_found') return false
    throw error
  }
}

/** There is no memory that a client could share with this server: none is registered, and none can be. */
export const sharedMemoryRoutes: readonly GrpcRoute[] = ['System', 'Cuda'].flatMap((kind) => [
  rpc(`${INFERENCE}/${kind}SharedMemoryStatus`, 'metadata', () => ({})),
  rpc(`${INFERENCE}/${kind}SharedMemoryUnregister`, 'inference', () => ({})),
  rpc(`${INFERENCE}/${kind}SharedMemoryRegister`, 'inference', () => {
    throw new ServingError('unsupported', 'shared memory is not spoken here: send tensors in the message')
  }),
])
