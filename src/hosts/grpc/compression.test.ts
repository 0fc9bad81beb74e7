import { promisify } from 'node:util'
import { gunzip, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { inTurn, mostInflated } from '../../protocols/content-encoding.ts'
import { inflateMessage } from './compression.ts'

const LIMIT = 1_000_000
const ZIPPED = gzipSync('squeezed')

const anybody = (): boolean => true

/** Takes all turns, those of HTTP's bodies too. @returns what passes them on */
function takeAllTurns(): () => void {
  const gate = Promise.withResolvers<void>()
  for (let i = 0; i < 100; i++) void inTurn(() => gate.promise)
  return gate.resolve
}

/** Longer than a message would take whose turn it is: others are inflated meanwhile, one after the other. */
async function aWhile(): Promise<void> {
  for (let i = 0; i < 20; i++) await promisify(gunzip)(ZIPPED)
}

describe('a compressed message', () => {
  test('waits for its turn among all that are inflated, by whatever host', async () => {
    const passTurns = takeAllTurns()
    let isInflated = false
    const inflated = inflateMessage(ZIPPED, 'gzip', LIMIT, anybody).finally(() => (isInflated = true))
    await aWhile()
    expect(isInflated).toBe(false)
    passTurns()
    expect(String((await inflated).body)).toBe('squeezed')
  })

  test('is not inflated where its caller has gone before its turn', async () => {
    const passTurns = takeAllTurns()
    let isWanted = true
    const inflated = inflateMessage(ZIPPED, 'gzip', LIMIT, () => isWanted)
    isWanted = false
    passTurns()
    await expect(inflated).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('that is refused passes its turn on', async () => {
    const refused = Array.from({ length: 20 }, () => inflateMessage(Buffer.from('no gzip'), 'gzip', LIMIT, anybody))
    for (const { status } of await Promise.allSettled(refused)) expect(status).toBe('rejected')
    expect(String((await inflateMessage(ZIPPED, 'gzip', LIMIT, anybody)).body)).toBe('squeezed')
  })

  test('of any length takes no more memory than is counted for it', () => {
    for (const size of [0, 1, 100, 10_000, 1_000_000, 50_000_000])
      expect(mostInflated(gzipSync(Buffer.alloc(size), { level: 9 }).length, Infinity)).toBeGreaterThanOrEqual(size)
    expect(mostInflated(LIMIT, LIMIT)).toBe(LIMIT)
  })
})
