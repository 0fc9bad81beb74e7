import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GOODPUT_LIMITS, overload, overloadFaults, type GoodputLimits, type OverloadResult } from '../bench/overload.ts'
import { makeSlowModel, SLOW_ROW } from '../bench/slow-model.ts'
import { createCaller, type Heard } from './caller.ts'
import type { Found, Proof, ProofOptions } from './proof.ts'
import { endServer, serveFile } from './served.ts'

export const SLOW_PATH = '/v2/models/slow/infer'
export const DEADLINE_MS = 250

/** About 5 to 10 ms a row. */
export const LAYERS = 48

/** Requests that are sent at once, each on its own connection, to see how they are turned away. */
const BURST = 200

/** Asks a model that costs milliseconds a row for more than it can do. */
export const overloadProof: Proof = {
  name: 'overload',
  claim: 'more requests than can be answered in time do not cost those that can',
  seconds: 30,
  run: (options) => proveOverload(options, GOODPUT_LIMITS),
}

/** @param limits share of the peak that is to be left, by the load */
export async function proveOverload(options: ProofOptions, limits: GoodputLimits, rounds = 2): Promise<Found> {
  const { folder, seconds, signal } = options
  const file = join(folder, 'slow.onnx')
  await writeFile(file, makeSlowModel(LAYERS))
  const served = await serveFile(folder, file, [])
  // a round has four measurements: what it can do, and three loads
  const eachSeconds = Math.max(0.5, seconds / rounds / 4)
  const result = await overload({
    port: served.port,
    path: SLOW_PATH,
    headers: { 'content-type': 'application/json' },
    inputs: [SLOW_ROW],
    deadlineMs: DEADLINE_MS,
    factors: [1, 3, 10],
    seconds: eachSeconds,
    rounds,
    connections: 1500,
    signal,
  })
  const burst = await sendBurst(served.port)
  const { code } = await endServer(served)
  return summarizeOverload(result, burst, {
    faults: code === 0 ? [] : [`the server ended with ${code}`],
    limits,
    eachSeconds,
  })
}

export function sendBurst(port: number, key?: string): Promise<readonly Heard[]> {
  const body = JSON.stringify({ parameters: { timeout: DEADLINE_MS * 1000 }, inputs: [SLOW_ROW] })
  const header = key === undefined ? '' : `authorization: Bearer ${key}\r\n`
  const head = `POST ${SLOW_PATH} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${header}content-length: ${body.length}\r\n\r\n`
  return Promise.all(
    Array.from({ length: BURST }, async () => {
      const caller = createCaller(port)
      const heard = await caller.ask(head + body)
      caller.hangUp()
      return heard
    }),
  )
}

export function summarizeOverload(
  result: OverloadResult,
  burst: readonly Heard[],
  { faults, limits, eachSeconds }: { faults: readonly string[]; limits: GoodputLimits; eachSeconds: number },
): Found {
  const { steps, peakPerSecond } = result
  const refused = burst.filter(({ status }) => status === 429)
  const unexpected = burst.filter(({ status }) => status !== 200 && status !== 429 && status !== 504)
  const unguided = refused.filter(({ head }) => !/\r\nretry-after: *[1-9]\d* *\r\n/i.test(head))
  const total = (rateOf: (step: OverloadResult['steps'][number]) => number) =>
    Math.round(steps.reduce((sum, step) => sum + rateOf(step), 0) * eachSeconds)
  const shares = steps.map(({ factor, goodPerSecond }) => `${factor}x ${percent(goodPerSecond / peakPerSecond)}`)
  const [atOnce, most] = [steps[0], steps.at(-1)]
  return {
    requests: total(({ offeredPerSecond }) => offeredPerSecond) + burst.length,
    failed: total(({ failedPerSecond }) => failedPerSecond) + unexpected.length,
    wrong: 0,
    times: steps.length,
    p50BeforeMs: atOnce?.p50Ms ?? NaN,
    p99BeforeMs: atOnce?.p99Ms ?? NaN,
    p50DuringMs: most?.p50Ms ?? NaN,
    p99DuringMs: most?.p99Ms ?? NaN,
    recoverySeconds: NaN,
    remark: `peak ${peakPerSecond.toFixed(0)}/s; goodput ${shares.join(', ')}; ${refused.length} of a burst of ${burst.length} refused`,
    faults: [
      ...faults,
      ...overloadFaults(result, limits),
      ...unexpected
        .slice(0, 1)
        .map(
          ({ status, reason }) => `${unexpected.length} of a burst got neither 200, 429 nor 504: ${status} ${reason}`,
        ),
      ...(refused.length === 0 ? ['nothing of a burst was refused'] : []),
      ...(unguided.length > 0 ? [`${unguided.length} refusals came without Retry-After`] : []),
    ],
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
