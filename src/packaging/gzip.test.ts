import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { gzip } from './gzip.ts'

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}

test('what gzip packs, gunzip gives back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5000 })), async (all) => {
      expect(gunzipSync(await buffer(gzip(pieces(...all))))).toEqual(Buffer.concat(all))
    }),
    { numRuns: 50 },
  )
})

test('the header tells neither time nor machine', async () => {
  const packed = await buffer(gzip(pieces(Buffer.from('some text'))))
  expect(packed.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff')
})

test('a source that fails makes the packed stream fail with the same error', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(100_000)
    throw new Error('the disk is gone')
  }
  await expect(buffer(gzip(failing()))).rejects.toThrow('the disk is gone')
})

test('a reader that stops early lets the source clean up', async () => {
  const cleaned = Promise.withResolvers<void>()
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (let i = 0; ; i++) yield Buffer.from(String(Math.sin(i)).repeat(10_000))
    } finally {
      cleaned.resolve()
    }
  }
  let seen = 0
  for await (const piece of gzip(endless())) if ((seen += piece.byteLength) > 1000) break
  await cleaned.promise
})
