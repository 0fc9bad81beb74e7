import { setTimeout as sleep } from 'node:timers/promises'
import { connectRaw, type RawConnection } from './raw-client.ts'

export interface LoopTarget {
  readonly port: number
  /** Sent as it is, for every request. */
  readonly request: Buffer
  /** Connections to send on. */
  readonly connections: number
  /** How long a caller waits for an answer (ms). */
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
}

/** What became of each request. An answer counts as good when it came within the deadline of its scheduled time. */
export interface Outcomes {
  readonly seconds: number
  readonly good: number
  /** Answered rightly too late, or not answered by the end. */
  readonly late: number
  /** Turned away: 429, 503, 504. */
  readonly refused: number
  /** Any other status, or a connection that broke. */
  readonly failed: number
  /** Never sent: every connection was waiting for an answer until the deadline had passed. */
  readonly unsent: number
  /** Of good answers, from the scheduled time (ms). */
  readonly p50Ms: number
  readonly p99Ms: number
  /** How far the sender itself fell behind the schedule at worst (ms): beyond a tenth of the deadline, distrust all. */
  readonly behindMs: number
  /** Of each request of a schedule, in the order in which they were due: 1 where the answer was good. */
  readonly isGood: Uint8Array
}

/** A rate that is kept up for some time. */
export interface LoadStep {
  readonly ratePerSecond: number
  readonly seconds: number
}

const REFUSALS = new Set([429, 503, 504])
/** How much longer than its deadline an answer may take before its connection is given up (ms). */
const GRACE_MS = 1000
/** How often overdue answers are looked for (ms). */
const SWEEP_MS = 50
/** How long to wait before a broken connection is made anew (ms). */
const RECONNECT_MS = 20

/**
 * Sends requests at a fixed rate for some time, whether or not earlier ones have been answered, as callers who know
 * nothing of each other do. Latency counts from the moment at which a request was due, so that a stall of the server
 * is felt by all that were due meanwhile.
 */
export function runOpenLoop(target: LoopTarget, ratePerSecond: number, seconds: number): Promise<Outcomes> {
  return runSteps(target, [{ ratePerSecond, seconds }])
}

/** Sends requests at one rate after the other, without a pause between. */
export function runSteps(target: LoopTarget, steps: readonly LoadStep[]): Promise<Outcomes> {
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0)
  return run(target, seconds, dueTimes(steps))
}

/** When each request is due (ms since the first). */
export function dueTimes(steps: readonly LoadStep[]): number[] {
  let beginMs = 0
  return steps.flatMap(({ ratePerSecond, seconds }) => {
    const fromMs = beginMs
    beginMs += seconds * 1000
    const count = Math.round(ratePerSecond * seconds)
    return Array.from({ length: count }, (_, i) => fromMs + (i / ratePerSecond) * 1000)
  })
}

/** Keeps one request under way on each connection for some time: `good` by `seconds` is what the server can do. */
export function runClosedLoop(target: LoopTarget, seconds: number): Promise<Outcomes> {
  return run(target, seconds, undefined)
}

interface Slot {
  connection: RawConnection
  /** When its request was due (ms); undefined when it has none. */
  due: number | undefined
  /** Which request of the schedule that is. */
  index: number
}

