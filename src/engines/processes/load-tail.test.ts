import { expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { withLoadTail } from './load-tail.ts'

const BY = { stream: 'stdout', pid: 1, dropped: 0, isTrace: false } as const

test('a load that fails names the last lines that its code printed, without keys', async () => {
  const heard: string[] = []
  const secret = `slw_${'A'.repeat(43)}`
  const loading = withLoadTail(
    (_file, text) => void heard.push(text),
    async (onOutput) => {
      for (let i = 1; i <= 30; i++) onOutput?.('a.py', i === 30 ? `the key is ${secret}` : `line ${i}`, BY)
      throw new ServingError('refused', 'no weights', { details: { reason: 'golden_rows' } })
    },
  )
  const error = await loading.catch((thrown: ServingError) => thrown)
  expect(error).toMatchObject({ code: 'refused', message: 'no weights', details: { reason: 'golden_rows' } })
  const tail = error?.details['logTail'] as string[]
  expect([tail.length, tail[0]]).toEqual([20, 'line 11'])
  expect(tail.join(' ')).not.toContain(secret)
  expect(heard).toHaveLength(30)
})

test('what is printed after the load is told, and kept nowhere', async () => {
  const heard: string[] = []
  const print = await withLoadTail(
    (_file, text) => void heard.push(text),
    async (onOutput) => onOutput,
  )
  print?.('a.py', 'later', BY)
  expect(heard).toEqual(['later'])
})
