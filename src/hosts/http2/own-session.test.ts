import { describe, expect, test } from 'vitest'
import * as h2 from './frames.ts'
import { PREFACE } from './frames.ts'
import { HeaderBlock } from './header-block.ts'
import { createGreetedPeer, createPeer, frame, headers, settings, uint32, type Peer } from './http2-peer.fixture.ts'

const OPEN = h2.END_HEADERS
const WHOLE = h2.END_HEADERS | h2.END_STREAM
const HEAD = new HeaderBlock({ ':status': '200' })
const TRAILERS = new HeaderBlock({ 'grpc-status': '0' })
const NONE = new Uint8Array()

/** A call without a body. */
function call(id: number): Buffer {
  return frame(h2.HEADERS, WHOLE, id, headers())
}

/** A call whose body is to come. */
function opened(id: number, fields: Record<string, string> = {}): Buffer {
  return frame(h2.HEADERS, OPEN, id, headers(fields))
}

function goawayCode(peer: Peer): number | undefined {
  return peer.of(h2.GOAWAY).at(-1)?.payload.readUInt32BE(4)
}

function resetCode(peer: Peer, id: number): number | undefined {
  return peer
    .of(h2.RST_STREAM)
    .find((given) => given.id === id)
    ?.payload.readUInt32BE()
}

/** Whether the connection still takes calls. */
async function isServing(peer: Peer, id = 999): Promise<boolean> {
  const before = peer.told.length
  await peer.send(call(id))
  return peer.told.length === before + 1
}

describe('a request', () => {
  test('is told with its headers, its body and its end', async () => {
    const peer = await createGreetedPeer()
    await peer.send(opened(1, { 'x-a': '1' }), frame(h2.DATA, 0, 1, 'ab'), frame(h2.DATA, h2.END_STREAM, 1, 'c'))
    const [told] = peer.told
    expect({ ...told?.headers }).toEqual({ ':method': 'POST', ':scheme': 'http', ':path': '/', 'x-a': '1' })
    expect(told?.chunks.map(String)).toEqual(['ab', 'c'])
    expect(told?.isEnded).toBe(true)
  })

  test('is the same however its bytes are cut', async () => {
    const bytes = Buffer.concat([PREFACE, settings(), opened(1), frame(h2.DATA, h2.END_STREAM, 1, 'hello'), call(3)])
    for (const size of [1, 2, 7, 10, 30]) {
      const peer = createPeer()
      for (let at = 0; at < bytes.length; at += size) await peer.send(bytes.subarray(at, at + size))
      expect(peer.told).toHaveLength(2)
      expect(Buffer.concat(peer.told[0]?.chunks ?? []).toString()).toBe('hello')
    }
  })

  test('may have padding, a priority, several frames of headers, and trailers', async () => {
    const peer = await createGreetedPeer()
    const block = headers()
    const padded = Buffer.concat([Buffer.of(3), uint32(0), Buffer.of(9), block.subarray(0, 2), Buffer.alloc(3)])
    await peer.send(
      frame(h2.HEADERS, h2.PADDED | h2.HAS_PRIORITY, 1, padded),
      frame(h2.CONTINUATION, 0, 1),
      frame(h2.CONTINUATION, h2.END_HEADERS, 1, block.subarray(2)),
      frame(h2.DATA, h2.PADDED, 1, Buffer.concat([Buffer.of(2), Buffer.from('body'), Buffer.alloc(2)])),
      frame(h2.HEADERS, WHOLE, 1, new HeaderBlock({ 'x-after': '1' }).bytes),
    )
    expect(peer.told[0]?.chunks.map(String)).toEqual(['body'])
    expect(peer.told[0]?.isEnded).toBe(true)
    expect(peer.isEnded).toBe(false)
  })

  test('joins headers that come twice', async () => {
    const peer = await createGreetedPeer()
    const twice = Buffer.concat([
      headers({ 'x-a': '1' }),
      new HeaderBlock({ 'x-a': '2', cookie: 'a' }).bytes,
      new HeaderBlock({ cookie: 'b' }).bytes,
    ])
    await peer.send(frame(h2.HEADERS, WHOLE, 1, twice))
    expect(peer.told[0]?.headers['x-a']).toBe('1, 2')
    expect(peer.told[0]?.headers['cookie']).toBe('a; b')
  })

  test('that comes again as it was has the same headers as an object', async () => {
    const peer = await createGreetedPeer()
    await peer.send(call(1), call(3))
    expect(peer.told[1]?.headers).toBe(peer.told[0]?.headers)
  })
})

