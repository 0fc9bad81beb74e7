import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_ROLLOUT, DEFAULT_SCALING, type VariantSpec } from '../../api/resources.ts'
import type { RouteEndpoint, RouteTable, RouteVariant } from '../../api/route-table.ts'
import type { Kinds, Stored } from '../store/store.ts'
import { identityOf, planEndpoint, type EndpointInput, type Side } from './plan-endpoint.ts'
import { keyRecords, planTable, type TableInput } from './plan-table.ts'

function variant(name: string, version: number, change: Partial<VariantSpec> = {}): VariantSpec {
  return { name, model: 'm', version, weight: 1, scaling: DEFAULT_SCALING, isolation: 'runner', ...change }
}

function side(revision: number, variants: readonly VariantSpec[]): Side {
  const spec = { description: '', variants, rollout: DEFAULT_ROLLOUT, isPaused: false }
  const resolved = Object.fromEntries(
    variants.map(({ name, model, version }) => [name, { model, version: Number(version), digest: `d${version}` }]),
  )
  return { revision, spec, resolved }
}

function ready(model: string, number: number): Kinds['version'] {
  return {
    project: 'default',
    model,
    number,
    state: 'ready',
    source: { type: 'upload', upload: 'u' },
    fileName: 'f',
    description: '',
    how: { allowUntested: false },
    warnings: [],
    isCancelled: false,
    attempts: 1,
    folder: `/bundles/${number}`,
    isOurs: true,
    bundle: {
      digest: `d${number}`,
      sizeBytes: 1,
      signature: {},
      engines: [],
      memoryBytes: 7,
      loadMs: 8,
      targetInFlight: { value: 4, reason: '' },
      plan: { value: 'in-tick', reason: '' },
    },
  }
}

function plan(change: Partial<EndpointInput>): RouteEndpoint {
  const planned = planEndpoint({
    name: 'fraud',
    isPaused: false,
    version: ready,
    labels: () => ({ stable: 1, odd: 3 }),
    desired: () => undefined,
    runners: 3,
    ...change,
  })
  if (planned === undefined) throw new Error('nothing was planned')
  return planned
}

const shares = ({ variants }: RouteEndpoint) =>
  Object.fromEntries(variants.map((each) => [identityOf(each), [each.weight, each.replicas]]))

describe('the plan of an endpoint', () => {
  test('without a rollout the revision that serves has all of the traffic, split by its weights', () => {
    const planned = plan({ served: side(1, [variant('a', 1, { weight: 3 }), variant('b', 2)]) })
    expect(shares(planned)).toEqual({ 'a d1': [0.75, 0], 'b d2': [0.25, 0] })
    expect(planned.variants[0]).toMatchObject({
      folder: '/bundles/1',
      labels: ['stable'],
      targetInFlight: 4,
      maxReplicas: 3,
    })
  })

  test('new variants stand beside the old of the same name, on as many runners, and get nothing until they are given a share', () => {
    const served = side(1, [variant('a', 1, { scaling: { ...DEFAULT_SCALING, minReplicas: 2 } })])
    const target = side(2, [variant('a', 2)])
    expect(shares(plan({ served, target: { side: target, share: 0 } }))).toEqual({ 'a d1': [1, 2], 'a d2': [0, 2] })
    expect(shares(plan({ served, target: { side: target, share: 0.1 } }))).toEqual({
      'a d1': [0.9, 2],
      'a d2': [0.1, 2],
    })
    expect(shares(plan({ served, target: { side: target, share: 1 } }))).toEqual({ 'a d2': [1, 2], 'a d1': [0, 2] })
  })

  test('a variant that is in both revisions keeps its traffic through the rollout', () => {
    const served = side(1, [variant('a', 1)])
    const target = side(2, [variant('a', 1), variant('b', 2)])
    expect(shares(plan({ served, target: { side: target, share: 0.5 } }))).toEqual({
      'a d1': [0.75, 1],
      'b d2': [0.25, 1],
    })
  })

  test('during a rollout nothing gets smaller: a roll-back finds the old ones as they were', () => {
    const served = side(1, [variant('a', 1)])
    const published = plan({ served, desired: () => 3 })
    const target = { side: side(2, [variant('a', 2)]), share: 1 }
    expect(shares(plan({ served, target, published, desired: () => 0 }))).toEqual({ 'a d2': [1, 3], 'a d1': [0, 3] })
  })

  test('without word from the autoscaler a variant keeps the size that is published', () => {
    const served = side(1, [variant('a', 1)])
    expect(shares(plan({ served, published: plan({ served, desired: () => 2 }) }))).toEqual({ 'a d1': [1, 2] })
  })

  test('a shadow gets copies once its revision has all of the traffic', () => {
    const served = side(1, [variant('a', 1)])
    const target = side(2, [variant('a', 1), variant('s', 2, { weight: 0, shadow: 0.5 })])
    const shadowAt = (share: number) => plan({ served, target: { side: target, share } }).variants[1]?.shadow
    expect([shadowAt(0), shadowAt(0.5), shadowAt(1)]).toEqual([undefined, undefined, 0.5])
  })

  test('a paused endpoint keeps its place and holds nothing', () => {
    const served = side(1, [variant('a', 1, { scaling: { ...DEFAULT_SCALING, minReplicas: 2 } })])
    expect(plan({ served, isPaused: true })).toMatchObject({ isPaused: true, variants: [{ replicas: 0, weight: 1 }] })
  })

  test('shares add up to 1 and sizes stay within their bounds, whatever the revisions and the share', () => {
    const spec = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      version: fc.integer({ min: 1, max: 4 }),
      weight: fc.constantFrom(0, 1, 0.1, 1e-6, 1e6),
      min: fc.integer({ min: 0, max: 4 }),
      max: fc.option(fc.integer({ min: 4, max: 9 }), { nil: undefined }),
    })
    const sides = fc.uniqueArray(spec, { minLength: 1, maxLength: 3, selector: ({ name }) => name })
    const toSide = (specs: readonly (typeof spec extends fc.Arbitrary<infer T> ? T : never)[]) =>
      side(
        1,
        specs.map(({ name, version, weight, min, max }, i) =>
          variant(name, version, {
            weight: i === 0 ? 1 : weight,
            scaling: { ...DEFAULT_SCALING, minReplicas: min, ...(max === undefined ? {} : { maxReplicas: max }) },
          }),
        ),
      )
    fc.assert(
      fc.property(
        sides,
        sides,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 20 }),
        (old, made, share, size) => {
          const target = { side: toSide(made), share }
          const { variants } = plan({ served: toSide(old), target, desired: () => size })
          expect(variants.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 6)
          for (const each of variants) {
            expect(each.weight).toBeGreaterThanOrEqual(0)
            expect(each.replicas).toBeLessThanOrEqual(each.maxReplicas)
            expect(each.maxReplicas).toBeLessThanOrEqual(3)
          }
        },
      ),
    )
  })
})

