import { expect, test } from 'vitest'
import { InertObject } from './containers.ts'
import { refuseUnfolding } from './unfolding.ts'
import type { PyList, PyValue } from './values.ts'

const of = { kind: 'global', module: 'sklearn.pipeline', name: 'FeatureUnion', offset: 0, verdict: 'data' } as const

function object(inside: PyValue): PyValue {
  const made = new InertObject(of, 'instance', [])
  made.setAttribute('transformer_list', inside)
  return made
}

const list = (...items: PyValue[]): PyList => ({ kind: 'list', items })

/** Objects that each hold the one before twice. */
function doubled(times: number): PyValue {
  let value = object(null)
  for (let i = 0; i < times; i++) value = object(list(value, { kind: 'tuple', items: ['again', value] }))
  return value
}

test.each([30, 5_000])('%i objects that each hold the one before twice are too large', (times) => {
  expect(() => refuseUnfolding(doubled(times))).toThrow(
    expect.objectContaining({
      code: 'too_large',
      details: expect.objectContaining({ reason: 'unfolding' }) as unknown,
    }),
  )
})

test('what one file may well share is taken', () => {
  refuseUnfolding(doubled(13))
  const shared = object(object(object(null)))
  refuseUnfolding(list(...Array.from({ length: 100_000 }, () => shared)))
  refuseUnfolding(list(...Array.from({ length: 100_000 }, () => object(null))))
})

test('plain lists in lists are no objects, however often they stand in one another', () => {
  let value: PyValue = 'lol'
  for (let i = 0; i < 60; i++) value = list(...Array.from({ length: 10 }, () => value))
  refuseUnfolding(object(value))
  refuseUnfolding(list(...Array.from({ length: 100_000 }, () => value)))
})

test('what contains itself ends', () => {
  const itself = list(1n)
  const holder = object(itself)
  itself.items.push(holder, holder, itself)
  refuseUnfolding(holder)
})
