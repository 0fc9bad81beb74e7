import { normalName } from './markers.ts'
import { parseVersion } from './versions.ts'

/** What a wheel's file name says. */
export interface WheelName {
  /** As `normalName` has it. */
  readonly name: string
  readonly version: string
  /** Each `python-abi-platform`. */
  readonly tags: readonly string[]
}

/** @returns undefined for a name that no wheel has @see PyPA, "Binary distribution format", "File name convention" */
export function parseWheelName(file: string): WheelName | undefined {
  const match = /^([A-Za-z0-9_.]+)-([A-Za-z0-9_.!+]+)(?:-\d[^-]*)?-([^-]+)-([^-]+)-([^-]+)\.whl$/.exec(file)
  if (match === null) return undefined
  const [, name = '', version = '', pythons = '', abis = '', platforms = ''] = match
  if (parseVersion(version) === undefined) return undefined
  const tags = pythons
    .split('.')
    .flatMap((python) => abis.split('.').flatMap((abi) => platforms.split('.').map((on) => `${python}-${abi}-${on}`)))
  return { name: normalName(name), version, tags }
}
