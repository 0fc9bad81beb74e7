import { ServingError } from '../../core/errors.ts'
import type { Tensors } from '../tensor.ts'

/*
 * The wire between processes of ours on one machine. A stream of frames, all numbers little-endian:
 *
 *   header, 24 bytes: magic u32, kind u8, 3 x 0, request id u32, head length u32, body length u32, 0 u32
 *   head: what the kind says, padded to 8 bytes
 *   body: the tensors one after the other, each padded to 8 bytes
 *
 * Any number of requests may be under way on a connection, each answered once, in any order. Both sides are of one
 * installation, so the magic is the version: a frame of another is damage.
 */
export const MAGIC = 0x31_57_4c_53 // "SLW1"
export const HEADER_BYTES = 24

/** Heads and bodies, and each tensor in a body, end on such a border, so that tensors can be read where they lie. */
export const ALIGNMENT = 8

export const KIND = {
  /** A run: u8 priority (0: none), f64 time left (ms), model, version, wanted outputs, tensors, and whose it is where that is known. */
  request: 1,
  /** Its outputs. */
  answer: 2,
  /** Its failure: JSON of code, message and details. */
  failure: 3,
  /** Nobody waits for it any more; it is answered all the same. */
  cancel: 4,
  /** The server takes no more: what is under way is answered, what comes yet is refused as `unavailable`. */
  goodbye: 5,
} as const

/** Most bytes of one frame where nothing else is said. */
export const DEFAULT_MAX_FRAME_BYTES = 2 ** 30

/** Most bytes of a head: names and shapes, or a failure's details. */
export const MAX_HEAD_BYTES = 2 ** 20

/** Most BYTES elements in one frame: each becomes an object of many times its four bytes on the wire. */
export const MAX_BYTES_ELEMENTS = 2 ** 22

/** What one process asks of another. */
export interface FrameRequest {
  /** The model's name; undefined for the only one. */
  readonly model: string | undefined
  readonly version: string | undefined
  readonly inputs: Tensors
  /** Outputs to compute, in this order; empty for all. */
  readonly outputs: readonly string[]
  /** How long the caller still waits (ms); undefined when it did not say. */
  readonly timeoutMs: number | undefined
  readonly priority: 1 | 2 | 3 | undefined
  /** The key that the caller came with, by its uid: what waits is shared fairly between keys. */
  readonly key?: string | undefined
}

export type Frame =
  | { readonly kind: 'request'; readonly id: number; readonly request: FrameRequest }
  | { readonly kind: 'answer'; readonly id: number; readonly outputs: Tensors }
  | { readonly kind: 'failure'; readonly id: number; readonly error: ServingError }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'goodbye' }

/** A stream that is no stream of frames: the connection is of no use any more. */
export function damaged(why: string, cause?: unknown): ServingError {
  return new ServingError('refused', `damaged frame: ${why}`, { cause, details: { reason: 'damaged_frame' } })
}

/** The next border from a length on. */
export function padded(lengthBytes: number): number {
  return Math.ceil(lengthBytes / ALIGNMENT) * ALIGNMENT
}
