import type { HeaderBlock } from './header-block.ts'

/** Pseudo headers with their colon; repeated headers joined by `, `. No prototype: every name is the client's. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>

/** Who is told what comes on a stream. */
export interface StreamListener {
  data(chunk: Buffer): void
  /** The client has said all. */
  end(): void
  /** What was written has gone out, after a write that was told to wait. */
  writable(): void
}

/** A request and its answer. What is said on a stream that is closed goes nowhere. */
export interface Http2Stream {
  /** Whether nothing more can be said: both sides have said all, or one has reset it. */
  readonly isClosed: boolean
  /** Whether the head of the answer was given. */
  readonly hasBegun: boolean
  readonly isPaused: boolean
  /** Of the answer, what waits for the client to read (bytes). */
  readonly waitingBytes: number
  /** Leaves what comes where it is; the client's window holds it back. */
  pause(): void
  resume(): void
  begin(head: HeaderBlock): void
  /**
   * Sends bytes of the answer, in one piece.
   * @param prefix is copied; `body` is not, and must stay as it is
   * @returns whether the client takes more; else the listener is told when
   */
  write(prefix: Uint8Array, body: Uint8Array): boolean
  /** Ends the answer, maybe with `NO_TRAILERS`. What the client still has to say is not wanted any more. */
  finish(trailers: HeaderBlock): void
  /** All of an answer: `begin`, `write` and `finish` in one. */
  answer(head: HeaderBlock, prefix: Uint8Array, body: Uint8Array, trailers: HeaderBlock): void
  /** All of an answer that is nothing but its head. */
  answerHead(head: HeaderBlock): void
  /** @param code @see RFC 9113, "Error Codes" */
  reset(code: number): void
}

export interface SessionHandlers<Listener extends StreamListener> {
  /** A request. @returns who is told of what follows, `undefined` where nobody is: it was answered at once */
  open(stream: Http2Stream, headers: RequestHeaders): Listener | undefined
  /** The end of a stream, whoever has ended it. */
  closed(listener: Listener): void
  /** The client has said that it speaks HTTP/2. */
  greeted(): void
}

/** Zero turns a timeout off. */
export interface SessionOptions {
  /** Most requests at once. */
  readonly maxConcurrentStreams: number
  /** How long a client may take over the headers of a request (ms). */
  readonly headersTimeoutMs: number
  /** How long a client may leave unread what was written (ms), and the least speed beyond that (bytes per ms). */
  readonly writeTimeoutMs: number
  readonly slowestReadBytesPerMs: number
  /** Told of defects of ours. */
  readonly onDefect: ((error: unknown) => void) | undefined
}

/** One client's connection. */
export interface Http2Session {
  readonly isGreeted: boolean
  /** Whether it is over: nothing is read or sent any more. */
  readonly isDestroyed: boolean
  /** @returns whether it was sent */
  ping(onAnswered: () => void): boolean
  /** Tells the client to take its next requests elsewhere; those that come all the same are still taken. */
  sayGoodbye(): void
  /** Takes no more requests, and closes when those under way have ended. */
  close(): void
  /** Cuts it. */
  destroy(): void
  /** Ends it where its client is too slow; to be called now and then. */
  check(nowMs: number): void
}
