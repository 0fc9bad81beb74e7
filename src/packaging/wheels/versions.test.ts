import { describe, expect, test } from 'vitest'
import { compareVersions, meets, parseSpecifiers, parseVersion } from './versions.ts'

const order = [
  '1.0.dev1',
  '1.0a1.dev2',
  '1.0a1',
  '1.0b2',
  '1.0rc1',
  '1.0',
  '1.0+local',
  '1.0.post1',
  '1.1',
  '1.10',
  '1!0.5',
]

test('versions stand in the order of their releases', () => {
  const parsed = order.map((text) => parseVersion(text))
  for (const [i, a] of parsed.entries())
    for (const [j, b] of parsed.entries())
      if (a !== undefined && b !== undefined)
        expect(Math.sign(compareVersions(a, b)), `${order[i]} ${order[j]}`).toBe(Math.sign(i - j))
  expect(parsed).not.toContain(undefined)
})

test.each(['', 'one', '1.0-beta-x', '1..0', '1.0+', 'latest'])('%j is no version', (text) => {
  expect(parseVersion(text)).toBeUndefined()
})

describe('a condition', () => {
  test.each([
    ['1.26.4', '==1.26.4', true],
    ['1.26.4', '==1.26', false],
    ['1.26.4', '==1.26.*', true],
    ['1.26.0', '==1.26', true],
    ['1.26.4', '!=1.26.*', false],
    ['2.0', '>=1.20,<2', false],
    ['1.9', '>=1.20,<2', false],
    ['1.25', '>=1.20,<2', true],
    ['2.0rc1', '<2', false],
    ['2.0rc1', '<2.0rc2', true],
    ['2.4.1', '~=2.4', true],
    ['3.0', '~=2.4', false],
    ['2.4.9', '~=2.4.1', true],
    ['2.5', '~=2.4.1', false],
    ['1.0.post1', '>1.0', false],
    ['1.0.post1', '>=1.0', true],
    ['2.4.0+cpu', '==2.4.0', true],
    ['2.4.0+cpu', '==2.4.0+cu121', false],
    ['1.0', '===1.0', true],
    ['1.0.0', '===1.0', false],
    ['5', '', true],
  ])('%s meets %s: %s', (version, text, expected) => {
    expect(meets(version, parseSpecifiers(text) ?? [])).toBe(expected)
  })

  test.each(['1.0', '=1.0', '>=', '>=x', '~=1.*', '>=1.0 <2'])('%j is none', (text) => {
    expect(parseSpecifiers(text)).toBeUndefined()
  })
})
