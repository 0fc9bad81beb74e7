import { runClosedLoop, runOpenLoop, type LoopTarget, type Outcomes } from './open-loop.ts'
import { median } from './schedule.ts'
import { rawRequest } from './raw-client.ts'

/** Whom to overload, and how. */
export interface OverloadOptions {
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Inputs of the Open Inference Protocol; the deadline is sent as the parameter `timeout`. */
  readonly inputs: readonly unknown[]
  /** How long a caller waits (ms). */
  readonly deadlineMs: number
  /** Callers do not say how long they wait. */
  readonly isDeadlineSecret?: boolean | undefined
  /** Loads, as multiples of what the server can do. */
  readonly factors: readonly number[]
  /** Length of each measurement (s). */
  readonly seconds: number
  /** How often each load is measured: all loads in turn, then again. */
  readonly rounds: number
  /** Most requests under way at once. */
  readonly connections: number
  readonly signal?: AbortSignal
}

/** All rounds of one load: medians of rates (per second) and latencies. */
export interface OverloadStep {
  readonly factor: number
  readonly offeredPerSecond: number
  readonly goodPerSecond: number
  readonly refusedPerSecond: number
  readonly latePerSecond: number
  readonly failedPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly behindMs: number
}

export interface OverloadResult {
  /** Answers per second with just enough requests under way. */
  readonly capacityPerSecond: number
  /** The most good answers per second that any measurement saw in the median. */
  readonly peakPerSecond: number
  readonly deadlineMs: number
  readonly steps: readonly OverloadStep[]
}

/** Requests under way while the capacity is measured: enough to keep a few cores busy, few enough to answer in time. */
const CLOSED_LOOP_CONNECTIONS = 16

/**
 * Measures what a server can do, then sends multiples of it on a fixed schedule and counts the answers that come
 * within the deadline.
 */
export async function overload(options: OverloadOptions): Promise<OverloadResult> {
  const { deadlineMs, factors, seconds, rounds } = options
  const target = targetOf(options)
  const closed = { ...target, connections: CLOSED_LOOP_CONNECTIONS, deadlineMs: Infinity }
  await runClosedLoop(closed, Math.min(1, seconds))
  const capacities: number[] = [rate(await runClosedLoop(closed, seconds), 'good')]
  const capacity = capacities[0] ?? 0
  if (capacity <= 0) throw new Error('the server answered nothing rightly, so that there is nothing to overload')

  const found = new Map<number, Outcomes[]>(factors.map((factor) => [factor, []]))
  for (let round = 0; round < rounds; round++) {
    if (round > 0) capacities.push(rate(await runClosedLoop(closed, seconds), 'good'))
    for (const factor of factors) found.get(factor)?.push(await runOpenLoop(target, factor * capacity, seconds))
  }
  const steps = [...found].map(([factor, outcomes]) => summarizeStep(factor, factor * capacity, outcomes))
  const capacityPerSecond = median(capacities)
  const peakPerSecond = Math.max(capacityPerSecond, ...steps.map((step) => step.goodPerSecond))
  return { capacityPerSecond, peakPerSecond, deadlineMs, steps }
}

/** What is sent there, and how. */
export function targetOf(
  options: Pick<
    OverloadOptions,
    'port' | 'path' | 'headers' | 'inputs' | 'deadlineMs' | 'isDeadlineSecret' | 'connections' | 'signal'
  >,
): LoopTarget {
  const { port, path, headers, inputs, deadlineMs, isDeadlineSecret = false, connections, signal } = options
  const parameters = isDeadlineSecret ? undefined : { timeout: Math.round(deadlineMs * 1000) }
  const request = rawRequest(port, { path, headers, body: JSON.stringify({ parameters, inputs }) })
  return { port, request, connections, deadlineMs, signal }
}

function rate(outcomes: Outcomes, kind: 'good' | 'late' | 'refused' | 'failed' | 'unsent'): number {
  return outcomes[kind] / outcomes.seconds
}

function summarizeStep(factor: number, offeredPerSecond: number, outcomes: readonly Outcomes[]): OverloadStep {
  const middle = (numberOf: (each: Outcomes) => number) => median(outcomes.map(numberOf))
  return {
    factor,
    offeredPerSecond,
    goodPerSecond: middle((each) => rate(each, 'good')),
    refusedPerSecond: middle((each) => rate(each, 'refused')),
    latePerSecond: middle((each) => rate(each, 'late') + rate(each, 'unsent')),
    failedPerSecond: middle((each) => rate(each, 'failed')),
    p50Ms: middle((each) => each.p50Ms),
    p99Ms: middle((each) => each.p99Ms),
    behindMs: Math.max(...outcomes.map((each) => each.behindMs)),
  }
}

/** Share of the peak that must be left under a load, by its factor; other loads are told and not judged. */
export interface GoodputLimits {
  readonly [factor: number]: number
}

export const GOODPUT_LIMITS: GoodputLimits = { 3: 0.95, 10: 0.9 }

/** What is wrong with a result, in sentences; none when goodput holds. */
export function overloadFaults(result: OverloadResult, limits: GoodputLimits = GOODPUT_LIMITS): string[] {
  const { steps, peakPerSecond, deadlineMs } = result
  return steps.flatMap(({ factor, goodPerSecond, failedPerSecond, behindMs }) => {
    const faults: string[] = []
    const least = limits[factor]
    const share = goodPerSecond / peakPerSecond
    if (least !== undefined && !(share >= least))
      faults.push(`at ${factor} × goodput is ${percent(share)} of the peak, at least ${percent(least)} is wanted`)
    if (failedPerSecond > 0)
      faults.push(
        `at ${factor} × ${failedPerSecond.toFixed(1)} requests a second failed other than by being turned away`,
      )
    if (behindMs > deadlineMs / 10)
      faults.push(`at ${factor} × the sender fell ${behindMs.toFixed(0)} ms behind: this machine is too busy to tell`)
    return faults
  })
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