describe('a request that is malformed is reset, and no other', () => {
  const without = (name: string) => {
    const fields: Record<string, string> = { ':method': 'POST', ':scheme': 'http', ':path': '/' }
    delete fields[name]
    return new HeaderBlock(fields).bytes
  }
  test.each<[string, Buffer]>([
    ['without a method', without(':method')],
    ['without a scheme', without(':scheme')],
    ['without a path', without(':path')],
    ['with an empty path', headers({ ':path': '' })],
    ['with two methods', Buffer.concat([headers(), new HeaderBlock({ ':method': 'GET' }).bytes])],
    [
      'with a pseudo header behind others',
      Buffer.concat([headers({ a: 'b' }), new HeaderBlock({ ':authority': 'x' }).bytes]),
    ],
    ['with a pseudo header of answers', headers({ ':status': '200' })],
    ['with a name in upper case', headers({ 'X-a': '1' })],
    ['with a name of nothing', headers({ '': '1' })],
    ['with a blank in a name', headers({ 'a b': '1' })],
    ['with a line end in a value', headers({ a: 'b\r\nc: d' })],
    ['with a NUL in a value', headers({ a: 'b\0' })],
    ['with a blank before a value', headers({ a: ' b' })],
    ['with connection', headers({ connection: 'close' })],
    ['with transfer-encoding', headers({ 'transfer-encoding': 'chunked' })],
    ['with another te than trailers', headers({ te: 'gzip' })],
    ['with a length that is none', headers({ 'content-length': '1x' })],
    ['with a length and no body', headers({ 'content-length': '1' })],
  ])('%s', async (_what, block) => {
    const peer = await createGreetedPeer()
    await peer.send(frame(h2.HEADERS, WHOLE, 1, block))
    expect(resetCode(peer, 1)).toBe(h2.PROTOCOL_ERROR)
    expect(peer.told).toEqual([])
    expect(await isServing(peer)).toBe(true)
  })

  test.each<[string, Buffer[], number]>([
    [
      'a body that is longer than it says',
      [opened(1, { 'content-length': '1' }), frame(h2.DATA, 0, 1, 'ab')],
      h2.PROTOCOL_ERROR,
    ],
    [
      'a body that is shorter than it says',
      [opened(1, { 'content-length': '3' }), frame(h2.DATA, h2.END_STREAM, 1, 'ab')],
      h2.PROTOCOL_ERROR,
    ],
    ['data behind its end', [call(1), frame(h2.DATA, 0, 1, 'x')], h2.STREAM_CLOSED],
    [
      'an end behind its end',
      [call(1), frame(h2.HEADERS, WHOLE, 1, new HeaderBlock({ a: 'b' }).bytes)],
      h2.STREAM_CLOSED,
    ],
    ['another request on its stream', [call(1), call(1)], h2.STREAM_CLOSED],
    ['trailers that are not the end', [opened(1), opened(1)], h2.PROTOCOL_ERROR],
    ['trailers with a method', [opened(1), call(1)], h2.PROTOCOL_ERROR],
    ['a window opened by nothing', [opened(1), frame(h2.WINDOW_UPDATE, 0, 1, uint32(0))], h2.PROTOCOL_ERROR],
    ['a window opened too far', [opened(1), frame(h2.WINDOW_UPDATE, 0, 1, uint32(h2.MOST))], h2.FLOW_CONTROL_ERROR],
    ['headers that are too large', [opened(1, { a: 'b'.repeat(16_200), c: 'd' })], h2.ENHANCE_YOUR_CALM],
  ])('%s', async (_what, bytes, code) => {
    const peer = await createGreetedPeer()
    await peer.send(...bytes)
    expect(resetCode(peer, 1)).toBe(code)
    expect(peer.told.every(({ isClosed }) => isClosed)).toBe(true)
    expect(await isServing(peer)).toBe(true)
  })

  test('more data than its window', async () => {
    const peer = await createGreetedPeer({ onOpen: ({ stream }) => stream.pause() })
    await peer.send(opened(1), ...Array.from({ length: 65 }, () => frame(h2.DATA, 0, 1, Buffer.alloc(16_384))))
    expect(resetCode(peer, 1)).toBe(h2.FLOW_CONTROL_ERROR)
    expect(await isServing(peer)).toBe(true)
  })
})

