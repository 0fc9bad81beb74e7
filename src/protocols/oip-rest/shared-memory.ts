import { ServingError } from '../../core/errors.ts'
import { empty, json, type Route } from '../protocol.ts'

/**
 * There is no memory that a client could share with this server: none is registered, and none can be. Clients that make
 * sure of a clean start by unregistering all of it are told that this is done.
 * @see Triton's "System Shared Memory" and "CUDA Shared Memory" extensions
 */
export const sharedMemoryRoutes: readonly Route[] = ['systemsharedmemory', 'cudasharedmemory'].flatMap((kind) => {
  const region = `/v2/${kind}/region/{region}`
  return [
    ...[`/v2/${kind}`, region].flatMap((path): readonly Route[] => [
      { method: 'GET', path: `${path}/status`, handle: () => json(200, []) },
      { method: 'POST', path: `${path}/unregister`, handle: () => empty(200) },
    ]),
    { method: 'POST', path: `${region}/register`, handle: register },
  ]
})

function register(): never {
  throw new ServingError('unsupported', 'shared memory is not spoken here: send tensors in the body')
}