/** @param schedule when each request is due (ms); absent: as soon as a connection is free */
async function run(
  { port, request, connections, deadlineMs, signal }: LoopTarget,
  seconds: number,
  schedule: readonly number[] | undefined,
): Promise<Outcomes> {
  const counts = { good: 0, late: 0, refused: 0, failed: 0, unsent: 0 }
  const latencies: number[] = []
  const free: Slot[] = []
  const slots = new Set<Slot>()
  const timers = new Set<NodeJS.Timeout>()
  const isGood = new Uint8Array(schedule?.length ?? 0)
  /** Requests of the schedule that no connection could take yet, from `firstWaiting` on. */
  const waiting: number[] = []
  let firstWaiting = 0
  let begin = Infinity
  let isOver = false
  let behindMs = 0
  const planned = isGood.length

  function settle(due: number, index: number, status: number): void {
    const latency = performance.now() - due
    if (status !== 200) counts[REFUSALS.has(status) ? 'refused' : 'failed']++
    else if (latency > deadlineMs) counts.late++
    else {
      counts.good++
      isGood[index] = 1
      latencies.push(latency)
    }
  }

  function open(): void {
    const slot: Slot = { due: undefined, index: 0, connection: connectRaw(port, { onFree, onAnswer, onEnd }) }
    slots.add(slot)
    function onAnswer(status: number): void {
      if (slot.due !== undefined) settle(slot.due, slot.index, status)
      slot.due = undefined
    }
    function onFree(): void {
      if (!takeWaiting(slot)) free.push(slot)
    }
    function onEnd(): void {
      if (slot.due !== undefined) counts.failed++
      drop(slot)
    }
  }

  function drop(slot: Slot): void {
    slot.connection.destroy()
    slots.delete(slot)
    if (isOver) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      open()
    }, RECONNECT_MS)
    timers.add(timer)
  }

  /** Gives a free connection the oldest request that is still worth sending. */
  function takeWaiting(slot: Slot): boolean {
    const now = performance.now()
    while (firstWaiting < waiting.length) {
      const index = waiting[firstWaiting++] as number
      const due = dueAt(index)
      if (now - due > deadlineMs) counts.unsent++
      else return send(slot, due, index)
    }
    // without a schedule the next request is due as soon as it can be sent
    return schedule === undefined && now >= begin && now < begin + seconds * 1000 && !isOver && send(slot, now)
  }

  function dueAt(index: number): number {
    return begin + (schedule?.[index] ?? 0)
  }

  function send(slot: Slot, due: number, index = 0): boolean {
    slot.due = due
    slot.index = index
    if (slot.connection.send(request)) return true
    slot.due = undefined
    return false
  }

  function place(index: number): void {
    // all connections in turn, as callers who know nothing of each other have each their own
    for (let slot = free.shift(); slot !== undefined; slot = free.shift()) if (send(slot, dueAt(index), index)) return
    waiting.push(index)
  }

  /** Gives up the connections whose answer is long overdue. */
  function sweep(): void {
    const now = performance.now()
    for (const slot of slots)
      if (slot.due !== undefined && now - slot.due > deadlineMs + GRACE_MS) {
        counts.late++
        drop(slot)
      }
  }

  try {
    for (let i = 0; i < connections; i++) {
      open()
      if (i % 64 === 63) await sleep(2, undefined, { signal })
    }
    const patience = performance.now() + 5000
    while (free.length < connections && performance.now() < patience) await sleep(5, undefined, { signal })
    begin = performance.now()
    let sent = 0
    let nextSweep = 0
    if (schedule === undefined) for (const slot of free.splice(0)) send(slot, begin)
    while (performance.now() - begin < seconds * 1000) {
      const now = performance.now()
      if (sent < planned && dueAt(sent) <= now) {
        behindMs = Math.max(behindMs, now - dueAt(sent))
        while (sent < planned && dueAt(sent) <= now) place(sent++)
      }
      if (now >= nextSweep) {
        sweep()
        nextSweep = now + SWEEP_MS
      }
      await sleep(1, undefined, { signal })
    }
    while (sent < planned) place(sent++)
    const last = performance.now() + deadlineMs + GRACE_MS
    const isBusy = () => firstWaiting < waiting.length || [...slots].some((slot) => slot.due !== undefined)
    while (isBusy() && performance.now() < last) {
      sweep()
      await sleep(5, undefined, { signal })
    }
  } finally {
    isOver = true
    for (const timer of timers) clearTimeout(timer)
    for (const slot of slots) {
      if (slot.due !== undefined) counts.late++
      slot.connection.destroy()
    }
  }
  counts.unsent += waiting.length - firstWaiting
  latencies.sort((a, b) => a - b)
  const quantile = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN
  return { seconds, ...counts, p50Ms: quantile(0.5), p99Ms: quantile(0.99), behindMs, isGood }
}
