import type { Architecture } from '../system.ts'
import type { Environment } from './markers.ts'

/** The Python that packages are for. */
export interface TargetPython {
  readonly version: readonly [number, number]
  readonly fullVersion: string
  readonly isFreeThreaded: boolean
  readonly architecture: Architecture
  readonly glibc: readonly [number, number]
}

const MACHINES: Readonly<Record<Architecture, string>> = { x64: 'x86_64', arm64: 'aarch64' }
/** Oldest release of glibc that wheels are made for, and the names that releases once had. */
const OLDEST_GLIBC: Readonly<Record<Architecture, number>> = { x64: 5, arm64: 17 }
const OLD_NAMES: Readonly<Record<number, string>> = { 17: 'manylinux2014', 12: 'manylinux2010', 5: 'manylinux1' }

/** Platforms whose wheels run there, the best first. @see PyPA, "Platform compatibility tags" */
export function platformsOf({ architecture, glibc }: TargetPython): string[] {
  const machine = MACHINES[architecture]
  const platforms: string[] = []
  for (let minor = glibc[1]; minor >= OLDEST_GLIBC[architecture]; minor--) {
    platforms.push(`manylinux_2_${minor}_${machine}`)
    const old = OLD_NAMES[minor]
    if (old !== undefined) platforms.push(`${old}_${machine}`)
  }
  return [...platforms, `linux_${machine}`]
}

/** What the binary interface of extensions is called. */
export function abiOf({ version: [major, minor], isFreeThreaded }: TargetPython): string {
  return `cp${major}${minor}${isFreeThreaded ? 't' : ''}`
}

/** The tags of wheels that run there, the best first: each is `python-abi-platform`. */
export function tagsOf(target: TargetPython): string[] {
  const [major, minor] = target.version
  const platforms = platformsOf(target)
  const own = `cp${major}${minor}`
  const pythons: [string, string][] = [[own, abiOf(target)]]
  if (!target.isFreeThreaded) for (let old = minor; old >= 2; old--) pythons.push([`cp${major}${old}`, 'abi3'])
  pythons.push([own, 'none'])
  const general: [string, string][] = [
    [`py${major}${minor}`, 'none'],
    [`py${major}`, 'none'],
  ]
  for (let old = minor - 1; old >= 0; old--) general.push([`py${major}${old}`, 'none'])
  const tags = (pairs: readonly [string, string][], where: readonly string[]) =>
    pairs.flatMap(([python, abi]) => where.map((platform) => `${python}-${abi}-${platform}`))
  return [...tags([...pythons, ...general], platforms), ...tags([[own, 'none'], ...general], ['any'])]
}

/** What conditions of requirements ask, answered for it. @see PyPA, "Dependency specifiers", "Environment Markers" */
export function environmentOf({ version, fullVersion, architecture }: TargetPython): Environment {
  return {
    os_name: 'posix',
    sys_platform: 'linux',
    platform_system: 'Linux',
    platform_machine: MACHINES[architecture],
    platform_release: '',
    platform_version: '',
    platform_python_implementation: 'CPython',
    implementation_name: 'cpython',
    implementation_version: fullVersion,
    python_version: version.join('.'),
    python_full_version: fullVersion,
  }
}
