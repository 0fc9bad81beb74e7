import { expect, test } from 'vitest'
import { tensor, type Tensors } from '../../tensor/tensor.ts'
import { createPoisons } from './poison.ts'
import { column } from './tenfold.fixture.ts'

function words(...texts: string[]): Tensors {
  return new Map([
    [
      'w',
      tensor(
        'BYTES',
        [texts.length],
        texts.map((text) => Buffer.from(text)),
      ),
    ],
  ])
}

test('a run is judged by the rows of runs that killed: all of them in it, it among them, or neither', () => {
  const poisons = createPoisons(() => 0)
  expect(poisons.judge(column(1))).toBe('run')
  poisons.add(column(1, 2, 3))
  for (const same of [column(1, 2, 3), column(0, 1, 2, 3, 4), column(1, 2, 1, 2, 3)])
    expect(poisons.judge(same)).toBe('refuse')
  for (const part of [column(1), column(2, 3), column(3)]) expect(poisons.judge(part)).toBe('run-once')
  for (const other of [column(4), column(1, 3), column(1, 2, 4), column(3, 2, 1), column(0, 1), column()])
    expect(poisons.judge(other)).toBe('run')
})

test('rows of the same bytes under another name, datatype, shape or cut are other rows', () => {
  const poisons = createPoisons(() => 0)
  poisons.add(column(1))
  const data = Float64Array.of(1)
  for (const other of [
    new Map([['z', tensor('FP64', [1, 1], data)]]),
    new Map([['x', tensor('FP64', [1], data)]]),
    new Map([['x', tensor('UINT64', [1, 1], new BigUint64Array(data.buffer))]]),
  ])
    expect(poisons.judge(other)).toBe('run')
  expect(poisons.judge(new Map([['x', tensor('FP64', [1, 1], data)]]))).toBe('refuse')
  poisons.add(words('ab', 'c'))
  expect(poisons.judge(words('ab', 'c'))).toBe('refuse')
  expect(poisons.judge(words('a', 'bc'))).toBe('run')
  expect(poisons.judge(words('', 'abc'))).toBe('run')
  const pair = (...texts: string[]) =>
    new Map([
      [
        'w',
        tensor(
          'BYTES',
          [1, 2],
          texts.map((text) => Buffer.from(text)),
        ),
      ],
    ])
  poisons.add(pair('ab', 'c'))
  expect(poisons.judge(pair('ab', 'c'))).toBe('refuse')
  expect(poisons.judge(pair('a', 'bc'))).toBe('run')
})

test('inputs are matched by name, in whatever order they come, and as one where they have no common rows', () => {
  const poisons = createPoisons(() => 0)
  const a = tensor('FP32', [2], Float32Array.of(1, 2))
  const b = tensor('INT8', [2, 2], Int8Array.of(1, 2, 3, 4))
  const scalar = tensor('FP32', [], Float32Array.of(1))
  poisons.add(
    new Map([
      ['a', a],
      ['b', b],
    ]),
  )
  expect(
    poisons.judge(
      new Map([
        ['b', b],
        ['a', a],
      ]),
    ),
  ).toBe('refuse')
  expect(
    poisons.judge(
      new Map([
        ['a', a],
        ['s', scalar],
      ]),
    ),
  ).toBe('run')
  poisons.add(
    new Map([
      ['a', a],
      ['s', scalar],
    ]),
  )
  expect(
    poisons.judge(
      new Map([
        ['s', scalar],
        ['a', a],
      ]),
    ),
  ).toBe('refuse')
})

test('what was long ago, or is one of too many, is forgotten', () => {
  let time = 0
  const poisons = createPoisons(() => time)
  poisons.add(column(1))
  time = 59_999
  expect(poisons.judge(column(1))).toBe('refuse')
  time = 60_000
  expect(poisons.judge(column(1))).toBe('run')
  for (let i = 0; i < 65; i++) poisons.add(column(i))
  expect([0, 1, 64].map((value) => poisons.judge(column(value)))).toEqual(['run', 'refuse', 'refuse'])
})
