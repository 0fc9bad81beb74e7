import { describe, expect, test } from 'vitest'
import type { Endpoint, Rollout, RolloutState, Version } from '../../api/resources.ts'
import { followRevision, followVersion, type Followed } from './follow-deployment.ts'

/** A platform that shows these one after the other, the last for ever, and what was told of them. */
function following(script: {
  readonly versions?: readonly Partial<Version>[]
  readonly endpoints?: readonly Partial<Endpoint>[]
  readonly rollouts?: readonly Partial<Rollout>[]
}) {
  const seen = { getVersion: 0, getEndpoint: 0, getRollout: 0 }
  const told: string[] = []
  const at = <T>(list: readonly T[] | undefined, name: keyof typeof seen) =>
    list?.[Math.min(seen[name]++, list.length - 1)]
  const call = async (name: string) => {
    if (name === 'getVersion') return at(script.versions, name)
    if (name === 'getEndpoint')
      return { name: 'x', state: 'updating', reason: '', variants: [], ...at(script.endpoints, name) }
    const rollout = {
      name: 'r',
      endpoint: 'x',
      toRevision: 2,
      reason: '',
      decisions: [],
      share: 0,
      ...at(script.rollouts, 'getRollout'),
    }
    return name === 'getRollout' ? rollout : { items: script.rollouts === undefined ? [] : [rollout] }
  }
  const followed: Followed = {
    client: { url: '', call },
    project: 'p',
    watch: { next: async () => {} },
    onPhase: (phase, progress, text) => told.push(`${phase} ${progress ?? '-'} ${text}`),
    signal: new AbortController().signal,
  }
  return { followed, told }
}

describe('a version', () => {
  test('is followed through its phases until it is ready', async () => {
    const { followed, told } = following({
      versions: [
        { state: 'pending' },
        { state: 'making', phase: 'compiling', progress: 0.5 },
        { state: 'making', phase: 'probation' },
        { state: 'ready' },
      ],
    })
    expect((await followVersion(followed, 'm', 1)).state).toBe('ready')
    expect(told).toEqual(['compiling 0.5 compiling', 'probation - trying it out'])
  })

  test('that fails fails with the code, the reason and the log of what failed', async () => {
    const problem = { code: 'too_large', message: '9 GiB', details: { most: 1 }, logTail: ['a'] }
    const { followed } = following({ versions: [{ state: 'failed', phase: 'reading', problem }] })
    await expect(followVersion(followed, 'm', 1)).rejects.toMatchObject({
      code: 'too_large',
      message: 'version m/1 failed: 9 GiB',
      details: { most: 1, logTail: ['a'], model: 'm', version: 1 },
    })
  })

  test('that is cancelled ends as that', async () => {
    const { followed } = following({ versions: [{ state: 'cancelled' }] })
    await expect(followVersion(followed, 'm', 1)).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('a revision', () => {
  test('is followed through its rollout until it answers, with what was decided last', async () => {
    const decision = {
      atMs: 1,
      step: 0,
      share: 0.1,
      decision: 'wait',
      reason: '3 of 100 requests',
      figures: {},
    } as const
    const { followed, told } = following({
      endpoints: [
        { revision: 2, servedRevision: 1, rollout: 'r' },
        { revision: 2, servedRevision: 1, rollout: 'r' },
        { revision: 2, servedRevision: 1, rollout: 'r' },
        { revision: 2, servedRevision: 2 },
      ],
      rollouts: [
        { state: 'loading' },
        { state: 'baking', share: 0.1, decisions: [decision] },
        { state: 'baking', share: 0.1, decisions: [decision] },
        { state: 'promoted', share: 1 },
      ],
    })
    const { rollout } = await followRevision(followed, 'x', 2)
    expect(rollout?.state).toBe('promoted')
    expect(told).toEqual([
      'loading - loading',
      'routing 0.1 routing 10 % of the traffic: 3 of 100 requests',
      'routing 0.1 routing 10 % of the traffic: 3 of 100 requests',
    ])
  })

  test.each<[RolloutState, string, RegExp]>([
    [
      'rolled-back',
      'unavailable',
      /^revision 2 of endpoint x was rolled back: errors 5 %; it goes on answering with revision 1$/,
    ],
    ['failed', 'unavailable', /^revision 2 of endpoint x failed: errors 5 %/],
    ['cancelled', 'cancelled', /^revision 2 of endpoint x was cancelled: errors 5 %/],
  ])('whose rollout is %s fails with the reason, and what answers now', async (state, code, message) => {
    const { followed } = following({
      endpoints: [{ revision: 2, servedRevision: 1 }],
      rollouts: [{ state, reason: 'errors 5 %' }],
    })
    const failed = followRevision(followed, 'x', 2)
    await expect(failed).rejects.toMatchObject({ code, details: { endpoint: 'x', revision: 2, rollout: 'r', state } })
    await expect(failed).rejects.toThrow(message)
  })

  test('that is promoted just after the endpoint was looked at answers', async () => {
    const { followed } = following({
      endpoints: [
        { revision: 2, servedRevision: 1, rollout: 'r' },
        { revision: 2, servedRevision: 2 },
      ],
      rollouts: [{ state: 'promoted', share: 1 }],
    })
    expect((await followRevision(followed, 'x', 2)).endpoint.servedRevision).toBe(2)
  })

  test("that somebody's later change has superseded is not waited for", async () => {
    const { followed } = following({
      endpoints: [{ revision: 3, servedRevision: 1 }],
      rollouts: [{ state: 'cancelled' }],
    })
    await expect(followRevision(followed, 'x', 2)).rejects.toMatchObject({ code: 'conflict', details: { current: 3 } })
  })

  test('that needs no rollout is there at once', async () => {
    const { followed } = following({ endpoints: [{ revision: 2, servedRevision: 2, state: 'ready' }] })
    expect((await followRevision(followed, 'x', 2)).rollout).toBeUndefined()
  })
})
