import type { RouteEndpoint, RouteTable, RouteVariant } from '../../api/route-table.ts'
import type { KeyRecord } from '../../auth/key-record.ts'
import type { Stored } from '../store/store.ts'
import { identityOf } from './plan-endpoint.ts'

export interface TableInput {
  readonly project: string
  /** What is wanted; without variants: one whose last are leaving. */
  readonly endpoints: readonly RouteEndpoint[]
  readonly keys: readonly KeyRecord[]
  /** What the runners were told last. */
  readonly published: RouteTable | undefined
  /** Whether every runner follows what was published last of an endpoint. */
  readonly isAcknowledged: (endpoint: string) => boolean
  /** The newest revision that anybody is known to have seen: the next is above it. */
  readonly lastRevision: number
  /** Variants go as soon as nobody wants them. Only tests set it, to see that it is found. */
  readonly contractAtOnce?: boolean | undefined
}

/**
 * The table of a project: what is wanted, and what must stay for a while beside it. A variant that nobody wants any more
 * first loses its traffic, and leaves once every runner is known to have taken that in; so no request comes to a runner that
 * has dropped what another still routes to.
 * @returns the published one itself where nothing differs
 */
export function planTable(input: TableInput): RouteTable {
  const before = new Map(input.published?.endpoints.map((endpoint) => [endpoint.name, endpoint]))
  const endpoints = input.endpoints
    .map((endpoint) => {
      const published = before.get(endpoint.name)
      if (published === undefined || published === endpoint) return endpoint
      const next = input.contractAtOnce === true ? endpoint : withLeaving(endpoint, published, input.isAcknowledged)
      return isSame(next, published) ? published : next
    })
    .filter(({ variants }) => variants.length > 0)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const keys = input.keys.toSorted((a, b) => (a.uid < b.uid ? -1 : 1))
  const { published } = input
  if (
    published !== undefined &&
    published.endpoints.length === endpoints.length &&
    endpoints.every((endpoint, i) => endpoint === published.endpoints[i]) &&
    isSame(published.keys, keys)
  )
    return published
  const revision = Math.max(input.lastRevision, published?.revision ?? 0) + 1
  return { formatVersion: 1, project: input.project, revision, endpoints, keys }
}

/** Whether two parts of tables say the same. Those that are one and the same, as most are, cost nothing. */
export function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function withLeaving(
  wanted: RouteEndpoint,
  published: RouteEndpoint,
  isAcknowledged: TableInput['isAcknowledged'],
): RouteEndpoint {
  const stays = new Set(wanted.variants.map(identityOf))
  const leaving = published.variants
    .filter((variant) => !stays.has(identityOf(variant)))
    .flatMap((variant): RouteVariant[] => {
      const { shadow, ...others } = variant
      if (variant.weight > 0 || shadow !== undefined) return [{ ...others, weight: 0 }]
      return isAcknowledged(wanted.name) ? [] : [variant]
    })
  return leaving.length === 0 ? wanted : { ...wanted, variants: [...wanted.variants, ...leaving] }
}

/**
 * The keys that the runners of a project shall know: its own and the platform's, without those that are revoked or have expired.
 * @param wallMs ms since 1970
 */
export function keyRecords(keys: readonly Stored<'key'>[], project: string, wallMs: number): KeyRecord[] {
  return keys
    .filter(({ document }) => document.project === project || document.project === '*')
    .filter(({ document }) => document.revokedAtMs === undefined)
    .filter(({ document }) => document.expiresAtMs === undefined || document.expiresAtMs > wallMs)
    .map(keyRecordOf)
}

function keyRecordOf({ uid, document }: Stored<'key'>): KeyRecord {
  return withoutAbsent({
    uid,
    name: document.name,
    project: document.project,
    role: document.role,
    actions: document.actions,
    endpoints: document.endpoints,
    sha256: document.sha256,
    accessKeyId: document.accessKeyId,
    encryptedSecret: document.encryptedSecret,
    notBeforeMs: document.notBeforeMs,
    expiresAtMs: document.expiresAtMs,
    quotas: document.quotas,
  })
}

/** A table is compared with the one that was read from its file, where what is undefined is absent. */
function withoutAbsent<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T
}
