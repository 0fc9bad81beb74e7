import { connect, type Socket } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import { damaged, type Frame, type FrameRequest } from '../../tensor/frames/frame.ts'
import { createFrameReader } from '../../tensor/frames/read-frame.ts'
import { encodeCancel, encodeRequest, sendPieces } from '../../tensor/frames/write-frame.ts'

/** What became of a request. */
export type Outcome = { readonly outputs: Tensors } | { readonly error: ServingError }

export interface ConnectionOptions<Sent> {
  /** Path of the Unix socket; nobody needs to listen there yet. */
  readonly socket: string
  readonly maxFrameBytes: number
  /** Whether an answer is one for this request; a stream whose answers are not is damaged. */
  readonly isAnswerTo: (sent: Sent, outputs: Tensors) => boolean
  /** The connection takes requests. */
  readonly onOpen: () => void
  /** It takes no more; what is under way may yet be answered. */
  readonly onLeaving: () => void
  readonly onOutcome: (sent: Sent, outcome: Outcome) => void
  /** It is gone, with these requests unanswered. Another one is being tried. */
  readonly onLost: (unanswered: readonly Sent[], damage: ServingError | undefined) => void
}

/** One connection to a socket, made again for as long as it is not closed. */
export interface Connection<Sent> {
  /** Whether it takes requests. */
  readonly isOpen: boolean
  /** Requests under way. */
  readonly size: number
  /** @throws {ServingError} `too_large` */
  send(request: FrameRequest, sent: Sent): void
  /** Tells the other side that nobody waits for it; it is answered all the same. */
  cancel(sent: Sent): void
  /** Ends it, for good. Nothing is called any more. */
  close(): void
}

/** A connection that could not be made is tried again after this long, doubling with each failure in a row (ms). */
const FIRST_BACKOFF_MS = 20
const LONGEST_BACKOFF_MS = 1000

/** @param options `Sent` is whatever the caller knows its requests by */
export function keepConnection<Sent>(options: ConnectionOptions<Sent>): Connection<Sent> {
  let current: Socket | undefined
  let isOpen = false
  let pending = new Map<number, Sent>()
  let nextId = 1
  let backoffMs = FIRST_BACKOFF_MS
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function open(): void {
    const socket = connect({ path: options.socket })
    const reader = createFrameReader(options.maxFrameBytes, receive)
    let damage: ServingError | undefined
    current = socket
    socket.on('connect', () => {
      isOpen = true
      options.onOpen()
    })
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk)
      } catch (error) {
        damage = ServingError.from(error)
        socket.destroy()
      }
    })
    socket.on('error', () => {}) // its close follows
    socket.on('close', () => {
      if (isClosed) return
      const unanswered = [...pending.values()]
      const wasOpen = isOpen
      current = undefined
      isOpen = false
      pending = new Map()
      timer = setTimeout(open, backoffMs)
      backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS)
      if (wasOpen || unanswered.length > 0 || damage !== undefined) options.onLost(unanswered, damage)
    })
  }

  function receive(frame: Frame): void {
    // what came in the same piece as the damage, or after the end
    if (isClosed || current === undefined || current.destroyed) return
    if (frame.kind === 'goodbye') leave()
    else if (frame.kind === 'answer' || frame.kind === 'failure') settle(frame)
    else throw damaged(`a server sends no ${frame.kind}`)
  }

  function settle(frame: Extract<Frame, { kind: 'answer' | 'failure' }>): void {
    const sent = pending.get(frame.id)
    if (sent === undefined) throw damaged('an answer to nothing that was asked')
    if (frame.kind === 'answer' && !options.isAnswerTo(sent, frame.outputs))
      throw damaged('other outputs than were asked for')
    pending.delete(frame.id)
    backoffMs = FIRST_BACKOFF_MS // whoever answers has started well
    options.onOutcome(sent, frame)
    if (!isOpen) endWhenAnswered()
  }

  function leave(): void {
    backoffMs = FIRST_BACKOFF_MS
    isOpen = false
    options.onLeaving()
    endWhenAnswered()
  }

  function endWhenAnswered(): void {
    if (pending.size === 0) current?.destroySoon()
  }

  function send(request: FrameRequest, sent: Sent): void {
    if (current === undefined || !isOpen) throw new Error('nothing is sent over a closed connection; this is a bug')
    const id = nextId
    const pieces = encodeRequest(id, request, options.maxFrameBytes)
    nextId = id === 0xffff_ffff ? 1 : id + 1
    pending.set(id, sent)
    sendPieces(current, pieces)
  }

  function cancel(sent: Sent): void {
    for (const [id, other] of pending) if (other === sent) current?.write(encodeCancel(id)[0] ?? '')
  }

  open()
  return {
    send,
    cancel,
    close() {
      isClosed = true
      isOpen = false
      clearTimeout(timer)
      current?.destroy()
      pending.clear()
    },
    get isOpen() {
      return isOpen
    },
    get size() {
      return pending.size
    },
  }
}
