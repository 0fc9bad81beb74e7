import { expect, test } from 'vitest'
import { createLogTail } from './log-tail.ts'

test('the last twenty lines are kept, in whatever pieces they come', () => {
  const tail = createLogTail()
  for (let i = 0; i < 100; i++) for (const piece of ['line ', String(i), '\n']) tail.add(piece)
  tail.add('\n\r\nthe end')
  expect(tail.lines()).toEqual([...Array.from({ length: 19 }, (_, i) => `line ${i + 81}`), 'the end'])
})

test('control characters are escaped, colours dropped, keys hidden and long lines cut', () => {
  const tail = createLogTail()
  tail.add(`a\u001b[31mred\u001b[0m\tb\u0007\u0000\u009b\u202eright\n`)
  tail.add('key slw_secret-canary_123 is wrong\n')
  tail.add(`${'x'.repeat(5000)}\n`)
  const [first, second, third = ''] = tail.lines()
  expect(first).toBe('ared\tb\\u0007\\u0000\\u009b\\u202eright')
  expect(second).toBe('key slw_… is wrong')
  expect(third).toHaveLength(1001)
})

test('what never ends is not kept whole', () => {
  const tail = createLogTail()
  for (let i = 0; i < 100; i++) tail.add('y'.repeat(100_000))
  expect(tail.lines()).toHaveLength(1)
})
