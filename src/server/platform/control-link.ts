import { connect, type Socket } from 'node:net'
import type { DayTold, EndpointRollout, RunnerStatus, ToControl, ToDataPlane } from '../../api/runner-status.ts'
import { readLines, writeLine } from './lines.ts'
import type { EndpointLogMessage } from './monitor/log-messages.ts'

export interface ControlLinkOptions {
  /** Unix socket of control; nobody needs to listen there. */
  readonly socket: string
  /** What is told once a second, and sooner when asked to. */
  readonly status: () => RunnerStatus
  /** Told how much of each key's quotas this runner may give, by the key's uid. */
  readonly onShares: (
    shares: Readonly<Record<string, number>>,
    days: Readonly<Record<string, DayTold>> | undefined,
  ) => void
  /** Told how the last rollout of each endpoint of a project stands. */
  readonly onRollouts?: ((project: string, rollouts: readonly EndpointRollout[]) => void) | undefined
  /** Told that something published may have changed: a project's table, or, without one, what is said of all projects. */
  readonly onChange: (project: string | undefined) => void
}

/** A runner's line to control. It is never needed: while nobody listens there, what would be told is dropped. */
export interface ControlLink {
  /** Tells the status soon, because something has changed that control waits for. */
  poke(): void
  event(event: Extract<ToControl, { type: 'event' }>): void
  /** A line for an endpoint's log. @returns false where it is dropped: control is away, or too slow */
  log(message: EndpointLogMessage): boolean
  /** Whether control is there. */
  readonly isConnected: boolean
  close(): void
}

const STATUS_INTERVAL_MS = 1000
const RECONNECT_MS = 250
/** Changes within this time are told together (ms). */
const SOON_MS = 5
/** What control has not taken of what was told (bytes); then statuses are left out. */
const MAX_WAITING_BYTES = 16 * 2 ** 20
/** Events that wait for control to come back. */
const MAX_EVENTS = 200
/** Lines for logs that do. */
const MAX_LINES = 1000

export function linkToControl({
  socket: path,
  status,
  onChange,
  onShares,
  onRollouts,
}: ControlLinkOptions): ControlLink {
  let socket: Socket | undefined
  let isConnected = false
  let isClosed = false
  let soon: NodeJS.Timeout | undefined
  const events: object[] = []
  const lines: object[] = []

  function open(): void {
    if (isClosed) return
    const fresh = connect(path)
    socket = fresh
    fresh.unref()
    fresh.on('connect', () => {
      isConnected = true
      tell()
      for (const waiting of [...events.splice(0), ...lines.splice(0)]) writeLine(fresh, waiting)
    })
    fresh.on('error', () => {})
    fresh.on('close', () => {
      isConnected = false
      setTimeout(open, RECONNECT_MS).unref()
    })
    readLines(fresh, (document) => {
      const message = document as ToDataPlane
      if (message.type === 'shares') onShares(message.shares, message.days)
      else if (message.type === 'rollouts') onRollouts?.(message.project, message.rollouts)
      else onChange(message.type === 'table' ? message.project : undefined)
    })
  }

  function tell(): void {
    clearTimeout(soon)
    soon = undefined
    if (socket === undefined || !isConnected || socket.writableLength > MAX_WAITING_BYTES) return
    writeLine(socket, { type: 'status', status: status() } satisfies ToControl)
  }

  const timer = setInterval(tell, STATUS_INTERVAL_MS).unref()
  open()
  return {
    poke() {
      soon ??= setTimeout(tell, SOON_MS).unref()
    },
    event(event) {
      if (isConnected && socket !== undefined) writeLine(socket, event)
      else if (events.length < MAX_EVENTS) events.push(event)
    },
    log(message) {
      if (isConnected && socket !== undefined && socket.writableLength <= MAX_WAITING_BYTES) writeLine(socket, message)
      else if (isConnected || lines.length >= MAX_LINES) return false
      else lines.push(message)
      return true
    },
    get isConnected() {
      return isConnected
    },
    close() {
      isClosed = true
      clearInterval(timer)
      clearTimeout(soon)
      socket?.destroy()
    },
  }
}
