import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as h2 from './frames.ts'
import { HeaderBlock } from './header-block.ts'
import { createGreetedPeer, frame, headers, settings, settle, uint32, type Frame } from './http2-peer.fixture.ts'

const HEAD = new HeaderBlock({ ':status': '200' })
const TRAILERS = new HeaderBlock({ 'grpc-status': '0' })
const NONE = new Uint8Array()

function call(id: number): Buffer {
  return frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, id, headers())
}

function bytesOf(frames: readonly Frame[], id: number): Buffer {
  return Buffer.concat(frames.filter((given) => given.id === id).map(({ payload }) => payload))
}

function counting(size: number, seed = 1): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + seed) & 0xff))
}

describe('what goes', () => {
  test('waits for windows, and comes whole by steps of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 70_000 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.infiniteStream(fc.integer({ min: 100, max: 20_000 })),
        async (sizes, initial, steps) => {
          const peer = await createGreetedPeer({}, settings([h2.INITIAL_WINDOW_SIZE, initial]))
          const wanted = sizes.map((size, i) => counting(size, i))
          await peer.send(...sizes.map((_, i) => call(2 * i + 1)))
          for (const [i, body] of wanted.entries())
            peer.told[i]?.stream.answer(HEAD, body.subarray(0, 5), body.subarray(5), TRAILERS)
          const allowed = new Map(sizes.map((_, i) => [2 * i + 1, initial]))
          let all = 65_535
          for (let round = 0; peer.told.some(({ isClosed }) => !isClosed) && round < 5000; round++) {
            const step = steps.next().value
            const open = peer.told.filter(({ isClosed }) => !isClosed)
            const id = open[round % open.length]?.stream
            const number = 2 * peer.told.findIndex(({ stream }) => stream === id) + 1
            all += step
            allowed.set(number, (allowed.get(number) ?? 0) + step)
            await peer.send(
              frame(h2.WINDOW_UPDATE, 0, 0, uint32(step)),
              frame(h2.WINDOW_UPDATE, 0, number, uint32(step)),
            )
            let sent = 0
            for (const [stream, most] of allowed) {
              const came = bytesOf(peer.of(h2.DATA), stream).length
              expect(came).toBeLessThanOrEqual(most)
              sent += came
            }
            expect(sent).toBeLessThanOrEqual(all)
          }
          await settle()
          for (const [i, body] of wanted.entries()) expect(bytesOf(peer.of(h2.DATA), 2 * i + 1).equals(body)).toBe(true)
          expect(peer.of(h2.DATA).every(({ payload }) => payload.length <= 16_384)).toBe(true)
        },
      ),
      { numRuns: 25 },
    )
  })

  test('stops when a setting has made windows smaller than what is under way', async () => {
    const peer = await createGreetedPeer({}, settings([h2.INITIAL_WINDOW_SIZE, 1000]))
    await peer.send(call(1))
    peer.told[0]?.stream.answer(HEAD, NONE, counting(2000), TRAILERS)
    await peer.send(settings([h2.INITIAL_WINDOW_SIZE, 500]))
    expect(bytesOf(peer.of(h2.DATA), 1)).toHaveLength(1000)
    await peer.send(frame(h2.WINDOW_UPDATE, 0, 1, uint32(500))) // at zero now
    expect(bytesOf(peer.of(h2.DATA), 1)).toHaveLength(1000)
    await peer.send(settings([h2.INITIAL_WINDOW_SIZE, 1500]))
    expect(bytesOf(peer.of(h2.DATA), 1).equals(counting(2000))).toBe(true)
    expect(peer.told[0]?.isClosed).toBe(true)
  })

  test('is told when there is room again, and frames are as large as the client takes', async () => {
    const peer = await createGreetedPeer({}, settings([h2.INITIAL_WINDOW_SIZE, 0], [h2.MAX_FRAME_SIZE, 20_000]))
    await peer.send(call(1))
    const stream = peer.told[0]?.stream
    stream?.begin(HEAD)
    expect(stream?.write(NONE, counting(30_000))).toBe(false)
    await peer.send(frame(h2.WINDOW_UPDATE, 0, 1, uint32(29_999)))
    expect(peer.told[0]?.writables).toBe(0)
    await peer.send(frame(h2.WINDOW_UPDATE, 0, 1, uint32(100)))
    expect(peer.told[0]?.writables).toBe(1)
    expect(stream?.write(NONE, Buffer.alloc(99))).toBe(true)
    expect(peer.of(h2.DATA).map(({ payload }) => payload.length)).toEqual([20_000, 9999, 1])
    await settle()
    expect(peer.of(h2.DATA).at(-1)?.payload).toHaveLength(99)
  })

  test('of many short answers is no more than the window of all', async () => {
    const peer = await createGreetedPeer({}, settings([h2.INITIAL_WINDOW_SIZE, 1_000_000]))
    await peer.send(...Array.from({ length: 10 }, (_, i) => call(2 * i + 1)))
    for (const { stream } of peer.told) stream.answer(HEAD, NONE, counting(10_000), TRAILERS)
    await settle()
    expect(Buffer.concat(peer.of(h2.DATA).map(({ payload }) => payload))).toHaveLength(65_535)
    await peer.send(frame(h2.WINDOW_UPDATE, 0, 0, uint32(100_000)))
    for (let i = 0; i < 10; i++) expect(bytesOf(peer.of(h2.DATA), 2 * i + 1).equals(counting(10_000))).toBe(true)
  })

  test('takes turns', async () => {
    const peer = await createGreetedPeer({}, settings([h2.INITIAL_WINDOW_SIZE, 1_000_000]))
    await peer.send(call(1), call(3))
    for (const { stream } of peer.told) stream.answer(HEAD, NONE, counting(100_000), TRAILERS)
    await peer.send(frame(h2.WINDOW_UPDATE, 0, 0, uint32(65_536)))
    expect(bytesOf(peer.of(h2.DATA), 3).length).toBeGreaterThan(30_000)
  })

  test('is let go when its stream is reset', async () => {
    const peer = await createGreetedPeer({}, settings([h2.INITIAL_WINDOW_SIZE, 0]))
    await peer.send(call(1))
    peer.told[0]?.stream.answer(HEAD, NONE, counting(100_000), TRAILERS)
    expect(peer.told[0]?.stream.waitingBytes).toBe(100_000)
    await peer.send(frame(h2.RST_STREAM, 0, 1, uint32(h2.CANCEL)))
    expect(peer.told[0]).toMatchObject({ isClosed: true, stream: { waitingBytes: 0 } })
    await peer.send(frame(h2.WINDOW_UPDATE, 0, 1, uint32(100_000)))
    expect(peer.of(h2.DATA)).toEqual([])
  })
})

