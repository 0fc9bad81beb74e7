import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runOpenLoop, type Outcomes } from '../../bench/open-loop.ts'
import { GOODPUT_LIMITS, targetOf } from '../../bench/overload.ts'
import { writeSleepingModel } from '../../bench/sleeping-model.ts'
import { makeSlowModel } from '../../bench/slow-model.ts'
import {
  COMPUTING,
  COMPUTING_FLOOR,
  LAYERS,
  partsOf,
  requestOf,
  see,
  SLEEPING,
  summarizeOverload,
  type OverloadWish,
} from '../overload.ts'
import type { Found, Proof, ProofOptions } from '../proof.ts'
import { endServer } from '../served.ts'
import { addVersion, putVersion, startServed, type ServedPlatform } from './served-platform.ts'

/** Asks an endpoint for more than it can do, by a greedy key, with a modest one beside it. */
export const overloadPlatform: Proof = {
  name: 'overload-platform',
  claim: 'more requests than an endpoint can answer do not cost those that it can, nor those of another key',
  plant: 'all come with one key',
  seconds: 75,
  run: (options) =>
    proveOverloadPlatform(options, {
      limits: GOODPUT_LIMITS,
      computing: COMPUTING_FLOOR,
      modestShare: 0.99,
      rounds: 2,
    }),
}

export interface PlatformWish extends OverloadWish {
  /** Share of the modest key's requests that are to be answered in time. */
  readonly modestShare: number
}

/** What a modest key asks for, as a share of what can be answered. */
const MODEST = 0.1
const GREEDY = 10
/** A modest key's requests are answered so many times as often as a greedy one's. */
const LEAST_TIMES = 2
/** Both keys ask together for so many parts, and for so long at least (s). */
const TOGETHER = { parts: 3, leastSeconds: 2 }

export async function proveOverloadPlatform(options: ProofOptions, wish: PlatformWish): Promise<Found> {
  const { seconds, signal, folder } = options
  const served = await startServed(folder, 'overload-platform')
  const { port } = served
  await serveModels(served, wish)
  const greedy = await keyOf(served, 'greedy')
  const modest = options.isPlanted === true ? greedy : await keyOf(served, 'modest')
  const eachSeconds = Math.max(0.5, seconds / (partsOf(wish) + TOGETHER.parts))
  const headers = headersOf(greedy)
  const seen = await see({ port, options: { ...options, isPlanted: false }, headers, eachSeconds, wish })
  const targetFor = (key: string, connections: number) =>
    targetOf({ ...requestOf(port, SLEEPING, headersOf(key)), connections, signal })
  const { capacityPerSecond } = seen.sleeping
  const togetherSeconds = Math.max(TOGETHER.leastSeconds, TOGETHER.parts * eachSeconds)
  const [many, few] = await Promise.all([
    runOpenLoop(targetFor(greedy, 1000), GREEDY * capacityPerSecond, togetherSeconds),
    runOpenLoop(targetFor(modest, 50), MODEST * capacityPerSecond, togetherSeconds),
  ])
  const { code } = await endServer(served)
  await rm(served.folder, { recursive: true })
  const [share, greedyShare] = [few.good / totalOf(few), many.good / totalOf(many)]
  const percent = (of: number, digits = 0) => `${(of * 100).toFixed(digits)} %`
  const isFair = share >= wish.modestShare && share >= greedyShare * LEAST_TIMES
  const unfair = `of a modest key's requests ${percent(share, 1)} were answered in time, of a greedy one's beside it ${percent(greedyShare)}; at least ${percent(wish.modestShare, 1)} and ${LEAST_TIMES} times as many are wanted`
  const faults = [...(code === 0 ? [] : [`the platform ended with ${code}`]), ...(isFair ? [] : [unfair])]
  const found = summarizeOverload(seen, { faults, wish, eachSeconds })
  return {
    ...found,
    requests: found.requests + totalOf(many) + totalOf(few),
    remark: `${found.remark}; of a modest key's ${totalOf(few)} requests ${percent(share, 1)} answered, of a greedy one's ${percent(greedyShare)}`,
  }
}

/** Endpoints of the models, each held by both runners. */
async function serveModels(served: ServedPlatform, wish: OverloadWish): Promise<void> {
  const folder = join(served.folder, SLEEPING)
  await mkdir(served.folder, { recursive: true })
  await writeSleepingModel(folder)
  const files = [[SLEEPING, folder] as const]
  const models = wish.computing === undefined ? files : [...files, [COMPUTING, makeSlowModel(LAYERS)] as const]
  for (const [model, file] of models) {
    const { number } = await addVersion(served, file, model)
    await putVersion(served, number, { endpoint: model, model })
  }
}

function totalOf({ good, late, refused, failed, unsent }: Outcomes): number {
  return good + late + refused + failed + unsent
}

async function keyOf({ platform: { client } }: ServedPlatform, name: string): Promise<string> {
  const made = await client.call('createKey', { params: { project: 'default' }, body: { name, role: 'invoker' } })
  return made.bearer
}

function headersOf(key: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${key}` }
}