describe('a connection that breaks the rules is ended', () => {
  test.each<[string, Buffer, number]>([
    ['DATA of no stream', frame(h2.DATA, 0, 0, 'x'), h2.PROTOCOL_ERROR],
    ['DATA of a stream that has not begun', frame(h2.DATA, 0, 5, 'x'), h2.PROTOCOL_ERROR],
    [
      'DATA of a stream that the client has ended',
      Buffer.concat([opened(1), frame(h2.RST_STREAM, 0, 1, uint32(8)), frame(h2.DATA, 0, 1, 'x')]),
      h2.STREAM_CLOSED,
    ],
    [
      'HEADERS of a stream that the client has ended',
      Buffer.concat([opened(1), frame(h2.RST_STREAM, 0, 1, uint32(8)), call(1)]),
      h2.STREAM_CLOSED,
    ],
    ['HEADERS of a stream before the last', Buffer.concat([call(5), call(3)]), h2.STREAM_CLOSED],
    ['DATA whose padding is longer', frame(h2.DATA, h2.PADDED, 1, Buffer.of(9, 1)), h2.PROTOCOL_ERROR],
    ['padded DATA without a length', frame(h2.DATA, h2.PADDED, 1), h2.PROTOCOL_ERROR],
    ['HEADERS of no stream', call(0), h2.PROTOCOL_ERROR],
    ['HEADERS of an even stream', call(2), h2.PROTOCOL_ERROR],
    ['HEADERS whose padding is longer', frame(h2.HEADERS, WHOLE | h2.PADDED, 1, Buffer.of(9, 1)), h2.PROTOCOL_ERROR],
    [
      'HEADERS cut off in their priority',
      frame(h2.HEADERS, WHOLE | h2.HAS_PRIORITY, 1, Buffer.of(9, 1)),
      h2.FRAME_SIZE_ERROR,
    ],
    ['HEADERS that cannot be read', frame(h2.HEADERS, WHOLE, 1, Buffer.of(0x80)), h2.COMPRESSION_ERROR],
    ['CONTINUATION of nothing', frame(h2.CONTINUATION, 4, 1), h2.PROTOCOL_ERROR],
    [
      'a frame among headers',
      Buffer.concat([frame(h2.HEADERS, 0, 1), frame(h2.PING, 0, 0, Buffer.alloc(8))]),
      h2.PROTOCOL_ERROR,
    ],
    [
      'CONTINUATION of another stream',
      Buffer.concat([frame(h2.HEADERS, 0, 1), frame(h2.CONTINUATION, 4, 3)]),
      h2.PROTOCOL_ERROR,
    ],
    ['RST_STREAM of no stream', frame(h2.RST_STREAM, 0, 0, uint32(8)), h2.PROTOCOL_ERROR],
    ['RST_STREAM of a stream that has not begun', frame(h2.RST_STREAM, 0, 7, uint32(8)), h2.PROTOCOL_ERROR],
    ['RST_STREAM of another size', frame(h2.RST_STREAM, 0, 1, Buffer.alloc(5)), h2.FRAME_SIZE_ERROR],
    ['SETTINGS of a stream', frame(h2.SETTINGS, 0, 1), h2.PROTOCOL_ERROR],
    ['SETTINGS of another size', frame(h2.SETTINGS, 0, 0, Buffer.alloc(5)), h2.FRAME_SIZE_ERROR],
    ['an ACK of SETTINGS that says more', frame(h2.SETTINGS, h2.ACK, 0, Buffer.alloc(6)), h2.FRAME_SIZE_ERROR],
    ['SETTINGS of windows too wide', settings([h2.INITIAL_WINDOW_SIZE, 2 ** 31]), h2.FLOW_CONTROL_ERROR],
    ['SETTINGS of frames too small', settings([h2.MAX_FRAME_SIZE, 16_383]), h2.PROTOCOL_ERROR],
    ['SETTINGS of frames too large', settings([h2.MAX_FRAME_SIZE, 2 ** 24]), h2.PROTOCOL_ERROR],
    ['SETTINGS of pushing', settings([h2.ENABLE_PUSH, 2]), h2.PROTOCOL_ERROR],
    ['PUSH_PROMISE', frame(h2.PUSH_PROMISE, 4, 1, uint32(2)), h2.PROTOCOL_ERROR],
    ['PING of a stream', frame(h2.PING, 0, 1, Buffer.alloc(8)), h2.PROTOCOL_ERROR],
    ['PING of another size', frame(h2.PING, 0, 0, Buffer.alloc(7)), h2.FRAME_SIZE_ERROR],
    ['GOAWAY of a stream', frame(h2.GOAWAY, 0, 1, Buffer.alloc(8)), h2.PROTOCOL_ERROR],
    ['GOAWAY of another size', frame(h2.GOAWAY, 0, 0, Buffer.alloc(7)), h2.FRAME_SIZE_ERROR],
    ['PRIORITY of no stream', frame(h2.PRIORITY, 0, 0, Buffer.alloc(5)), h2.PROTOCOL_ERROR],
    ['PRIORITY of another size', frame(h2.PRIORITY, 0, 1, Buffer.alloc(4)), h2.FRAME_SIZE_ERROR],
    ['WINDOW_UPDATE of another size', frame(h2.WINDOW_UPDATE, 0, 0, Buffer.alloc(3)), h2.FRAME_SIZE_ERROR],
    ['WINDOW_UPDATE by nothing', frame(h2.WINDOW_UPDATE, 0, 0, uint32(0)), h2.PROTOCOL_ERROR],
    ['WINDOW_UPDATE too far', frame(h2.WINDOW_UPDATE, 0, 0, uint32(h2.MOST)), h2.FLOW_CONTROL_ERROR],
    ['WINDOW_UPDATE of a stream that has not begun', frame(h2.WINDOW_UPDATE, 0, 3, uint32(1)), h2.PROTOCOL_ERROR],
    ['a frame that is too large', frame(h2.DATA, 0, 1, Buffer.alloc(16_385)).subarray(0, 9), h2.FRAME_SIZE_ERROR],
    [
      'windows that a setting opens too far',
      Buffer.concat([
        opened(1),
        frame(h2.WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 65_536)),
        settings([h2.INITIAL_WINDOW_SIZE, 70_000]),
      ]),
      h2.FLOW_CONTROL_ERROR,
    ],
  ])('%s', async (_what, bytes, code) => {
    const peer = await createGreetedPeer()
    await peer.send(bytes)
    expect(goawayCode(peer)).toBe(code)
    expect(peer.isEnded).toBe(true)
    expect(peer.told.every(({ isClosed }) => isClosed)).toBe(true)
    expect(peer.defects).toEqual([])
  })

  test('as is one that does not begin with its preface and settings', async () => {
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n'), Buffer.concat([PREFACE, call(1)])]) {
      const peer = createPeer()
      await peer.send(bytes)
      expect(goawayCode(peer)).toBe(h2.PROTOCOL_ERROR)
      expect(peer.isEnded).toBe(true)
    }
  })

  test('one that has more data under way than its window', async () => {
    const peer = await createGreetedPeer({ onOpen: ({ stream }) => stream.pause() })
    for (let i = 0; i < 9; i++) {
      const data = Array.from({ length: 64 }, () => frame(h2.DATA, 0, 2 * i + 1, Buffer.alloc(16_384)))
      await peer.send(opened(2 * i + 1), ...data)
    }
    expect(goawayCode(peer)).toBe(h2.FLOW_CONTROL_ERROR)
  })
})

