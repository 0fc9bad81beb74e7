import { expect, test } from 'vitest'
import { createKeyCounts } from './key-counts.ts'

test('more keys than are told apart are counted together', () => {
  const counts = createKeyCounts({ most: 2 })
  for (const key of ['a', 'b', 'c', 'd', 'a']) counts.count(key, 'ok')
  expect(counts.all()).toEqual([
    { key: 'a', requests: { ok: 2 } },
    { key: 'b', requests: { ok: 1 } },
    { key: 'other', requests: { ok: 2 } },
  ])
})

test('keys that there are no more make room for new ones, but for the last of them', () => {
  const counts = createKeyCounts({ mostGone: 1 })
  for (const key of ['old', 'ci', 'older', 'web']) counts.count(key, 'ok')
  counts.retain(new Set(['ci', 'web']))
  expect(counts.all().map(({ key }) => key)).toEqual(['ci', 'older', 'web'])
})
