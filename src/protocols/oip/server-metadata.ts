import type { Operations } from '../../runtime/operations.ts'
import { INFERENCE_EXTENSIONS } from '../oip-rest/extensions.ts'

/** What a server is called, and what it speaks beyond the protocol itself. */
export interface ServerIdentity {
  /** `slipway` when absent; some clients look for another. */
  readonly serverName?: string | undefined
  readonly serverVersion: string
  /** What operators may ask; without it, all of that is left out. */
  readonly operations?: Operations | undefined
}

/** What a server says of itself. @see Open Inference Protocol v2, "Server Metadata" */
export function serverMetadata({ serverName = 'slipway', serverVersion, operations }: ServerIdentity) {
  return { name: serverName, version: serverVersion, extensions: extensionsOf(operations) }
}

/** Only what works. @see Triton's "Protocol Extensions" */
function extensionsOf(operations: Operations | undefined): readonly string[] {
  const more = ['model_configuration']
  if (operations !== undefined) more.push('statistics', 'logging', 'trace')
  if (operations?.canControl === true) more.push('model_repository', 'model_repository(unload_dependents)')
  return [...INFERENCE_EXTENSIONS, ...more].toSorted()
}