describe('what is unknown or late is passed over', () => {
  test.each<[string, Buffer]>([
    ['a frame of an unknown type', frame(0x42, 0xff, 5, 'whatever')],
    ['a setting of an unknown name', settings([0x4242, 7])],
    ['a priority', frame(h2.PRIORITY, 0, 77, Buffer.alloc(5))],
    ['an answer to a ping that nobody sent', frame(h2.PING, h2.ACK, 0, Buffer.alloc(8, 0xff))],
    ['data of a stream that was reset', Buffer.concat([opened(1, { te: 'x' }), frame(h2.DATA, h2.END_STREAM, 1, 'x')])],
    [
      'a window of a stream that was reset',
      Buffer.concat([opened(1, { te: 'x' }), frame(h2.WINDOW_UPDATE, 0, 1, uint32(1))]),
    ],
    ['trailers of a stream that was reset', Buffer.concat([opened(1, { te: 'x' }), call(1)])],
  ])('%s', async (_what, bytes) => {
    const peer = await createGreetedPeer()
    await peer.send(bytes)
    expect(await isServing(peer)).toBe(true)
  })
})

describe('the connection', () => {
  test('answers pings with what they say, and settings', async () => {
    const peer = await createGreetedPeer()
    await peer.send(frame(h2.PING, 0, 0, 'abcdefgh'))
    expect(peer.of(h2.PING)).toMatchObject([{ flags: h2.ACK, payload: Buffer.from('abcdefgh') }])
    expect(peer.of(h2.SETTINGS).filter(({ flags }) => flags === h2.ACK)).toHaveLength(1)
  })

  test('hears the answers to its own pings', async () => {
    const peer = await createGreetedPeer()
    const heard: number[] = []
    for (const i of [1, 2]) peer.session.ping(() => heard.push(i))
    await peer.send()
    for (const { payload } of peer.of(h2.PING)) await peer.send(frame(h2.PING, h2.ACK, 0, payload))
    expect(heard).toEqual([1, 2])
  })

  test('closes in two steps, and answers what it has taken', async () => {
    const peer = await createGreetedPeer()
    await peer.send(call(1))
    peer.session.sayGoodbye()
    await peer.send(call(3))
    peer.session.close()
    await peer.send(call(5))
    expect(peer.told).toHaveLength(2)
    expect(peer.of(h2.GOAWAY).map(({ payload }) => payload.readUInt32BE())).toEqual([h2.MOST, 3])
    expect(peer.isEnded).toBe(false)
    for (const { stream } of peer.told) stream.answer(HEAD, NONE, Buffer.from('x'), TRAILERS)
    await peer.send()
    expect(peer.of(h2.DATA).map(({ id }) => id)).toEqual([1, 3])
    expect(peer.isEnded).toBe(true)
  })

  test('that its client leaves ends what is under way', async () => {
    const peer = await createGreetedPeer()
    await peer.send(call(1), opened(3))
    peer.socket.push(null)
    await peer.send()
    expect(peer.told.map(({ isClosed }) => isClosed)).toEqual([true, true])
    for (const { stream } of peer.told) stream.answer(HEAD, NONE, Buffer.from('x'), TRAILERS) // goes nowhere
    expect(peer.session.isDestroyed).toBe(true)
  })

  test('a stream that the client resets is closed', async () => {
    const peer = await createGreetedPeer()
    await peer.send(opened(1), frame(h2.RST_STREAM, 0, 1, uint32(h2.CANCEL)))
    expect(peer.told[0]?.isClosed).toBe(true)
  })
})

