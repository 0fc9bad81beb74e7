import { describe, expect, test } from 'vitest'
import { DEFAULT_ROLLOUT, DEFAULT_SCALING, type EndpointSpec, type RolloutState } from '../../api/resources.ts'
import { beginJudging, type Judgement } from '../policies/rollout.ts'
import type { Kinds, Stored } from '../store/store.ts'
import type { Readiness } from './fleet-view.ts'
import { nextStep, type EndpointView } from './rollout-step.ts'

const spec: EndpointSpec = {
  description: '',
  variants: [{ name: 'a', model: 'm', version: 2, weight: 1, scaling: DEFAULT_SCALING, isolation: 'runner' }],
  rollout: { ...DEFAULT_ROLLOUT, timeoutMs: 60_000 },
  isPaused: false,
}

function revision(number: number, digest: string | undefined): Kinds['revision'] {
  const resolved = digest === undefined ? {} : { a: { model: 'm', version: 2, digest } }
  return { project: 'default', endpoint: 'fraud', revision: number, spec, by: 'me', reason: '', resolved }
}

function stored<K extends 'endpoint' | 'rollout'>(kind: K, name: string, document: Kinds[K]): Stored<K> {
  return { kind, project: 'default', name, uid: name, etag: 1, createdAtMs: 0, updatedAtMs: 0, document }
}

function rollout(state: RolloutState, change: Partial<Kinds['rollout']> = {}): Stored<'rollout'> {
  const share = state === 'shifting' || state === 'baking' ? 0.1 : 0
  return stored('rollout', 'r1', {
    project: 'default',
    name: 'r1',
    endpoint: 'fraud',
    fromRevision: 1,
    toRevision: 2,
    spec: spec.rollout,
    state,
    step: 0,
    share,
    decisions: [],
    reason: 'it was bad',
    ...change,
  })
}

function readiness(ready: number, wanted: number, code?: string): EndpointView['readiness'] {
  const problem = code === undefined ? undefined : { code, message: 'an operator is missing', details: {} }
  const each: Readiness = { ready, wanted, problem, anywhere: ready }
  return [{ variant: 'a', readiness: each }]
}

function judged(decision: Judgement['decision']): Judgement {
  return { decision, reason: 'figures', figures: {}, state: beginJudging(spec.rollout, true) }
}

function next(change: Partial<EndpointView> = {}, endpoint: Partial<Kinds['endpoint']> = {}) {
  return nextStep({
    endpoint: stored('endpoint', 'fraud', {
      project: 'default',
      name: 'fraud',
      spec,
      revision: 2,
      servedRevision: 1,
      settledRevision: 1,
      state: 'ready',
      reason: '',
      variants: [],
      ...endpoint,
    }),
    rollout: undefined,
    served: revision(1, 'd1'),
    target: revision(2, 'd2'),
    resolve: () => ({ state: 'waiting', reason: 'it is being made' }),
    isAcknowledged: true,
    readiness: readiness(2, 2),
    inStateForMs: 0,
    loadGraceMs: 10_000,
    isCompared: true,
    shares: [0.1, 1],
    ease: (share) => share,
    look: () => undefined,
    ...change,
  })
}

