/** A version of a Python package, in parts that can be compared. */
export interface Version {
  readonly epoch: number
  readonly release: readonly number[]
  /** `a`, `b` or `rc` with its number. */
  readonly pre: readonly [string, number] | undefined
  readonly post: number | undefined
  readonly dev: number | undefined
  readonly local: readonly string[]
}

const VERSION =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/

const PRE: Readonly<Record<string, string>> = { alpha: 'a', beta: 'b', c: 'rc', pre: 'rc', preview: 'rc' }

/**
 * Reads a version. @returns undefined for what is none
 * @see PyPA, "Version specifiers" (PEP 440)
 */
export function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text.trim().toLowerCase())
  if (match === null) return undefined
  const [, epoch, release = '', pre, preNumber, shortPost, post, postNumber, dev, devNumber, local] = match
  return {
    epoch: Number(epoch ?? 0),
    release: release.split('.').map(Number),
    pre: pre === undefined ? undefined : [PRE[pre] ?? pre, Number(preNumber || 0)],
    post: shortPost !== undefined ? Number(shortPost) : post === undefined ? undefined : Number(postNumber || 0),
    dev: dev === undefined ? undefined : Number(devNumber || 0),
    local: local?.split(/[-_.]/) ?? [],
  }
}

/** Less than 0, 0, or more, as the first is earlier, the same or later. */
export function compareVersions(a: Version, b: Version): number {
  return (
    a.epoch - b.epoch ||
    compareReleases(a.release, b.release) ||
    comparePhases(phaseOf(a), phaseOf(b)) ||
    compareLocal(a.local, b.local)
  )
}

function compareReleases(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** What stands behind the release, in the order of time: dev, a, b, rc, the release itself, post. */
function phaseOf({ pre, post, dev }: Version): readonly number[] {
  const none = Number.POSITIVE_INFINITY
  const isDevOnly = pre === undefined && post === undefined && dev !== undefined
  const phase = isDevOnly ? -1 : pre === undefined ? 3 : ['a', 'b', 'rc'].indexOf(pre[0])
  return [phase, pre?.[1] ?? 0, post ?? -1, dev ?? none]
}

function comparePhases(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? 0
    if (value !== other) return value < other ? -1 : 1
  }
  return 0
}

function compareLocal(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]]
    if (x === y) continue
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1
    const areNumbers = [/^\d+$/.test(x), /^\d+$/.test(y)]
    if (areNumbers[0] !== areNumbers[1]) return areNumbers[0] === true ? 1 : -1
    const difference = areNumbers[0] === true ? Number(x) - Number(y) : x < y ? -1 : 1
    if (difference !== 0) return difference
  }
  return 0
}

/** One condition on a version: `>=2`, `==1.5.*`. */
export interface Specifier {
  readonly operator: string
  readonly version: string
}

const SPECIFIER = /^(~=|===|==|!=|<=|>=|<|>)\s*([^\s,;]+)$/

/** Reads conditions with commas between them. @returns undefined for what is none */
export function parseSpecifiers(text: string): Specifier[] | undefined {
  const found: Specifier[] = []
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue
    const [, operator, version] = SPECIFIER.exec(part) ?? []
    if (operator === undefined || version === undefined) return undefined
    const isPrefix = version.endsWith('.*') && (operator === '==' || operator === '!=')
    if (operator !== '===' && parseVersion(isPrefix ? version.slice(0, -2) : version) === undefined) return undefined
    found.push({ operator, version })
  }
  return found
}

/** Whether a version meets all conditions; releases before the final one count like others. */
export function meets(version: string, specifiers: readonly Specifier[]): boolean {
  return specifiers.every((specifier) => meetsOne(version, specifier))
}

function meetsOne(text: string, { operator, version: wanted }: Specifier): boolean {
  if (operator === '===') return text.toLowerCase() === wanted.toLowerCase()
  const version = parseVersion(text)
  if (version === undefined) return false
  if (wanted.endsWith('.*')) return startsWith(version, wanted.slice(0, -2)) === (operator === '==')
  const other = parseVersion(wanted)
  if (other === undefined) return false
  // where a condition names no local version, the local part of the version does not count
  const plain = other.local.length === 0 ? { ...version, local: [] } : version
  const order = compareVersions(plain, other)
  switch (operator) {
    case '==':
      return order === 0
    case '!=':
      return order !== 0
    case '<=':
      return order <= 0
    case '>=':
      return order >= 0
    case '<':
      // what comes before a release is not yet that release, nor earlier than it in this sense
      return order < 0 && (other.pre !== undefined || other.dev !== undefined || !isBefore(version, other))
    case '>':
      return order > 0 && (other.post !== undefined || version.post === undefined || !isSameRelease(version, other))
    default:
      return order >= 0 && startsWith(version, `${other.epoch}!${other.release.slice(0, -1).join('.')}`)
  }
}

function startsWith(version: Version, prefix: string): boolean {
  const other = parseVersion(prefix)
  if (other === undefined || other.epoch !== version.epoch) return false
  const isFull = other.pre === undefined && other.post === undefined
  if (!isFull) return compareVersions({ ...version, local: [], dev: undefined }, { ...other, dev: undefined }) === 0
  return other.release.every((part, i) => (version.release[i] ?? 0) === part)
}

function isBefore(version: Version, other: Version): boolean {
  return (version.pre !== undefined || version.dev !== undefined) && isSameRelease(version, other)
}

function isSameRelease(a: Version, b: Version): boolean {
  return a.epoch === b.epoch && compareReleases(a.release, b.release) === 0
}