describe('an answer', () => {
  test('is one write, with those of the same tick', async () => {
    const peer = await createGreetedPeer()
    let writes = 0
    await peer.send(call(1), call(3), call(5))
    const write = peer.socket.write.bind(peer.socket)
    peer.socket.write = ((chunk: Buffer) => {
      writes++
      return write(chunk)
    }) as typeof peer.socket.write
    const answers = peer.told.map(async ({ stream }, turns) => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve() // none in the microtask of another
      stream.answer(HEAD, Buffer.of(1), Buffer.of(2), TRAILERS)
    })
    await Promise.all(answers)
    await peer.send()
    expect(writes).toBe(1)
    expect(peer.of(h2.DATA).map(({ payload }) => [...payload])).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ])
    expect(peer.of(h2.HEADERS).map(({ flags }) => flags)).toEqual([OPEN, WHOLE, OPEN, WHOLE, OPEN, WHOLE])
  })

  test('to a client that still sends tells it to stop', async () => {
    const peer = await createGreetedPeer()
    await peer.send(opened(1))
    peer.told[0]?.stream.answerHead(HEAD)
    await peer.send()
    expect(peer.of(h2.HEADERS)).toMatchObject([{ flags: WHOLE }])
    expect(resetCode(peer, 1)).toBe(h2.NO_ERROR)
    expect(peer.told[0]?.isClosed).toBe(true)
  })

  test('says before its first headers that we use no table', async () => {
    const peer = await createGreetedPeer()
    await peer.send(call(1), call(3))
    for (const { stream } of peer.told) stream.answerHead(HEAD)
    await peer.send()
    expect(peer.of(h2.HEADERS).map(({ payload }) => [...payload])).toEqual([[0x20, 0x88], [0x88]])
  })
})

