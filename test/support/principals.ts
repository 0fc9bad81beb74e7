/** Who may do what at the platform's doors, said in words of our own: nothing of it is read from what it checks. */
import type { ApiRoute } from '../../src/api/routes.ts'

const READS = ['projects:read', 'models:read', 'endpoints:read', 'events:read', 'metrics:read']
const EDITS = [...READS, 'endpoints:invoke', 'models:write', 'endpoints:write', 'captures:read']
const ALL = [...EDITS, 'projects:write', 'keys:read', 'keys:write', 'audit:read']

/** What each may do in the default project. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  viewer: READS,
  invoker: ['endpoints:read', 'endpoints:invoke'],
  editor: EDITS,
  admin: ALL,
  /** An administrator's key for `models:read` alone. */
  few: ['models:read'],
  /** An editor's key for one endpoint: models are every endpoint's. */
  bound: EDITS.filter((action) => action !== 'models:write'),
  /** Whoever administers the platform. */
  root: [...ALL, 'platform:write'],
}

/** Whose key is none, or none any more, or not yet. */
const UNKNOWN = ['nobody', 'guess', 'revoked', 'expired', 'early']

/** All who ask; `stranger` administers another project. */
export const PRINCIPALS: readonly string[] = [...UNKNOWN, ...Object.keys(MAY), 'stranger']

/** A key that nobody has. */
export const GUESSED_KEY = `slw_${'A'.repeat(43)}`

/** `out`: 401 or 404, in words that tell nothing. */
export type Verdict = 'in' | 401 | 403 | 'out'

/** Who gets in at a route of the API. */
export function atApi(who: string, { action, path, method }: ApiRoute): Verdict {
  if (action === 'open') return 'in'
  if (UNKNOWN.includes(who)) return 401
  if (action === 'any-key') return 'in'
  const isInProject = path.includes(':project')
  const isOfPlatform = !isInProject && (method !== 'GET' || action === 'platform:write')
  if (who === 'stranger') return isInProject ? 'out' : isOfPlatform ? 403 : 'in'
  if (isOfPlatform && who !== 'root') return 403
  if (who === 'bound' && !path.includes(':endpoint') && isTelling(action)) return 403
  return MAY[who]?.includes(action) === true ? 'in' : 403
}

/** Who gets in at a route of the data plane, or a method of gRPC. */
export function atDataPlane(who: string, access: 'open' | 'metadata' | 'inference' | 'operations'): Verdict {
  if (access === 'open') return 'in'
  if (UNKNOWN.includes(who)) return 401
  if (who === 'stranger') return 'out'
  if (access === 'metadata' && MAY[who]?.includes('endpoints:read') === true) return 'in'
  const action = access === 'inference' || access === 'metadata' ? 'endpoints:invoke' : 'metrics:read'
  if (who === 'bound' && isTelling(action)) return 403
  return MAY[who]?.includes(action) === true ? 'in' : 403
}

/** What tells of endpoints, whichever they are. */
function isTelling(action: string): boolean {
  return ['events:read', 'captures:read', 'metrics:read'].includes(action)
}
