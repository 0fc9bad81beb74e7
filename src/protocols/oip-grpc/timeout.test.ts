import { expect, test } from 'vitest'
import { parseGrpcTimeout } from './timeout.ts'

test.each([
  [undefined, undefined],
  ['1S', 1000],
  ['250m', 250],
  ['99999999H', 99_999_999 * 3_600_000],
  ['2M', 120_000],
  ['1500u', 1.5],
  ['0n', 0],
])('%s is %s ms', (header, ms) => {
  expect(parseGrpcTimeout(header)).toBe(ms)
})

test.each(['', 'S', '1', '1s', '1.5S', '-1S', ' 1S', '123456789S', '1 S', '0x1S', '1SS'])(
  '%j is no timeout',
  (header) => {
    expect(() => parseGrpcTimeout(header)).toThrow(/eight digits/)
  },
)
