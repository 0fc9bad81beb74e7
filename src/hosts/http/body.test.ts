import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BodyCollector } from './body.ts'

describe('a body collector', () => {
  test('gives what came, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (pieces) => {
        const whole = Buffer.concat(pieces)
        const body = new BodyCollector(whole.length)
        for (const piece of pieces) body.append(Buffer.from(piece))
        expect(body.missing).toBe(0)
        expect(body.received.equals(whole)).toBe(true)
      }),
    )
  })

  test('gives large bodies whole, in memory of their size', () => {
    const piece = Buffer.from(new Uint8Array(60_000).map((_, i) => i))
    const body = new BodyCollector(50 * piece.length)
    for (let i = 0; i < 50; i++) body.append(piece)
    expect(body.received.equals(Buffer.concat(Array.from({ length: 50 }, () => piece)))).toBe(true)
    expect(body.received.buffer.byteLength).toBe(50 * piece.length)
  })

  test('takes memory for bytes that came, not for those announced', () => {
    const body = new BodyCollector(2 ** 40)
    body.append(Buffer.alloc(10))
    expect(body.received.buffer.byteLength).toBeLessThanOrEqual(65_536)
    body.append(Buffer.alloc(100_000))
    expect(body.received.buffer.byteLength).toBeLessThanOrEqual(4 * 100_010)
    expect(body.missing).toBe(2 ** 40 - 100_010)
  })

  test('has no bytes of others', () => {
    const body = new BodyCollector(5)
    body.append(Buffer.alloc(2))
    expect(body.received).toEqual(Buffer.alloc(2))
    body.append(Buffer.alloc(3))
    expect(body.received.buffer.byteLength).toBe(5)
  })

  test('takes no more than was announced', () => {
    expect(() => new BodyCollector(5).append(Buffer.alloc(6))).toThrow('this is a bug')
  })
})
