import type { Protocol } from '../protocol.ts'

/**
 * How the messages of a call follow each other. `unary`: one message, one answer. `exchange`: a stream of messages, each
 * with its own answer, in order. `watch`: one message, and an answer whenever it has changed.
 */
export type CallKind = 'unary' | 'exchange' | 'watch'

/** A protocol whose paths are methods of gRPC: hosts hand it one message at a time. */
export interface GrpcProtocol extends Protocol {
  /** By path; methods that are not listed are `unary`. */
  readonly kinds: ReadonlyMap<string, CallKind>
}
