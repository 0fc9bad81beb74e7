import { rm } from 'node:fs/promises'
import { GOODPUT_LIMITS, overload, type GoodputLimits } from '../../bench/overload.ts'
import { runOpenLoop, type LoopTarget, type Outcomes } from '../../bench/open-loop.ts'
import { rawRequest } from '../../bench/raw-client.ts'
import { makeSlowModel, SLOW_ROW } from '../../bench/slow-model.ts'
import { DEADLINE_MS, LAYERS, sendBurst, SLOW_PATH, summarizeOverload } from '../overload.ts'
import type { Found, Proof, ProofOptions } from '../proof.ts'
import { endServer } from '../served.ts'
import { addVersion, putVersion, startServed, type ServedPlatform } from './served-platform.ts'

/** Asks an endpoint for more than it can do, by a greedy key, with a modest one beside it. */
export const overloadPlatform: Proof = {
  name: 'overload-platform',
  claim: 'more requests than an endpoint can answer do not cost those that it can, nor those of another key',
  plant: 'all come with one key',
  seconds: 60,
  run: (options) => proveOverloadPlatform(options, { limits: GOODPUT_LIMITS, modestShare: 0.95, rounds: 2 }),
}

const CONNECTIONS = 1000
/** What a modest key asks for, as a share of what can be answered. */
const MODEST = 0.1
const GREEDY = 10
/** A modest key's requests are answered so many times as often as a greedy one's. */
const LEAST_TIMES = 2
/** Both keys ask together for so long at least (s). */
const LEAST_TOGETHER_S = 2

/** @param wish shares of the peak that are to be left, by the load, and of the modest key's requests that are to be answered */
export async function proveOverloadPlatform(
  options: ProofOptions,
  wish: { readonly limits: GoodputLimits; readonly modestShare: number; readonly rounds: number },
): Promise<Found> {
  const { seconds, signal, folder } = options
  const { limits, modestShare, rounds } = wish
  const served = await startServed(folder, 'overload-platform')
  const { port } = served
  const { number } = await addVersion(served, makeSlowModel(LAYERS), 'slow')
  await putVersion(served, number, { endpoint: 'slow', model: 'slow' })
  const greedy = await keyOf(served, 'greedy')
  const modest = options.isPlanted === true ? greedy : await keyOf(served, 'modest')
  // a round has four measurements, and the last one is of both keys
  const eachSeconds = Math.max(0.5, seconds / (rounds * 4 + 1))
  const at = { port, path: SLOW_PATH, deadlineMs: DEADLINE_MS, connections: CONNECTIONS, signal }
  const result = await overload({
    ...at,
    headers: headersOf(greedy),
    inputs: [SLOW_ROW],
    factors: [1, 3, 10],
    seconds: eachSeconds,
    rounds,
  })
  const body = JSON.stringify({ parameters: { timeout: DEADLINE_MS * 1000 }, inputs: [SLOW_ROW] })
  const targetOf = (key: string): LoopTarget => ({
    ...at,
    request: rawRequest(port, { path: SLOW_PATH, headers: headersOf(key), body }),
  })
  const { capacityPerSecond } = result
  const togetherSeconds = Math.max(LEAST_TOGETHER_S, eachSeconds)
  const [many, few] = await Promise.all([
    runOpenLoop(targetOf(greedy), GREEDY * capacityPerSecond, togetherSeconds),
    runOpenLoop({ ...targetOf(modest), connections: 50 }, MODEST * capacityPerSecond, togetherSeconds),
  ])
  const burst = await sendBurst(port, greedy)
  const { code } = await endServer(served)
  await rm(served.folder, { recursive: true })
  const [share, greedyShare] = [shareOf(few), shareOf(many)]
  const percent = (of: number) => `${(of * 100).toFixed(0)} %`
  const faults = [
    ...(code === 0 ? [] : [`the platform ended with ${code}`]),
    ...(share >= modestShare && share >= greedyShare * LEAST_TIMES
      ? []
      : [
          `of a modest key's requests ${percent(share)} were answered in time, of a greedy one's beside it ${percent(greedyShare)}; at least ${percent(modestShare)} and ${LEAST_TIMES} times as many are wanted`,
        ]),
  ]
  const found = summarizeOverload(result, burst, { faults, limits, eachSeconds })
  return {
    ...found,
    remark: `${found.remark}; of a modest key's requests ${percent(share)} answered, of a greedy one's ${percent(greedyShare)}`,
  }
}

function shareOf({ good, late, refused, failed, unsent }: Outcomes): number {
  return good / (good + late + refused + failed + unsent)
}

async function keyOf({ platform: { client } }: ServedPlatform, name: string): Promise<string> {
  const made = await client.call('createKey', { params: { project: 'default' }, body: { name, role: 'invoker' } })
  return made.bearer
}

function headersOf(key: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
}
