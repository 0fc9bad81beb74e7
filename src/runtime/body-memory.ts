import { ServingError } from '../core/errors.ts'
import { formatBytes } from '../core/text.ts'

/** Of all memory for bodies, what one flow may take at most, so that none is without room because of another. */
const FLOW_SHARE = 1 / 2

/** What bodies may take that came whole at once, before anybody asked whose they are. */
const AT_ONCE_SHARE = 1 / 4

/** What the beginnings of bodies may take that wait for room. */
const LINE_SHARE = 1 / 8

/** How long a body waits for room (ms): a burst is over by then, and its sender can still ask elsewhere. */
const PATIENCE_MS = 5000

/** While others wait, a body that comes more slowly than this, once that long has passed, gives up its room (bytes per ms). */
const SLOWEST_BYTES_PER_MS = 32
const SLOW_AFTER_MS = 2000

/** How often that is looked at, while somebody waits (ms). */
const LOOK_EVERY_MS = 250

/** When whoever found no room may try again (ms). */
const RETRY_MS = 1000

/** Whose body it is: a key's, or that of whoever needs none. */
export interface Flow {
  readonly name: string
  /** Whether there are others, which it must leave room for. */
  readonly isOneOfMany: boolean
}

/** The flow of a process that asks nobody for a key. */
export const EVERYBODY: Flow = { name: '', isOneOfMany: false }

/** Of a process that asks for keys, the flow of those who need none for what they ask. */
export const NOBODY: Flow = { name: '', isOneOfMany: true }

export interface Wish {
  readonly bytes: number
  readonly flow: Flow
  /** How much of it may have come while it waits (bytes). */
  readonly begunBytes: number
  /** Whether there is more to come; a body that is whole already is never too slow. */
  readonly isToCome: boolean
  /** Told that there is room now; not where `claim` has given it at once. */
  readonly onRoom: () => void
  /** Told that there is none, or no longer: the body is to be dropped. */
  readonly onRefused: (error: ServingError) => void
}

/** Room for one body, from its head until its answer. */
export interface Claim {
  readonly hasRoom: boolean
  /** So many bytes have come. */
  came(bytes: number): void
  /** All of it is there: it is not looked after any more. */
  complete(): void
  /** Another size than was thought. @returns whether there is room for it; less always has */
  resize(bytes: number): boolean
  /** Nothing is held any more. May be called again. */
  release(): void
}

/**
 * The memory of one process for the bodies of requests, whatever brings them: those that come, that wait and that are
 * answered. A body takes its room before it is read; who finds none waits, a few seconds long and unread, in turn with the
 * other keys. Who sends slowly keeps its room for as long as nobody else needs it.
 */
export interface BodyMemory {
  readonly mostBytes: number
  /** What is taken now. */
  readonly bytes: number
  /** Bodies that wait for room. */
  readonly waiting: number
  /**
   * Takes room for a small body that is there already, whoever has sent it; to be given back by `give`.
   * @returns false where it has to be claimed for a flow
   */
  take(bytes: number): boolean
  give(bytes: number): void
  /** @throws {ServingError} `overloaded` where too many wait already */
  claim(wish: Wish): Claim
  /** What a body is told that grows beyond the room that there is. */
  full(): ServingError
}

/**
 * @param mostBytes of all bodies together; one that is larger than its share of it counts as that share
 * @param now ms of a clock that only goes forward
 */
export function createBodyMemory(mostBytes: number, now: () => number): BodyMemory {
  return new Memory(mostBytes, now)
}

/** Where nothing is counted: tests, and processes with one caller. */
export function unboundedBodyMemory(): BodyMemory {
  return createBodyMemory(Infinity, () => 0)
}

type State = 'waits' | 'comes' | 'is whole' | 'is over'

/** What is known of a flow that has something here. */
interface FlowState {
  heldBytes: number
  readonly waiting: Set<Room>
}

