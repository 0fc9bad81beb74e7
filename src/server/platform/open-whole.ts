import { verifyBundle } from '../../bundle/open.ts'
import { ServingError } from '../../core/errors.ts'

/**
 * Opens a version. Where that fails because its bundle is not whole on this machine the failure says so: control then
 * looks at it again, and brings it where it can.
 * @throws {ServingError} `unavailable` with the reason `bundle_missing`; else what `open` throws
 */
export async function openWhole<T>(
  { folder, digest }: { readonly folder: string; readonly digest: string },
  open: () => Promise<T>,
): Promise<T> {
  try {
    return await open()
  } catch (error) {
    const { code } = ServingError.from(error)
    if (code === 'not_found' || code === 'refused') await requireWhole(folder, digest)
    throw error
  }
}

async function requireWhole(folder: string, digest: string): Promise<void> {
  try {
    await verifyBundle(folder, digest)
  } catch (cause) {
    const { message } = ServingError.from(cause)
    throw new ServingError(
      'unavailable',
      `the bundle of version ${digest.slice(0, 12)} is not whole on this machine: ${message}`,
      { cause, details: { reason: 'bundle_missing' } },
    )
  }
}
