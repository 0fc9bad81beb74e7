import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { MANIFEST_VERSION, type Manifest } from './manifest.ts'
// Compiled from the schema by `npm run generate`: compiling it at each start would cost every process 100 ms.
import { validate } from './validate-manifest.generated.js'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the bytes of a `slipway.json` and refuses all that is no manifest.
 * @throws {ServingError} `refused`, naming the place; a newer Slipway's manifest is refused by its version
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  let document: unknown
  try {
    document = JSON.parse(utf8.decode(bytes))
  } catch (error) {
    throw new ServingError('refused', 'slipway.json is no JSON in UTF-8', { cause: error })
  }
  const version = (document as { manifestVersion?: unknown } | null)?.manifestVersion
  if (typeof version === 'number' && version > MANIFEST_VERSION)
    throw new ServingError(
      'refused',
      `this bundle has manifest version ${version}; this Slipway opens up to ${MANIFEST_VERSION}: update Slipway`,
    )
  if (!validate(document)) {
    const first = validate.errors?.[0]
    const where = first?.instancePath === '' ? 'the document' : quote(first?.instancePath ?? '')
    throw new ServingError('refused', `slipway.json is no bundle manifest: ${where} ${first?.message ?? 'is wrong'}`)
  }
  const manifest = document as Manifest
  refuseNestedFiles(Object.keys(manifest.files))
  return manifest
}

/** A path cannot be a file and, for another path, a folder. */
function refuseNestedFiles(paths: readonly string[]): void {
  const files = new Set(paths)
  for (const path of paths)
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1))
      if (files.has(path.slice(0, end)))
        throw new ServingError('refused', `slipway.json names ${quote(path.slice(0, end))} as a file and as a folder`)
}