describe('the plan of a table', () => {
  const routed = (digest: string, change: Partial<RouteVariant> = {}): RouteVariant => ({
    name: 'a',
    model: 'm',
    number: 1,
    digest,
    folder: '/f',
    isOurs: true,
    labels: [],
    weight: 1,
    isolation: 'runner',
    replicas: 1,
    maxReplicas: 3,
    targetInFlight: 4,
    memoryBytes: 1,
    loadMs: 1,
    ...change,
  })
  const endpoint = (...variants: RouteVariant[]): RouteEndpoint => ({ name: 'fraud', isPaused: false, variants })
  const table = (endpoints: RouteEndpoint[], published?: RouteTable, change: Partial<TableInput> = {}) =>
    planTable({
      project: 'default',
      endpoints,
      keys: [],
      published,
      isAcknowledged: () => true,
      lastRevision: 0,
      ...change,
    })

  test('its revision grows only with its content', () => {
    const first = table([endpoint(routed('d1'))])
    expect(first.revision).toBe(1)
    expect(table([endpoint(routed('d1'))], JSON.parse(JSON.stringify(first)))).toEqual(first)
    expect(table([endpoint(routed('d1', { replicas: 2 }))], first).revision).toBe(2)
  })

  test('where the file was lost, its revision is above what the runners follow', () => {
    expect(table([endpoint(routed('d1'))], undefined, { lastRevision: 41 }).revision).toBe(42)
  })

  test('a variant that nobody wants loses its traffic, stays until that is acknowledged, and goes', () => {
    const wanted = [endpoint(routed('d2'))]
    const both = table([endpoint(routed('d1'))])
    const switched = table(wanted, both)
    expect(switched.endpoints[0]?.variants).toMatchObject([
      { digest: 'd2', weight: 1 },
      { digest: 'd1', weight: 0, replicas: 1 },
    ])
    expect(table(wanted, switched, { isAcknowledged: () => false })).toBe(switched)
    expect(table(wanted, switched).endpoints[0]?.variants).toMatchObject([{ digest: 'd2' }])
  })

  test('an endpoint that serves nothing any more leaves the same way; one that is deleted goes at once', () => {
    const first = table([endpoint(routed('d1'))])
    const leaving = table([endpoint()], first)
    expect(leaving.endpoints).toMatchObject([{ variants: [{ weight: 0 }] }])
    expect(table([endpoint()], leaving).endpoints).toEqual([])
    expect(table([], first).endpoints).toEqual([])
  })

  test('its keys are those of the project and the platform, without the revoked and the expired', () => {
    const key = (name: string, project: string, change: Partial<Kinds['key']> = {}): Stored<'key'> => ({
      kind: 'key',
      project,
      name,
      uid: name,
      etag: 1,
      createdAtMs: 0,
      updatedAtMs: 0,
      document: { project, name, role: 'invoker', hint: '', quotas: {}, sha256: 's', ...change },
    })
    const keys = [
      key('mine', 'default', { expiresAtMs: 101, actions: undefined }),
      key('all', '*'),
      key('other', 'other'),
      key('revoked', 'default', { revokedAtMs: 1 }),
      key('expired', '*', { expiresAtMs: 100 }),
    ]
    expect(keyRecords(keys, 'default', 100)).toEqual([
      { uid: 'mine', name: 'mine', project: 'default', role: 'invoker', quotas: {}, sha256: 's', expiresAtMs: 101 },
      { uid: 'all', name: 'all', project: '*', role: 'invoker', quotas: {}, sha256: 's' },
    ])
  })
})