describe('what comes', () => {
  test('opens the windows again when half of them is taken, padding included', async () => {
    const peer = await createGreetedPeer()
    const before = peer.of(h2.WINDOW_UPDATE).length
    const padded = frame(h2.DATA, h2.PADDED, 1, Buffer.concat([Buffer.of(255), Buffer.alloc(16_383)]))
    await peer.send(frame(h2.HEADERS, h2.END_HEADERS, 1, headers()))
    for (let i = 0; i < 31; i++) await peer.send(padded)
    expect(peer.of(h2.WINDOW_UPDATE)).toHaveLength(before)
    await peer.send(padded)
    expect(peer.of(h2.WINDOW_UPDATE).slice(before)).toMatchObject([{ id: 1, payload: uint32(32 * 16_384) }])
    for (let i = 32; i < 256; i++) await peer.send(padded)
    expect(
      peer
        .of(h2.WINDOW_UPDATE)
        .filter(({ id }) => id === 0)
        .at(-1)?.payload,
    ).toEqual(uint32(256 * 16_384))
    expect(peer.told[0]?.chunks[0]).toHaveLength(16_384 - 256)
  })

  test('is held back while nobody wants it, in its order, with its end', async () => {
    const peer = await createGreetedPeer({ onOpen: ({ stream }) => stream.pause() })
    const body = counting(10_000)
    await peer.send(frame(h2.HEADERS, h2.END_HEADERS, 1, headers()))
    for (let at = 0; at < body.length; at += 100) await peer.send(frame(h2.DATA, 0, 1, body.subarray(at, at + 100)))
    await peer.send(frame(h2.DATA, h2.END_STREAM, 1))
    expect(peer.told[0]).toMatchObject({ chunks: [], isEnded: false })
    peer.told[0]?.stream.resume()
    await settle()
    expect(Buffer.concat(peer.told[0]?.chunks ?? []).equals(body)).toBe(true)
    expect(peer.told[0]?.isEnded).toBe(true)
  })

  test('is held back without its padding', async () => {
    const peer = await createGreetedPeer({ onOpen: ({ stream }) => stream.pause() })
    const padded = frame(h2.DATA, h2.PADDED, 1, Buffer.concat([Buffer.of(255), Buffer.alloc(256)]))
    await peer.send(frame(h2.HEADERS, h2.END_HEADERS, 1, headers()))
    for (let i = 0; i < 40_000; i += 1000) await peer.send(...Array.from({ length: 1000 }, () => padded))
    expect(peer.isEnded).toBe(false)
    expect(peer.of(h2.WINDOW_UPDATE).filter(({ id }) => id === 1).length).toBeGreaterThan(10)
  })

  test('may be held back again before it was all told, while more comes', async () => {
    const peer = await createGreetedPeer({ onOpen: ({ stream }) => stream.pause() })
    const body = counting(40_000)
    const send = (from: number, to: number) => peer.send(frame(h2.DATA, 0, 1, body.subarray(from, to)))
    await peer.send(frame(h2.HEADERS, h2.END_HEADERS, 1, headers()))
    await send(0, 10_000)
    const told = peer.told[0]
    if (told === undefined) throw new Error('no stream')
    const push = told.chunks.push.bind(told.chunks)
    told.chunks.push = (chunk) => {
      told.stream.pause()
      return push(chunk)
    }
    told.stream.resume()
    await settle()
    expect(told.chunks).toHaveLength(1)
    await send(10_000, 26_000)
    await send(26_000, 40_000)
    for (let i = 0; i < 20; i++) {
      told.stream.resume()
      await settle()
    }
    expect(Buffer.concat(told.chunks).equals(body)).toBe(true)
  })

  test('gives its part of the window back when its stream ends unread', async () => {
    const peer = await createGreetedPeer({ onOpen: ({ stream }) => stream.pause() })
    for (let i = 0; i < 40; i++) {
      const id = 2 * i + 1
      const data = Array.from({ length: 60 }, () => frame(h2.DATA, 0, id, Buffer.alloc(16_384)))
      await peer.send(frame(h2.HEADERS, h2.END_HEADERS, id, headers()), ...data)
      await peer.send(frame(h2.RST_STREAM, 0, id, uint32(h2.CANCEL)))
    }
    expect(peer.isEnded).toBe(false)
  })
})