describe('who asks for nothing, too often, is cut off', () => {
  const many = (make: (i: number) => Buffer, count = 5000) =>
    Buffer.concat(Array.from({ length: count }, (_, i) => make(i)))

  test.each<[string, Buffer]>([
    ['pings', many(() => frame(h2.PING, 0, 0, Buffer.alloc(8)))],
    ['settings', many(() => settings())],
    ['priorities', many(() => frame(h2.PRIORITY, 0, 1, Buffer.alloc(5)))],
    ['frames of an unknown type', many(() => frame(99, 0, 0))],
    ['empty data', Buffer.concat([opened(1), many(() => frame(h2.DATA, 0, 1))])],
    ['padding alone', Buffer.concat([opened(1), many(() => frame(h2.DATA, h2.PADDED, 1, Buffer.of(1, 0)))])],
    ['windows', Buffer.concat([opened(1), many(() => frame(h2.WINDOW_UPDATE, 0, 1, uint32(1)))])],
    ['resets', many((i) => Buffer.concat([opened(2 * i + 1), frame(h2.RST_STREAM, 0, 2 * i + 1, uint32(8))]))],
    [
      'requests that are reset for a fault',
      many((i) => Buffer.concat([opened(2 * i + 1), frame(h2.WINDOW_UPDATE, 0, 2 * i + 1, uint32(0))])),
    ],
    ['requests over the limit', many((i) => opened(2 * i + 1))],
    [
      'headers without end',
      Buffer.concat([frame(h2.HEADERS, 0, 1), many(() => frame(h2.CONTINUATION, 0, 1, Buffer.of(0x82)))]),
    ],
    [
      'headers that are large',
      Buffer.concat([frame(h2.HEADERS, 0, 1), many(() => frame(h2.CONTINUATION, 0, 1, Buffer.alloc(16_384, 0x82)), 9)]),
    ],
  ])('%s', async (_what, flood) => {
    const peer = await createGreetedPeer()
    await peer.send(flood)
    expect(goawayCode(peer)).toBe(h2.ENHANCE_YOUR_CALM)
    expect(peer.isEnded).toBe(true)
  })

  test('but not who asks for much', async () => {
    const peer = await createGreetedPeer({
      onEnd: ({ stream }) => stream.answer(HEAD, NONE, Buffer.from('x'), TRAILERS),
    })
    const pings = many(() => frame(h2.PING, 0, 0, Buffer.alloc(8)), 4)
    const windows = many(() => frame(h2.WINDOW_UPDATE, 0, 0, uint32(1)), 4)
    for (let i = 0; i < 2000; i++) await peer.send(Buffer.concat([call(2 * i + 1), pings, windows]))
    expect(peer.of(h2.DATA)).toHaveLength(2000)
    expect(peer.isEnded).toBe(false)
  })

  test('answers that nobody reads keep new requests out', async () => {
    const peer = await createGreetedPeer({}, settings([h2.INITIAL_WINDOW_SIZE, 0]))
    await peer.send(call(1), call(3), call(5))
    const body = Buffer.alloc(100_000_000)
    for (const { stream } of peer.told) stream.answer(HEAD, NONE, body, TRAILERS)
    await peer.send(call(7))
    expect(resetCode(peer, 7)).toBe(h2.ENHANCE_YOUR_CALM)
    for (const id of [1, 3]) await peer.send(frame(h2.RST_STREAM, 0, id, uint32(h2.CANCEL)))
    expect(await isServing(peer)).toBe(true)
  })

  test('a small block that stands for much is not unfolded', async () => {
    const peer = await createGreetedPeer()
    const entry = Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, 0x62)])
    const bomb = Buffer.concat([headers(), entry, Buffer.alloc(12_000, 0xbe)]) // 48 MB
    await peer.send(frame(h2.HEADERS, WHOLE, 1, bomb))
    expect(resetCode(peer, 1)).toBe(h2.ENHANCE_YOUR_CALM)
    expect(peer.told).toEqual([])
    expect(await isServing(peer)).toBe(true)
  })
})

