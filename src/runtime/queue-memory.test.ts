import { expect, test } from 'vitest'
import { tensor } from '../tensor/tensor.ts'
import { sizeOf } from './queue-memory.ts'

test('what waits is counted with the objects that its texts are', () => {
  const texts = tensor('BYTES', [3], [Buffer.from('abc'), Buffer.from(''), Buffer.from('de')])
  const numbers = tensor('FP32', [2], Float32Array.of(1, 2))
  expect(
    sizeOf(
      new Map([
        ['t', texts],
        ['n', numbers],
      ]),
    ),
  ).toBe(5 + 3 * 120 + 8)
})
