import type { KeyQuotas } from './key-record.ts'

/** What may be done, as `<resource>:<verb>`. Every route of every protocol names one. */
export const ACTIONS = [
  'projects:read',
  'projects:write',
  'models:read',
  'models:write',
  'endpoints:read',
  'endpoints:write',
  'endpoints:invoke',
  'keys:read',
  'keys:write',
  'audit:read',
  'events:read',
  'captures:read',
  'metrics:read',
  'platform:write',
] as const
export type Action = (typeof ACTIONS)[number]

export const ROLES = ['viewer', 'invoker', 'editor', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Stands where a project's name does, for all of them. No project can be called so. */
export const ALL_PROJECTS = '*'

const VIEWER: readonly Action[] = ['projects:read', 'models:read', 'endpoints:read', 'events:read', 'metrics:read']
const INVOKER: readonly Action[] = ['endpoints:read', 'endpoints:invoke']

const ROLE_ACTIONS: Readonly<Record<Role, ReadonlySet<Action>>> = {
  viewer: new Set(VIEWER),
  invoker: new Set(INVOKER),
  // what callers sent is theirs: to look at it takes more than to look at the platform
  editor: new Set([...VIEWER, ...INVOKER, 'models:write', 'endpoints:write', 'captures:read']),
  admin: new Set(ACTIONS),
}

/**
 * What a key that is bound to some endpoints may not do whatever its role: these reach beyond any endpoint. Models do: one of
 * them, or where its label points, is every endpoint's that answers with it.
 */
const BEYOND_ENDPOINTS: readonly Action[] = [
  'projects:write',
  'models:write',
  'keys:read',
  'keys:write',
  'audit:read',
  'platform:write',
]

/** What would show other endpoints too, unless one is named. */
const ABOUT_ENDPOINTS: ReadonlySet<Action> = new Set(['events:read', 'captures:read', 'metrics:read'])

/** Who asks, as far as it matters to what they may do. */
export interface Grant {
  /** `ALL_PROJECTS` for a key of the whole platform. */
  readonly project: string
  readonly role: Role
  /** All that it may do, wherever it may do it. */
  readonly actions: ReadonlySet<Action>
  /** Absent for all. */
  readonly endpoints?: ReadonlySet<string> | undefined
}

/** A key of the platform that has proved itself. */
export interface PlatformPrincipal extends Grant {
  /** The key's name: unique in its project. */
  readonly name: string
  readonly uid: string
  readonly quotas: KeyQuotas
}

/** What an action is done to. */
export interface Target {
  /** `ALL_PROJECTS` for what belongs to the platform: making a project, the runners. */
  readonly project: string
  /** Absent for what is about no single endpoint: a list, of which the caller then sees those that `sees` says. */
  readonly endpoint?: string | undefined
}

/** What a role may do within its project. */
export function actionsOf(role: Role): ReadonlySet<Action> {
  return ROLE_ACTIONS[role]
}

/**
 * What a key may do: what its role may, if it says so itself, and without what reaches beyond its endpoints.
 * A key that names actions which its role does not have does not get them.
 */
export function grantedActions(
  role: Role,
  actions: readonly Action[] | undefined,
  endpoints: readonly string[] | undefined,
): ReadonlySet<Action> {
  if (actions === undefined && endpoints === undefined) return ROLE_ACTIONS[role]
  const all = [...ROLE_ACTIONS[role]]
  return new Set(
    all.filter(
      (action) =>
        (actions === undefined || actions.includes(action)) &&
        (endpoints === undefined || !BEYOND_ENDPOINTS.includes(action)),
    ),
  )
}

/** Whether a caller may do this to that. */
export function allows(grant: Grant, action: Action, target: Target): boolean {
  return explain(grant, action, target) === undefined
}

/**
 * Why a caller may not do this to that, in the code to answer with: what is beyond the caller's border must look as if
 * it did not exist, with the same words.
 * @returns undefined where the caller may
 */
export function explain(grant: Grant, action: Action, target: Target): 'not_found' | 'permission_denied' | undefined {
  const { project, actions, endpoints } = grant
  if (project !== ALL_PROJECTS && target.project !== project)
    return target.project === ALL_PROJECTS ? 'permission_denied' : 'not_found'
  if (endpoints !== undefined && target.endpoint !== undefined && !endpoints.has(target.endpoint)) return 'not_found'
  if (!actions.has(action)) return 'permission_denied'
  if (endpoints !== undefined && target.endpoint === undefined && ABOUT_ENDPOINTS.has(action))
    return 'permission_denied'
  return undefined
}

/** Whether an endpoint is shown to a caller, in lists too. */
export function sees(grant: Grant, target: Required<Target>): boolean {
  return allows(grant, 'endpoints:read', target) || allows(grant, 'endpoints:invoke', target)
}

/**
 * Whether a caller may make, or change into, a key of this kind: nobody gives what they do not have.
 * That they may make keys at all (`keys:write`) is asked for elsewhere.
 */
export function mayGrant(
  grant: Grant,
  key: {
    readonly project: string
    readonly role: Role
    readonly actions?: readonly Action[] | undefined
    readonly endpoints?: readonly string[] | undefined
  },
): boolean {
  if (grant.project !== ALL_PROJECTS && grant.project !== key.project) return false
  if (grant.endpoints !== undefined && !(key.endpoints?.every((name) => grant.endpoints?.has(name)) ?? false))
    return false
  for (const action of grantedActions(key.role, key.actions, key.endpoints))
    if (!grant.actions.has(action)) return false
  return true
}
