import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { readZip, type ZipArchive } from '../archives/zip.ts'
import type { NdArray } from '../python/values.ts'
import { readNpy } from './npy.ts'

/** Whether a zip archive is what `numpy.savez` writes: `.npy` files only, one at least. */
export function isNpz({ entries }: Pick<ZipArchive, 'entries'>): boolean {
  return entries.size > 0 && [...entries.keys()].every((name) => name.endsWith('.npy'))
}

/**
 * Reads an `.npz` file: arrays by their names.
 * @throws {ServingError} as `readZip` and `readNpy`, saying which array it is; `refused` where the archive holds other files
 */
export function readNpz(bytes: Uint8Array): ReadonlyMap<string, NdArray> {
  const archive = readZip(bytes)
  if (!isNpz(archive))
    throw new ServingError('refused', 'the zip archive is no .npz file: it holds other files than .npy, or none', {
      details: { reason: 'npy' },
    })
  const arrays = new Map<string, NdArray>()
  for (const entry of archive.entries.keys()) {
    const name = entry.slice(0, -4)
    arrays.set(
      name,
      named(name, () => readNpy(archive.read(entry), entry)),
    )
  }
  return arrays
}

/** Of several arrays, a failure says which one it is about. */
function named(name: string, read: () => NdArray): NdArray {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ServingError)) throw error
    const { code, message, details, cause } = error
    throw new ServingError(code, `array ${quote(name)}: ${message}`, { details, cause })
  }
}
