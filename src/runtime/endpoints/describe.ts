import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RouteVariant } from '../../api/route-table.ts'
import { MANIFEST_FILE, type Manifest } from '../../bundle/manifest.ts'
import { parseManifest } from '../../bundle/parse-manifest.ts'
import { sha256Hex } from '../../bundle/make.ts'
import { ServingError } from '../../core/errors.ts'
import { tensorsOf } from '../../engines/golden.ts'
import type { Choices } from '../choices.ts'
import type { Description } from './types.ts'

/** Versions whose descriptions are kept in memory: those that were asked about last. */
const MAX_KEPT = 64

/** Largest manifest that is read (bytes). */
const MAX_MANIFEST_BYTES = 64 * 2 ** 20

/**
 * Tells what versions are without loading them: idle ones cost disk, not memory. A manifest is read in the calling tick,
 * once for as long as it is among those that were asked about last.
 * @param choices how versions are run that are not loaded here
 */
export function createDescriber(choices: Choices, maxKept = MAX_KEPT): (variant: RouteVariant) => Description {
  const kept = new Map<string, Description>()

  return ({ folder, digest }) => {
    let known = kept.get(digest)
    if (known === undefined) known = describe(readManifest(folder, digest), choices)
    else kept.delete(digest)
    kept.set(digest, known) // the youngest is the last
    for (const oldest of kept.keys()) {
      if (kept.size <= maxKept) break
      kept.delete(oldest)
    }
    return known
  }
}

function describe({ signature, example, batching }: Manifest, choices: Choices): Description {
  return { signature, example: tensorsOf(example, 'example'), batching, engines: choices.engines.value, choices }
}

/** @throws {ServingError} `unavailable`: what is in the route table was whole when it came there */
function readManifest(folder: string, digest: string): Manifest {
  try {
    const bytes = readPlain(join(folder, MANIFEST_FILE))
    const found = sha256Hex(bytes)
    if (found !== digest) throw new Error(`the manifest in ${folder} has the digest ${found}`)
    return parseManifest(bytes)
  } catch (cause) {
    throw new ServingError('unavailable', `the bundle of version ${digest.slice(0, 12)} is not whole on this machine`, {
      cause,
      details: { reason: 'bundle_missing' },
    })
  }
}

function readPlain(path: string): Uint8Array {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const { size } = fstatSync(file)
    if (!fstatSync(file).isFile() || size > MAX_MANIFEST_BYTES) throw new Error(`${path} is no manifest`)
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}
