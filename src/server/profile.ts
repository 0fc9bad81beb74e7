import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { PYTHON } from '../engines/python/settings.ts'
import { TYPESCRIPT } from '../engines/typescript/settings.ts'
import { ENGINE_VERSIONS } from '../engines/versions.ts'
import { PROFILE_VERSION, type EngineProfile, type Profile } from '../runtime/profile.ts'
import { readPlainFile, writeAtomically } from '../storage/local.ts'
import { machineClass } from './machine.ts'

const VERSIONS: ReadonlyMap<string, string> = new Map(Object.entries(ENGINE_VERSIONS))

/** A profile is a page of numbers; more is none. */
const MAX_PROFILE_BYTES = 1024 * 1024

/**
 * What a bundle costs on this machine, as it was measured when it was made.
 * @param dataFolder where profiles lie, as `profiles/<digest>/<machine>.json`
 * @returns undefined when there is none that holds for this machine and these engines
 */
export async function recallProfile(digest: string, dataFolder: string): Promise<Profile | undefined> {
  try {
    const text = await readPlainFile(pathOf(digest, dataFolder), MAX_PROFILE_BYTES)
    const found: unknown = JSON.parse(Buffer.from(text).toString('utf8'))
    return isProfileOf(found, digest) ? found : undefined
  } catch {
    return undefined // none, or damaged: it is measured anew
  }
}

/** Keeps a profile; a data folder that cannot be written costs a measurement at the next start, nothing else. */
export async function keepProfile(profile: Profile, dataFolder: string): Promise<void> {
  const path = pathOf(profile.bundle, dataFolder)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeAtomically(path, Buffer.from(`${JSON.stringify(profile, undefined, 1)}\n`))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EROFS' && code !== 'EACCES' && code !== 'ENOENT' && code !== 'ENOSPC')
      throw new ServingError('internal', 'a profile could not be kept', { cause: error })
  }
}

function pathOf(digest: string, dataFolder: string): string {
  return join(dataFolder, 'profiles', digest, `${machineClass()}.json`)
}

/** Whether it is a whole profile of this bundle, by the engines that there are now. */
function isProfileOf(found: unknown, digest: string): found is Profile {
  const { profileVersion, bundle, machine, engines } = (found ?? {}) as Partial<Record<keyof Profile, unknown>>
  if (profileVersion !== PROFILE_VERSION || bundle !== digest || machine !== machineClass()) return false
  if (typeof engines !== 'object' || engines === null) return false
  return Object.entries(engines).every(([name, engine]) => {
    // what code costs with another Python, or another Node, is near enough
    const isSame = name === PYTHON || name === TYPESCRIPT || VERSIONS.get(name) === versionOf(engine)
    return isSame && isWhole(engine)
  })
}

/** Never undefined, which is what an unknown engine has. */
function versionOf(engine: unknown): unknown {
  return (engine as Partial<EngineProfile> | null)?.version ?? ''
}

function isWhole(engine: unknown): engine is EngineProfile {
  const { loadMs, quickLoadMs, memoryMiB, canRunOffLoop, curve } = engine as Partial<
    Record<keyof EngineProfile, unknown>
  >
  return (
    isAmount(loadMs) &&
    (quickLoadMs === undefined || isAmount(quickLoadMs)) &&
    isAmount(memoryMiB) &&
    typeof canRunOffLoop === 'boolean' &&
    Array.isArray(curve) &&
    curve.length > 0 &&
    curve.every(
      (point: { rows?: unknown; ms?: unknown } | null) => isAmount(point?.rows) && isAmount(point?.ms) && point.ms > 0,
    )
  )
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