describe('a defect of ours ends its connection, and is told', () => {
  const fail = () => {
    throw new Error('a defect')
  }

  test('while something comes', async () => {
    const peer = await createGreetedPeer({ onEnd: fail })
    await peer.send(call(1))
    expect(goawayCode(peer)).toBe(h2.INTERNAL_ERROR)
    expect(peer.of(h2.GOAWAY)[0]?.payload).toHaveLength(8) // nothing of it
    expect(peer.defects).toHaveLength(1)
  })

  test('while something that was held back is told, or the client reads again', async () => {
    const holding = await createGreetedPeer({ onOpen: ({ stream }) => stream.pause(), onEnd: fail })
    await holding.send(opened(1), frame(h2.DATA, h2.END_STREAM, 1, 'x'))
    holding.told[0]?.stream.resume()
    await holding.send()
    const windows = settings([h2.INITIAL_WINDOW_SIZE, h2.MOST])
    const writing = await createGreetedPeer({ onWritable: fail }, windows)
    await writing.send(frame(h2.WINDOW_UPDATE, 0, 0, uint32(1e9)), call(1))
    writing.setReading(false)
    writing.told[0]?.stream.write(NONE, Buffer.alloc(600_000))
    await writing.send()
    writing.setReading(true)
    await writing.send()
    for (const peer of [holding, writing]) {
      expect(goawayCode(peer)).toBe(h2.INTERNAL_ERROR)
      expect(peer.defects).toHaveLength(1)
    }
  })
})

describe('who is too slow is cut off', () => {
  test('with headers', async () => {
    const peer = await createGreetedPeer({ headersTimeoutMs: 100 })
    await peer.send(frame(h2.HEADERS, 0, 1))
    peer.session.check(1000)
    peer.session.check(1101)
    await peer.send()
    expect(goawayCode(peer)).toBe(h2.PROTOCOL_ERROR)
  })

  test('to read what was written, and not who reads it late', async () => {
    const peer = await createGreetedPeer({ writeTimeoutMs: 100, slowestReadBytesPerMs: 1e6 })
    peer.setReading(false)
    const hello = Buffer.concat([
      settings([h2.INITIAL_WINDOW_SIZE, h2.MOST]),
      frame(h2.WINDOW_UPDATE, 0, 0, uint32(1e9)),
    ])
    await peer.send(hello, call(1))
    peer.told[0]?.stream.answer(HEAD, NONE, Buffer.alloc(3_000_000), TRAILERS)
    await peer.send()
    peer.session.check(1000)
    expect(peer.told[0]?.stream.waitingBytes).toBeGreaterThan(1_000_000)
    peer.setReading(true)
    await peer.send()
    expect(peer.told[0]?.isClosed).toBe(true)
    peer.session.check(2000)
    expect(peer.isEnded).toBe(false)
    peer.setReading(false)
    await peer.send(call(3))
    peer.told[1]?.stream.answer(HEAD, NONE, Buffer.alloc(3_000_000), TRAILERS)
    await peer.send()
    for (const nowMs of [3000, 3200]) peer.session.check(nowMs)
    expect(peer.isEnded).toBe(true)
    expect(peer.told[1]?.isClosed).toBe(true)
  })
})
