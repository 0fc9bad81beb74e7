import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ACTIONS,
  actionsOf,
  ALL_PROJECTS,
  allows,
  explain,
  grantedActions,
  mayGrant,
  ROLES,
  sees,
  type Action,
  type Grant,
  type Role,
} from './permissions.ts'

function grant(role: Role, rest: Partial<Grant> & { endpoints?: ReadonlySet<string> } = {}): Grant {
  const actions = grantedActions(role, undefined, rest.endpoints && [...rest.endpoints])
  return { project: 'red', role, actions, ...rest }
}

const FRAUD = new Set(['fraud'])

describe('a role', () => {
  test.each<[Action, string]>([
    ['projects:read', 'viewer editor admin'],
    ['projects:write', 'admin'],
    ['models:read', 'viewer editor admin'],
    ['models:write', 'editor admin'],
    ['endpoints:read', 'viewer invoker editor admin'],
    ['endpoints:write', 'editor admin'],
    ['endpoints:invoke', 'invoker editor admin'],
    ['keys:read', 'admin'],
    ['keys:write', 'admin'],
    ['audit:read', 'admin'],
    ['events:read', 'viewer editor admin'],
    ['captures:read', 'editor admin'],
    ['metrics:read', 'viewer editor admin'],
    ['platform:write', 'admin'],
  ])('that may do %s is one of: %s', (action, roles) => {
    expect(ROLES.filter((role) => actionsOf(role).has(action)).join(' ')).toBe(roles)
    for (const role of ROLES)
      expect(allows(grant(role), action, { project: 'red' })).toBe(roles.split(' ').includes(role))
  })

  test('stands in the table above for every action', () => {
    expect(ACTIONS).toHaveLength(14)
  })
})

describe('what belongs to another project', () => {
  test.each(ROLES)('is not there for its %s, whatever is done to it', (role) => {
    for (const action of ACTIONS)
      for (const endpoint of [undefined, 'fraud'])
        expect(explain(grant(role), action, { project: 'blue', endpoint })).toBe('not_found')
  })

  test('is there for a key of all projects', () => {
    const all = grant('admin', { project: ALL_PROJECTS })
    for (const action of ACTIONS) expect(allows(all, action, { project: 'blue', endpoint: 'fraud' })).toBe(true)
    expect(explain(grant('viewer', { project: ALL_PROJECTS }), 'models:write', { project: 'blue' })).toBe(
      'permission_denied',
    )
  })

  test('is not what belongs to the platform: that is no secret, and not allowed', () => {
    expect(explain(grant('admin'), 'projects:write', { project: ALL_PROJECTS })).toBe('permission_denied')
    expect(allows(grant('admin', { project: ALL_PROJECTS }), 'projects:write', { project: ALL_PROJECTS })).toBe(true)
  })
})

describe('a key that is bound to endpoints', () => {
  const bound = grant('admin', { endpoints: FRAUD })

  test('does not see others, and says so in the words of what is not there', () => {
    for (const action of ACTIONS) {
      expect(explain(bound, action, { project: 'red', endpoint: 'other' })).toBe('not_found')
      expect(explain(bound, action, { project: 'blue', endpoint: 'fraud' })).toBe('not_found')
    }
    expect(sees(bound, { project: 'red', endpoint: 'fraud' })).toBe(true)
    expect(sees(bound, { project: 'red', endpoint: 'other' })).toBe(false)
  })

  test.each<Action>(['projects:write', 'keys:read', 'keys:write', 'audit:read', 'platform:write'])(
    'may not do %s',
    (action) => {
      expect(explain(bound, action, { project: 'red' })).toBe('permission_denied')
      expect(explain(bound, action, { project: 'red', endpoint: 'fraud' })).toBe('permission_denied')
    },
  )

  test.each<Action>(['events:read', 'captures:read', 'metrics:read'])('may do %s only by endpoint', (action) => {
    expect(explain(bound, action, { project: 'red' })).toBe('permission_denied')
    expect(allows(bound, action, { project: 'red', endpoint: 'fraud' })).toBe(true)
  })
})

describe('a key with fewer actions than its role', () => {
  test('has these, and none that its role has not', () => {
    expect([...grantedActions('editor', ['models:read', 'keys:write'], undefined)]).toEqual(['models:read'])
    expect([...grantedActions('admin', [], undefined)]).toEqual([])
    expect(grantedActions('viewer', undefined, undefined)).toBe(actionsOf('viewer'))
  })
})

describe('a key that makes keys', () => {
  test.each<[string, Grant, Parameters<typeof mayGrant>[1], boolean]>([
    ['an equal', grant('admin'), { project: 'red', role: 'admin' }, true],
    ['a lesser', grant('admin'), { project: 'red', role: 'viewer', actions: ['models:read'] }, true],
    ['one of another project', grant('admin'), { project: 'blue', role: 'viewer' }, false],
    ['one of all projects', grant('admin'), { project: ALL_PROJECTS, role: 'viewer' }, false],
    ['one of any project', grant('admin', { project: ALL_PROJECTS }), { project: 'blue', role: 'admin' }, true],
    ['a better', { ...grant('admin'), actions: new Set(['keys:write']) }, { project: 'red', role: 'viewer' }, false],
    [
      'an equal of few actions',
      { ...grant('admin'), actions: new Set(['keys:write']) },
      { project: 'red', role: 'admin', actions: ['keys:write'] },
      true,
    ],
    ['an unbound', grant('admin', { endpoints: FRAUD }), { project: 'red', role: 'invoker' }, false],
    [
      'one bound to others',
      grant('admin', { endpoints: FRAUD }),
      { project: 'red', role: 'invoker', endpoints: ['fraud', 'other'] },
      false,
    ],
    [
      'one bound alike',
      grant('admin', { endpoints: FRAUD }),
      { project: 'red', role: 'invoker', endpoints: ['fraud'] },
      true,
    ],
  ])('may make %s', (_what, by, key, expected) => {
    expect(mayGrant(by, key)).toBe(expected)
  })

  test('never makes one that may do what it may not', () => {
    const endpoints = fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'c')), { nil: undefined })
    const kind = fc.record({
      project: fc.constantFrom('red', 'blue', ALL_PROJECTS),
      role: fc.constantFrom(...ROLES),
      actions: fc.option(fc.uniqueArray(fc.constantFrom(...ACTIONS)), { nil: undefined }),
      endpoints,
    })
    const grantOf = ({ project, role, actions, endpoints: bound }: Parameters<typeof mayGrant>[1]): Grant => ({
      project,
      role,
      actions: grantedActions(role, actions, bound),
      endpoints: bound && new Set(bound),
    })
    fc.assert(
      fc.property(kind, kind, (by, made) => {
        if (!mayGrant(grantOf(by), made)) return
        for (const action of ACTIONS)
          for (const project of ['red', 'blue', ALL_PROJECTS])
            for (const endpoint of [undefined, 'a', 'b', 'z']) {
              const target = { project, endpoint }
              if (allows(grantOf(made), action, target)) expect(allows(grantOf(by), action, target)).toBe(true)
            }
      }),
      { numRuns: 500 },
    )
  })
})