describe('the next step of an endpoint', () => {
  test('a revision that was settled is not tried again', () => {
    expect(next({}, { settledRevision: 2 })).toEqual({ do: 'nothing' })
  })

  test('other versions begin a rollout; settings alone hold at once', () => {
    expect(next()).toEqual({ do: 'begin' })
    expect(next({ target: revision(2, undefined) })).toEqual({ do: 'begin' })
    expect(next({ target: revision(2, 'd1') })).toMatchObject({ do: 'adopt' })
    expect(next({ served: undefined, target: revision(2, 'd1') })).toEqual({ do: 'begin' })
  })

  test('a version that is not ready yet is waited for; one that failed ends the rollout with its reason', () => {
    const view = { rollout: rollout('pending'), target: revision(2, undefined) }
    expect(next(view)).toEqual({ do: 'nothing' })
    expect(next({ ...view, resolve: () => ({ state: 'ready', model: 'm', version: 2, digest: 'd2' }) })).toEqual({
      do: 'load',
      resolved: { a: { model: 'm', version: 2, digest: 'd2' } },
    })
    expect(next({ ...view, resolve: () => ({ state: 'failed', reason: 'version 2 failed' }) })).toMatchObject({
      do: 'end',
      state: 'failed',
      reason: 'version 2 failed',
      isSettled: true,
    })
  })

  test('traffic comes only when every wanted replica is ready', () => {
    expect(next({ rollout: rollout('loading'), readiness: readiness(1, 2) })).toEqual({ do: 'nothing' })
    expect(next({ rollout: rollout('loading') })).toEqual({ do: 'shift', step: 0, share: 0.1 })
  })

  test('what cannot be loaded is rolled back with the reason, at once or when it does not pass', () => {
    const view = { rollout: rollout('loading'), readiness: readiness(1, 2, 'refused') }
    expect(next(view)).toMatchObject({
      do: 'end',
      state: 'rolled-back',
      reason: 'variant a could not be loaded: an operator is missing',
    })
    const passing = { ...view, readiness: readiness(1, 2, 'unavailable') }
    expect(next(passing)).toEqual({ do: 'nothing' })
    expect(next({ ...passing, inStateForMs: 10_001 })).toMatchObject({ do: 'end', state: 'rolled-back' })
    expect(next({ rollout: rollout('loading'), readiness: readiness(1, 2), inStateForMs: 60_001 })).toMatchObject({
      reason: '1 of 2 replicas were ready after 60 s, the most that its timeoutMs allows',
    })
  })

  test('a step is watched once every runner follows it, and taken back the same way', () => {
    expect(next({ rollout: rollout('shifting'), isAcknowledged: false })).toEqual({ do: 'nothing' })
    expect(next({ rollout: rollout('shifting') })).toEqual({ do: 'bake' })
    expect(next({ rollout: rollout('rolling-back'), isAcknowledged: false })).toEqual({ do: 'nothing' })
    expect(next({ rollout: rollout('rolling-back') })).toMatchObject({
      do: 'end',
      state: 'rolled-back',
      reason: 'it was bad',
    })
  })

  test('the first revision has nothing to be compared with: it is promoted as it answers', () => {
    const view = { served: undefined, isCompared: false, rollout: rollout('shifting', { share: 1 }) }
    expect(next(view, { servedRevision: undefined })).toMatchObject({ do: 'end', state: 'promoted' })
  })

  test('the sequential test decides: wait, advance, promote, roll back', () => {
    const at = (step: number, decision: Judgement['decision']) =>
      next({ rollout: rollout('baking', { step, share: step === 1 ? 1 : 0.1 }), look: () => judged(decision) })
    expect(at(0, 'wait')).toMatchObject({ do: 'note' })
    expect(at(0, 'advance')).toMatchObject({ do: 'shift', step: 1, share: 1 })
    expect(at(1, 'promote')).toMatchObject({ do: 'end', state: 'promoted', reason: 'figures' })
    expect(at(0, 'roll-back')).toMatchObject({ do: 'roll-back', reason: 'figures' })
    expect(next({ rollout: rollout('baking') })).toEqual({ do: 'nothing' })
  })

  test('more traffic waits until all replicas are there again', () => {
    const view = { rollout: rollout('baking'), readiness: readiness(1, 2), look: () => judged('advance') }
    expect(next(view)).toMatchObject({ do: 'note' })
  })

  test('a newer revision ends the rollout; what answers as the first stays until then', () => {
    const newer = { revision: 3 }
    expect(next({ rollout: rollout('baking') }, newer)).toMatchObject({
      do: 'end',
      state: 'cancelled',
      isSettled: false,
    })
    expect(next({ rollout: rollout('rolling-back') }, newer)).toMatchObject({ do: 'end', state: 'rolled-back' })
    const first = { served: undefined, isCompared: false, rollout: rollout('shifting', { share: 1 }) }
    expect(next(first, { ...newer, servedRevision: undefined })).toMatchObject({ do: 'end', state: 'promoted' })
  })

  test('where many requests come a step is eased in; while that is not known nothing grows', () => {
    const wait = { decision: 'wait' as const, reason: '', figures: {}, state: beginJudging(DEFAULT_ROLLOUT, true) }
    expect(next({ rollout: rollout('loading'), ease: () => 0.02 })).toEqual({ do: 'shift', step: 0, share: 0.02 })
    const eased = { rollout: rollout('baking', { share: 0.02 }), look: () => wait }
    expect(next({ ...eased, ease: () => 0.02 })).toMatchObject({ do: 'note' })
    expect(next({ ...eased, ease: () => undefined })).toMatchObject({ do: 'note' })
    expect(next({ ...eased, ease: () => 0.05 })).toMatchObject({ do: 'shift', step: 0, share: 0.05 })
    expect(next({ ...eased, ease: () => 0.1 })).toMatchObject({ do: 'shift', step: 0, share: 0.1 })
  })

  test('wishes are heard: promote, roll back, cancel', () => {
    expect(next({ rollout: rollout('baking', { wish: 'promote' }) })).toEqual({ do: 'shift', step: 1, share: 1 })
    expect(next({ rollout: rollout('baking', { wish: 'promote', step: 1, share: 1 }) })).toMatchObject({
      state: 'promoted',
    })
    expect(next({ rollout: rollout('baking', { wish: 'roll-back' }) })).toMatchObject({ do: 'roll-back' })
    expect(next({ rollout: rollout('loading', { wish: 'cancel' }) })).toMatchObject({
      state: 'cancelled',
      isSettled: true,
    })
    expect(next({ rollout: rollout('loading', { wish: 'promote' }), readiness: readiness(0, 1) })).toEqual({
      do: 'nothing',
    })
  })

  test('an endpoint that is being deleted ends its rollout, and goes when nobody routes to it any more', () => {
    const deleting = { state: 'deleting' as const }
    expect(next({ rollout: rollout('baking') }, deleting)).toMatchObject({ do: 'end', state: 'cancelled' })
    expect(next({ isAcknowledged: false }, deleting)).toEqual({ do: 'nothing' })
    expect(next({}, deleting)).toEqual({ do: 'remove' })
  })
})
