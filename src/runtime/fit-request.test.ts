import { describe, expect, test } from 'vitest'
import type { Signature } from '../tensor/signature.ts'
import { tensor, type Tensor } from '../tensor/tensor.ts'
import { MISSING_TEXT } from '../tensor/texts.ts'
import { canRunTogether } from './batch-rows.ts'
import { createFitter } from './fit-request.ts'

const SIGNATURE: Signature = {
  inputs: [
    { name: 'id', datatype: 'BYTES', shape: [-1, 1], isUnused: true },
    { name: 'amount', datatype: 'FP64', shape: [-1, 1] },
    { name: 'country', datatype: 'BYTES', shape: [-1, 1] },
    { name: 'note', datatype: 'BYTES', shape: [-1, 1], isNeverMissing: true },
  ],
  outputs: [
    { name: 'predict', datatype: 'INT64', shape: [-1] },
    { name: 'predict_proba', datatype: 'FP64', shape: [-1, 2] },
  ],
  defaultOutputs: ['predict'],
}
const fit = createFitter(SIGNATURE)

const texts = (...values: readonly Uint8Array[]): Tensor => tensor('BYTES', [values.length], values)
const NOTE = Buffer.from('hi')
const row = (amount: Tensor, ...more: readonly [string, Tensor][]): ReadonlyMap<string, Tensor> =>
  new Map([['amount', amount], ['country', texts(MISSING_TEXT)], ['note', texts(NOTE)], ...more])

describe('a request for a data frame', () => {
  test('fits with columns as lists, in any numeric datatype, and with what is never read as anything', () => {
    const given = [
      tensor('FP64', [1, 1], Float64Array.of(3)),
      tensor('INT64', [1], BigInt64Array.of(3n)),
      tensor('BOOL', [1], Uint8Array.of(1)),
      tensor('FP16', [1, 1], Uint16Array.of(0x4200)),
    ]
    for (const amount of given) {
      const { inputs, rows } = fit(row(amount, ['id', tensor('INT32', [7], new Int32Array(7))]), undefined)
      expect([...inputs.keys()].sort()).toEqual(['amount', 'country', 'note'])
      expect([rows, inputs.get('amount')?.shape, inputs.get('amount')?.datatype]).toEqual([1, [1, 1], 'FP64'])
      expect(inputs.get('country')?.shape).toEqual([1, 1])
    }
  })

  test('shares a run with others, whatever came in columns that are never read', () => {
    const amount = tensor('FP64', [1], Float64Array.of(1))
    const plain = fit(row(amount), undefined)
    const odd = fit(row(amount, ['id', tensor('FP32', [2, 3], new Float32Array(6))]), [])
    expect(canRunTogether(plain, odd)).toBe(true)
    expect(canRunTogether(plain, fit(row(amount), ['predict_proba']))).toBe(false)
  })

  test('gets the default output unasked, and any that it asks for', () => {
    const amount = tensor('FP64', [1], Float64Array.of(1))
    expect(fit(row(amount), undefined).wanted).toEqual(['predict'])
    expect(fit(row(amount), ['predict_proba', 'predict']).wanted).toEqual(['predict_proba', 'predict'])
  })

  test('is refused where a text is missing that must be there; an empty one is a text', () => {
    const amount = tensor('FP64', [1], Float64Array.of(1))
    expect(() => fit(row(amount, ['note', texts(MISSING_TEXT)]), undefined)).toThrow(
      'input "note": element 0 is missing',
    )
    expect(fit(row(amount, ['note', texts(Buffer.alloc(0))]), undefined).rows).toBe(1)
  })

  test('is told to send digits as text where they are categories', () => {
    const code = tensor('INT32', [1], Int32Array.of(49))
    const given = new Map([...row(tensor('FP64', [1], Float64Array.of(1))), ['country', code]])
    expect(() => fit(given, undefined)).toThrow('the model takes BYTES: send it as text, "49" for 49')
  })
})
