import { expect, test } from 'vitest'
import type { Endpoint } from '../../api/resources.ts'
import { describeEndpoint } from './describe.ts'
import { paintFor } from './terminal.ts'

test('what people should know of how a variant runs is told', () => {
  const variant = { name: 'v1', model: 'm', version: 1, digest: 'a'.repeat(64), share: 1, state: 'ready' as const }
  const endpoint = {
    project: 'default',
    name: 'e',
    state: 'ready',
    reason: '',
    revision: 1,
    servedRevision: 1,
    spec: { description: '', variants: [], rollout: { strategy: 'all-at-once' } },
    variants: [{ ...variant, replicas: { desired: 1, ready: 1 }, note: 'it runs in processes of its own' }],
  } as unknown as Endpoint
  const paint = paintFor({ write: () => true }, {})
  expect(describeEndpoint(endpoint, [], paint)).toContain('\nvariant v1: it runs in processes of its own\n')
})
