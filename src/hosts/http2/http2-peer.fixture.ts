import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { FRAME_HEAD_BYTES, PREFACE, SETTINGS, writeHead } from './frames.ts'
import { HeaderBlock } from './header-block.ts'
import { serveOwnHttp2 } from './own-session.ts'
import type { Http2Session, Http2Stream, RequestHeaders, SessionOptions, StreamListener } from './session.ts'

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

export function frame(type: number, flags: number, id: number, payload: Uint8Array | string = ''): Buffer {
  const body = Buffer.from(payload)
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES + body.length)
  writeHead(bytes, 0, body.length, type, flags, id)
  bytes.set(body, FRAME_HEAD_BYTES)
  return bytes
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function settings(...entries: readonly (readonly [name: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(6 * entries.length)
  for (const [i, [name, value]] of entries.entries()) {
    bytes.writeUInt16BE(name, 6 * i)
    bytes.writeUInt32BE(value, 6 * i + 2)
  }
  return frame(SETTINGS, 0, 0, bytes)
}

/** Headers as a client sends them, none of them remembered. */
export function headers(fields: Readonly<Record<string, string>> = {}): Buffer {
  return new HeaderBlock({ ':method': 'POST', ':scheme': 'http', ':path': '/', ...fields }).bytes
}

/** What of a stream was told. */
export interface Told {
  readonly stream: Http2Stream
  readonly headers: RequestHeaders
  readonly chunks: Buffer[]
  isEnded: boolean
  isClosed: boolean
  writables: number
}

export interface Peer {
  readonly session: Http2Session
  readonly socket: Duplex
  readonly told: Told[]
  readonly defects: unknown[]
  /** Sends bytes, and lets the session do its work. */
  send(...bytes: readonly Uint8Array[]): Promise<void>
  /** All that has come back so far. */
  readonly frames: readonly Frame[]
  /** Those of a type. */
  of(type: number): readonly Frame[]
  readonly isEnded: boolean
  /** Takes, or leaves, what the session writes. */
  setReading(isReading: boolean): void
}

export interface PeerOptions extends Partial<SessionOptions> {
  readonly onOpen?: (told: Told) => void
  readonly onEnd?: (told: Told) => void
  readonly onWritable?: (told: Told) => void
}

const DEFAULTS: SessionOptions = {
  maxConcurrentStreams: 100,
  headersTimeoutMs: 1000,
  writeTimeoutMs: 1000,
  slowestReadBytesPerMs: 64,
  onDefect: undefined,
}

/** A session and its client, without a network. */
export function createPeer(options: PeerOptions = {}): Peer {
  const told: Told[] = []
  const defects: unknown[] = []
  const frames: Frame[] = []
  let rest = Buffer.alloc(0)
  let isEnded = false
  let isReading = true
  const held: (() => void)[] = []

  function take(bytes: Buffer): void {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3)
      frames.push({ type: rest[3] ?? 0, flags: rest[4] ?? 0, id: rest.readUInt32BE(5), payload: rest.subarray(9, end) })
      rest = rest.subarray(end)
    }
  }

  const socket = new Duplex({
    allowHalfOpen: false,
    read() {},
    write(chunk: Buffer, _encoding, done) {
      take(chunk)
      if (isReading) done()
      else held.push(done)
    },
    final(done) {
      isEnded = true
      done()
    },
  })
  socket.on('error', () => {})
  const session = serveOwnHttp2<Told & StreamListener>(
    socket as Socket,
    { ...DEFAULTS, onDefect: (error) => defects.push(error), ...options },
    {
      open(stream, given) {
        const one: Told & StreamListener = {
          stream,
          headers: given,
          chunks: [],
          isEnded: false,
          isClosed: false,
          writables: 0,
          data: (chunk) => one.chunks.push(chunk),
          end() {
            one.isEnded = true
            options.onEnd?.(one)
          },
          writable() {
            one.writables++
            options.onWritable?.(one)
          },
        }
        told.push(one)
        options.onOpen?.(one)
        return one
      },
      closed(one) {
        if (one.isClosed) throw new Error('closed twice')
        one.isClosed = true
      },
      greeted() {},
    },
  )
  return {
    session,
    socket,
    told,
    defects,
    frames,
    async send(...bytes) {
      for (const part of bytes) if (!socket.destroyed && !socket.readableEnded) socket.push(part)
      await settle()
    },
    of: (type) => frames.filter((given) => given.type === type),
    get isEnded() {
      return isEnded || socket.destroyed
    },
    setReading(value) {
      isReading = value
      if (isReading) for (const done of held.splice(0)) done()
    },
  }
}

/** A peer that has said hello. */
export async function createGreetedPeer(options: PeerOptions = {}, hello: Buffer = settings()): Promise<Peer> {
  const peer = createPeer(options)
  await peer.send(PREFACE, hello)
  return peer
}

export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
