import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as h2 from './frames.ts'
import { PREFACE } from './frames.ts'
import { HeaderBlock } from './header-block.ts'
import { createPeer, frame, headers, settings, settle, uint32 } from './http2-peer.fixture.ts'

const HEAD = new HeaderBlock({ ':status': '200' })
const TRAILERS = new HeaderBlock({ 'grpc-status': '0' })

const id = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: h2.MOST }))
const bytes = fc.uint8Array({ maxLength: 60 })

/** Frames as clients send them, and as they should not. */
const anyFrame = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constant(h2.HEADERS),
      fc.constantFrom(4, 5),
      fc.constantFrom(1, 3, 5, 7, 9),
      fc.constant(headers()),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constant(h2.DATA), fc.constantFrom(0, 1), fc.constantFrom(1, 3, 5, 7, 9), bytes),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant(h2.WINDOW_UPDATE),
      fc.constant(0),
      id,
      fc.integer({ min: 0, max: h2.MOST }).map(uint32),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant(h2.RST_STREAM), fc.constant(0), fc.constantFrom(1, 3, 5), fc.constant(uint32(8))),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 0, max: h2.MOST })
      .map((value) => [h2.SETTINGS, 0, 0, settings([h2.INITIAL_WINDOW_SIZE, value]).subarray(9)] as const),
  },
  { weight: 1, arbitrary: fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 255 }), id, bytes) },
)

const stream = fc.tuple(
  fc
    .array(anyFrame, { maxLength: 25 })
    .map((frames) =>
      Buffer.concat([
        PREFACE,
        settings(),
        ...frames.map(([type, flags, number, payload]) => frame(type, flags, number, payload)),
      ]),
    ),
  fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
  fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 }),
)

test(
  'whatever comes leads to an answer, a reset or an end, and nothing is left behind',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(stream, async ([clean, changes, cuts]) => {
        const given = Buffer.from(clean)
        for (const [at, value] of changes) given[at % given.length] = value
        const peer = createPeer({
          onOpen: ({ stream: opened }) => {
            if (changes.length > 1) opened.pause()
          },
          onEnd: ({ stream: ended }) => ended.answer(HEAD, Buffer.of(1), Buffer.alloc(cuts[0] ?? 1), TRAILERS),
        })
        for (let at = 0, i = 0; at < given.length; i++) {
          const size = cuts[i % cuts.length] ?? 1
          if (!peer.socket.readableEnded && !peer.socket.destroyed) peer.socket.push(given.subarray(at, at + size))
          at += size
        }
        await settle()
        for (const { stream: opened } of peer.told) opened.resume()
        await settle()
        expect(peer.defects).toEqual([])
        if (peer.session.isDestroyed) {
          expect(peer.of(h2.GOAWAY)).toHaveLength(1)
          await settle()
          expect(peer.isEnded).toBe(true)
        }
        peer.session.destroy()
        for (const told of peer.told) expect(told).toMatchObject({ isClosed: true, stream: { waitingBytes: 0 } })
      }),
      { numRuns: 1500 },
    )
  },
)
