import type { Socket } from 'node:net'
import type { Answered, Door, Handle } from '../../protocols/protocol.ts'
import type { BodyMemory } from '../../runtime/body-memory.ts'
import type { DataPlane } from '../../runtime/plane.ts'

/** A way of speaking HTTP/1.1 on connections that were accepted elsewhere. */
export interface Lane {
  /** Serves a connection for the rest of its life, or until it hands it over to another lane. */
  readonly accept: (socket: Socket) => void
  /** Closes the connections that wait for a request. */
  readonly closeIdle: () => void
  /** Forgets what runs besides connections: timers. */
  readonly close: () => void
}

/** What every lane is told. Zero turns a timeout off. */
export interface LaneOptions {
  readonly handle: Handle
  readonly plane: DataPlane
  /** Asked before a body is read that has not come with its head. */
  readonly door: Door
  /** Where bodies take their room. */
  readonly memory: BodyMemory
  readonly maxBodyBytes: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly writeTimeoutMs: number
  /** Whether answers should end their connections. */
  readonly isDraining: () => boolean
  readonly onAnswered: ((answered: Answered) => void) | undefined
  readonly onDefect: ((error: unknown) => void) | undefined
}

/** Tells of an answer; a listener that fails costs no connection. */
export function tellAnswered({ onAnswered, onDefect }: LaneOptions, answered: Answered): void {
  try {
    onAnswered?.(answered)
  } catch (error) {
    onDefect?.(error)
  }
}
