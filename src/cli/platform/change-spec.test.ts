import { describe, expect, test } from 'vitest'
import { DEFAULT_ROLLOUT, type Endpoint, type EndpointSpec } from '../../api/resources.ts'
import type { Client } from '../../client/client.ts'
import { ServingError } from '../../core/errors.ts'
import { changeSpec } from './change-spec.ts'

const spec: EndpointSpec = { description: '', variants: [], rollout: DEFAULT_ROLLOUT, isPaused: false }
const moved = () => new ServingError('conflict', 'it has changed', { details: { reason: 'etag' } })
const { signal } = new AbortController()

/** A platform whose endpoint is at these revisions and etags, one after the other; each change of a state that has gone fails. */
function platformAt(states: readonly (readonly [revision: number, etag: number])[]) {
  const sent: unknown[] = []
  let looks = 0
  const call = async (name: string, input: Record<string, unknown>) => {
    if (name === 'getEndpoint') {
      const [revision, etag] = states[Math.min(looks++, states.length - 1)] ?? [0, 0]
      if (revision === 0) throw new ServingError('not_found', 'none')
      return {
        name: 'x',
        spec: { ...spec, description: `of ${revision}` },
        revision,
        meta: { uid: 'u', etag },
      } as Endpoint
    }
    sent.push(input)
    if (looks < states.length) throw moved()
    return { revision: 99 } as Endpoint
  }
  return { client: { url: '', call: call as unknown as Client['call'] }, sent }
}

const at = { project: 'p', endpoint: 'x', signal }
const plan = (current: EndpointSpec | undefined) => ({
  ...spec,
  description: `after ${current?.description ?? 'none'}`,
})

describe('a change of what an endpoint is told to be', () => {
  test('is made to the very state that it was planned from', async () => {
    const { client, sent } = platformAt([[3, 7]])
    expect((await changeSpec(client, at, plan, 'why')).revision).toBe(99)
    expect(sent).toMatchObject([
      { ifMatch: { uid: 'u', etag: 7 }, body: { reason: 'why', spec: { description: 'after of 3' } } },
    ])
  })

  test('is planned anew when only the state has moved', async () => {
    const { client, sent } = platformAt([
      [3, 7],
      [3, 8],
      [3, 9],
    ])
    await changeSpec(client, at, plan, 'why')
    expect(sent).toMatchObject([{ ifMatch: { etag: 7 } }, { ifMatch: { etag: 8 } }, { ifMatch: { etag: 9 } }])
  })

  test("never goes over somebody else's", async () => {
    const { client, sent } = platformAt([
      [3, 7],
      [4, 8],
    ])
    await expect(changeSpec(client, at, plan, 'why')).rejects.toThrow(
      /changed by somebody else meanwhile, to revision 4/,
    )
    expect(sent).toHaveLength(1)
  })

  test('that was planned for another revision is not made', async () => {
    const { client, sent } = platformAt([[4, 8]])
    await expect(changeSpec(client, { ...at, revision: 3 }, plan, 'why')).rejects.toMatchObject({ code: 'conflict' })
    expect(sent).toEqual([])
  })

  test('makes the endpoint where there is none', async () => {
    const { client, sent } = platformAt([[0, 0]])
    await changeSpec(client, at, plan, 'why')
    expect(sent).toMatchObject([{ body: { spec: { description: 'after none' } } }])
    expect(sent[0]).toMatchObject({ ifMatch: undefined })
  })
})
