import { expect, test } from 'vitest'
import { DEFAULT_ROLLOUT, DEFAULT_SCALING, type EndpointSpec } from '../../api/resources.ts'
import type { RouteEndpoint } from '../../api/route-table.ts'
import type { ReplicaStatus } from '../../api/runner-status.ts'
import type { Kinds } from '../store/store.ts'
import { endpointStatus } from './endpoint-status.ts'
import type { FleetView } from './fleet-view.ts'

const digest = 'a'.repeat(64)

const spec: EndpointSpec = {
  description: '',
  variants: [{ name: 'v1', model: 'm', version: 1, weight: 1, scaling: DEFAULT_SCALING, isolation: 'runner' }],
  rollout: DEFAULT_ROLLOUT,
  isPaused: false,
}

const answering: Kinds['endpoint'] = {
  project: 'default',
  name: 'e',
  spec,
  revision: 1,
  servedRevision: 1,
  settledRevision: 1,
  state: 'ready',
  reason: '',
  variants: [],
}

function published(replicas: number): RouteEndpoint {
  const variant = {
    name: 'v1',
    model: 'm',
    number: 1,
    digest,
    folder: '/bundles/a',
    isOurs: true,
    labels: [],
    weight: 1,
    isolation: 'runner',
    replicas,
    maxReplicas: 1,
    targetInFlight: 1,
    memoryBytes: 0,
    loadMs: 0,
  } as const
  return { name: 'e', isPaused: false, variants: [variant] }
}

function fleet(replica?: Pick<ReplicaStatus, 'state' | 'problem'>): FleetView {
  const replicas = replica === undefined ? [] : [{ endpoint: 'e', digest, lastUsedMs: 0, memoryBytes: 0, ...replica }]
  const status = {
    runner: 'default-1',
    project: 'default',
    index: 0,
    count: 1,
    life: 'a',
    revision: 1,
    memoryBytes: 0,
    replicas,
    traffic: [],
  }
  return {
    runners: [{ status, heardAtMs: 0, isConnected: true }],
    size: 1,
    now: 0,
    staleAfterMs: 5000,
    startedAtMs: 0,
    goneAfterMs: 10_000,
    readWithinMs: 5000,
    connectedAtMs: new Map(),
  }
}

const problem = {
  code: 'unavailable',
  message: 'the bundle of version aaaaaaaaaaaa is not whole on this machine',
  details: { reason: 'bundle_missing' },
}

test.each([1, 0])('an endpoint whose bundle is gone has failed and says why, with %d replicas wanted', (replicas) => {
  const lost = endpointStatus(answering, undefined, published(replicas), fleet({ state: 'failed', problem }))
  expect(lost).toMatchObject({ state: 'failed', variants: [{ state: 'failing', problem, replicas: { ready: 0 } }] })
  expect(lost.reason).toBe(
    'variant v1 (m/1), with 100 % of the traffic, cannot be loaded: the bundle of version aaaaaaaaaaaa is not whole on this machine; deploy its file again',
  )
})

test('it stays so while it is tried again, and is over once it answers', () => {
  const lost = {
    ...answering,
    ...endpointStatus(answering, undefined, published(1), fleet({ state: 'failed', problem })),
  }
  const again = endpointStatus(lost, undefined, published(1), fleet({ state: 'loading' }))
  expect(again).toMatchObject({ state: 'failed', reason: lost.reason })
  expect(endpointStatus(lost, undefined, published(1), fleet({ state: 'ready' }))).toMatchObject({
    state: 'ready',
    reason: '',
  })
})

test('one that is only on its way, idle, or in want of room while it sleeps is ready', () => {
  const full = { code: 'unavailable', message: 'there is no memory', details: { reason: 'memory_budget' } }
  for (const [replicas, replica] of [
    [1, undefined],
    [1, { state: 'loading' }],
    [0, undefined],
    [0, { state: 'failed', problem: full }],
  ] as const)
    expect(endpointStatus(answering, undefined, published(replicas), fleet(replica))).toMatchObject({
      state: 'ready',
      reason: '',
    })
})

test('what an earlier rollout left to say stays', () => {
  const told = { ...answering, reason: 'revision 2 was rolled back' }
  expect(endpointStatus(told, undefined, published(1), fleet({ state: 'ready' })).reason).toBe(told.reason)
})