class Memory implements BodyMemory {
  readonly mostBytes: number
  readonly now: () => number
  bytes = 0
  waiting = 0
  readonly coming = new Set<Room>()
  /** Whose turn it is to get room, first to last. */
  readonly #flows = new Map<string, FlowState>()
  #atOnceBytes = 0
  #lineBytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(mostBytes: number, now: () => number) {
    this.mostBytes = mostBytes
    this.now = now
  }

  take(bytes: number): boolean {
    if (this.waiting > 0 || this.bytes + bytes > this.mostBytes) return false
    if (this.#atOnceBytes + bytes > this.mostBytes * AT_ONCE_SHARE) return false
    this.#atOnceBytes += bytes
    this.bytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#atOnceBytes -= bytes
    this.bytes -= bytes
    if (this.waiting > 0) this.#handOut()
  }

  claim(wish: Wish): Claim {
    const room = new Room(this, wish, this.sizeOf(wish.bytes, wish.flow))
    const state = this.#stateOf(wish.flow.name)
    if (state.waiting.size === 0 && this.#fits(room, state)) {
      this.#grant(room, state)
      return room
    }
    if (this.#lineBytes + wish.begunBytes > this.mostBytes * LINE_SHARE) {
      this.#forgetIdle(wish.flow.name, state)
      throw this.full()
    }
    this.#lineBytes += wish.begunBytes
    this.waiting++
    state.waiting.add(room)
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
    return room
  }

  /** What a body counts as: more than its share it could never get. */
  sizeOf(bytes: number, flow: Flow): number {
    return Math.min(bytes, this.#shareOf(flow))
  }

  #shareOf({ isOneOfMany }: Flow): number {
    return this.mostBytes * (isOneOfMany ? FLOW_SHARE : 1 - AT_ONCE_SHARE)
  }

  /** @returns whether there is room for so much more or less of what is held */
  resize(room: Room, bytes: number): boolean {
    const more = bytes - room.bytes
    const state = this.#stateOf(room.wish.flow.name)
    const { flow } = room.wish
    if (more > 0 && (state.heldBytes + more > this.#shareOf(flow) || this.bytes + more > this.mostBytes)) return false
    state.heldBytes += more
    this.bytes += more
    room.bytes = bytes
    if (more < 0 && this.waiting > 0) this.#handOut()
    return true
  }

  free(room: Room): void {
    const { name } = room.wish.flow
    const state = this.#stateOf(name)
    if (room.state === 'waits') this.#leaveLine(room, state)
    else {
      this.coming.delete(room)
      state.heldBytes -= room.bytes
      this.bytes -= room.bytes
    }
    room.state = 'is over'
    this.#forgetIdle(name, state)
    if (this.waiting > 0) this.#handOut()
  }

  #stateOf(name: string): FlowState {
    let state = this.#flows.get(name)
    if (state === undefined) this.#flows.set(name, (state = { heldBytes: 0, waiting: new Set() }))
    return state
  }

  #forgetIdle(name: string, { heldBytes, waiting }: FlowState): void {
    if (heldBytes === 0 && waiting.size === 0) this.#flows.delete(name)
  }

  #fits({ bytes, wish }: Room, { heldBytes }: FlowState): boolean {
    return heldBytes + bytes <= this.#shareOf(wish.flow) && this.bytes + bytes <= this.mostBytes
  }

  #grant(room: Room, state: FlowState): void {
    state.heldBytes += room.bytes
    this.bytes += room.bytes
    room.sinceMs = this.now()
    room.state = room.wish.isToCome ? 'comes' : 'is whole'
    if (room.wish.isToCome) this.coming.add(room)
  }

  #leaveLine(room: Room, { waiting }: FlowState): void {
    waiting.delete(room)
    this.waiting--
    this.#lineBytes -= room.wish.begunBytes
    if (this.waiting > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Gives room to those that wait, a flow after the other. A flow whose share is taken lets the others go before it. */
  #handOut(): void {
    const granted: Room[] = []
    for (const [name, state] of this.#flows) {
      const [first] = state.waiting
      if (first === undefined || !this.#waitsForOthers(state)) continue
      // it has its turn: smaller ones of others must not take what becomes free before there is enough for it
      if (this.bytes + first.bytes > this.mostBytes) break
      this.#leaveLine(first, state)
      this.#grant(first, state)
      granted.push(first)
      this.#flows.delete(name)
      this.#flows.set(name, state) // to the end, where this walk comes by again
    }
    for (const room of granted) if (room.state !== 'is over') room.wish.onRoom()
  }

  /** Ends what has waited too long, and while somebody waits, what comes too slowly. */
  #look(): void {
    const nowMs = this.now()
    const refused: [Room, ServingError][] = []
    for (const { waiting } of this.#flows.values())
      for (const room of waiting) {
        if (nowMs - room.sinceMs < PATIENCE_MS) break
        refused.push([room, this.full()])
      }
    const isShort = this.#flows.values().some((state) => this.#waitsForOthers(state))
    for (const room of this.coming) {
      const tookMs = nowMs - room.sinceMs
      const isSlow = tookMs > SLOW_AFTER_MS && room.cameBytes < tookMs * SLOWEST_BYTES_PER_MS
      if (isSlow && (isShort || this.#stateOf(room.wish.flow.name).waiting.size > 0)) refused.push([room, tooSlow()])
    }
    for (const [room, error] of refused) {
      room.release()
      room.wish.onRefused(error)
    }
  }

  /** Whether a flow waits, and not for the end of its own bodies. */
  #waitsForOthers({ heldBytes, waiting }: FlowState): boolean {
    const [first] = waiting
    return first !== undefined && heldBytes + first.bytes <= this.#shareOf(first.wish.flow)
  }

  full(): ServingError {
    return new ServingError(
      'overloaded',
      `the bodies of other requests take the memory that there is for them (${formatBytes(this.mostBytes)}): wait`,
      { details: { reason: 'body_memory_full', maxBodiesBytes: this.mostBytes, retryAfterMs: RETRY_MS } },
    )
  }
}

function tooSlow(): ServingError {
  return new ServingError('overloaded', 'the body came too slowly while others waited for its place: send it faster', {
    details: { reason: 'slow_body', retryAfterMs: RETRY_MS },
  })
}

/** A class, since there is one for each body. */
class Room implements Claim {
  readonly wish: Wish
  readonly #memory: Memory
  /** What it counts as. */
  bytes: number
  cameBytes = 0
  state: State = 'waits'
  /** When that began (ms). */
  sinceMs: number

  constructor(memory: Memory, wish: Wish, bytes: number) {
    this.#memory = memory
    this.wish = wish
    this.bytes = bytes
    this.sinceMs = memory.now()
  }

  get hasRoom(): boolean {
    return this.state === 'comes' || this.state === 'is whole'
  }

  came(bytes: number): void {
    this.cameBytes += bytes
  }

  complete(): void {
    if (this.state !== 'comes') return
    this.state = 'is whole'
    this.#memory.coming.delete(this)
  }

  resize(bytes: number): boolean {
    return this.hasRoom && this.#memory.resize(this, this.#memory.sizeOf(bytes, this.wish.flow))
  }

  release(): void {
    if (this.state !== 'is over') this.#memory.free(this)
  }
}
