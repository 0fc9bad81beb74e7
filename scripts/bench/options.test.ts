import { expect, test } from 'vitest'
import { BenchUsageError, parseOptions } from './options.ts'

test('without words, three rounds of four seconds at 1, 8 and 64 connections', () => {
  expect(parseOptions([])).toMatchObject({ rounds: 3, seconds: 4, starts: 5, connections: [1, 8, 64], write: false })
})

test('--quick shortens what is not given', () => {
  expect(parseOptions(['--quick', '--seconds', '3'])).toMatchObject({ rounds: 1, seconds: 3, starts: 1 })
})

test('a variant is the words of its command line', () => {
  expect(parseOptions(['--variant=--engine host-kernels']).variant).toEqual(['--engine', 'host-kernels'])
})

test.each([
  [['--rounds', '0'], '--rounds takes whole numbers from 1 to 100, found "0"'],
  [['--connections', '1,x'], '--connections takes whole numbers from 1 to 1000, found "x"'],
  [['--quick', '--write'], 'measures too little'],
  [['--fast'], "'--fast'"],
  [['extra'], "'extra'"],
])('%j is refused with the reason', (args, reason) => {
  expect(() => parseOptions(args)).toThrow(BenchUsageError)
  expect(() => parseOptions(args)).toThrow(reason)
})
