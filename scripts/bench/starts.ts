import { setTimeout as sleep } from 'node:timers/promises'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from './cases.ts'
import type { BenchModel, BenchModels } from './models.ts'
import { createLoader } from './loaders.ts'
import { WARM_UP_SECONDS } from './measure.ts'
import { FOLDER } from './paths.ts'
import { folderPlan, slipwayPlan, type SlipwaySetting } from './plans.ts'
import { memoryBytes, proportionalBytes, treeOf } from './proc.ts'
import { ask, checkStatus, v2Exchange } from './question.ts'
import type { Density, StartFacts } from './results.ts'
import { tolerate, type Run } from './run.ts'
import { shuffledRounds } from './schedule.ts'
import { canAnswer, startServer, type RunningServer, type ServerPlan } from './servers.ts'

/** What a start with its end should take (s), for the progress bar: most peers need seconds. */
export const START_SECONDS = 4
export const DENSITY_SECONDS = 40

export interface FirstStart {
  readonly startMs: number
  /** Size of the answer, by rows. */
  readonly sizes: ReadonlyMap<number, number>
}

/** Slipway's start on a machine that does not know the model yet: it is read, checked and compiled first. */
export async function measureFirstStart(
  run: Run,
  setting: SlipwaySetting,
  model: BenchModel,
): Promise<FirstStart | undefined> {
  run.timeline.begin(START_SECONDS, `${model.name}: first start of Slipway`)
  rmSync(join(FOLDER, 'data'), { recursive: true, force: true })
  return tolerate(run, setting.name, model.name, async () => {
    const plan = slipwayPlan(setting, model, FOLDER)
    const server = await startServer(plan, run.signal)
    try {
      const sizes = new Map<number, number>()
      for (const [rows, exchange] of plan.exchanges)
        sizes.set(rows, Buffer.byteLength((await ask(server.port, exchange, run.signal)).text))
      return { startMs: server.startMs, sizes }
    } finally {
      await server.stop()
    }
  })
}

/** Starts each server alone, again and again, the servers in turn; at the last start its memory is read too. */
export async function measureStarts(
  run: Run,
  plans: readonly ServerPlan[],
  model: BenchModel,
  first: FirstStart | undefined,
): Promise<StartFacts[]> {
  const { starts, seed } = run.options
  const found = new Map<string, { startMs: number[]; memoryBytes: number; proportionalBytes: number }>()
  const failed = new Set<string>()
  const rounds = shuffledRounds(plans, starts, seed)
  for (const [round, turns] of rounds.entries())
    for (const plan of turns) {
      run.timeline.begin(START_SECONDS, `${model.name}: start ${round + 1} of ${starts}: ${plan.name}`)
      if (failed.has(plan.name)) continue
      const known = found.get(plan.name) ?? { startMs: [], memoryBytes: NaN, proportionalBytes: NaN }
      const isDone = await tolerate(run, plan.name, `start with ${model.name}`, async () => {
        const server = await startServer(plan, run.signal)
        try {
          known.startMs.push(server.startMs)
          if (round < starts - 1) return true
          await loadBriefly(server, model, run.signal)
          const tree = treeOf(server.pid)
          known.memoryBytes = memoryBytes(tree)
          known.proportionalBytes = proportionalBytes(tree)
        } finally {
          await server.stop()
        }
        return true
      })
      if (isDone) found.set(plan.name, known)
      else failed.add(plan.name)
    }
  return plans.flatMap(({ name }) => {
    const known = found.get(name)
    const firstStartMs = name === 'slipway' ? first?.startMs : undefined
    return known === undefined ? [] : { server: name, model: model.name, firstStartMs, ...known }
  })
}

/** A second of load on 8 connections, so that memory is that of a server at work. */
async function loadBriefly(server: RunningServer, { name }: BenchModel, signal: AbortSignal): Promise<void> {
  const byHttp: Case = { model: name, rows: 1, connections: 8 }
  const which = canAnswer(server.plan, byHttp) ? byHttp : { ...byHttp, streams: 1 }
  await (await createLoader(server, which, signal)).load(WARM_UP_SECONDS)
}

/** Memory of Slipway with a folder of one tiny model, and of many, each asked once. */
export async function measureDensity(
  run: Run,
  setting: SlipwaySetting,
  { models, density }: BenchModels,
): Promise<Density | undefined> {
  run.timeline.begin(DENSITY_SECONDS, `memory with 1 and with ${density.extraModels + 1} models`)
  const tiny = models.find((model) => model.name === 'tiny')
  if (tiny === undefined) return undefined
  const [question] = tiny.questions
  if (question === undefined) throw new Error('the tiny model has no question; this is a bug')
  const read = async (path: string, count: number): Promise<number> => {
    const plan = folderPlan(setting, path, 'model-000', tiny, FOLDER)
    // the first start compiles them, and keeps what that took
    await (await startServer(plan, run.signal)).stop()
    const server = await startServer(plan, run.signal)
    try {
      for (let i = 0; i < count; i++) {
        const name = `model-${String(i).padStart(3, '0')}`
        const exchange = { ...v2Exchange(question, setting.headers), path: `/v2/models/${name}/infer` }
        const wrong = checkStatus(await ask(server.port, exchange, run.signal))
        if (wrong !== undefined) throw new Error(`${name}: ${wrong}`)
      }
      await sleep(1000, undefined, { signal: run.signal })
      return memoryBytes(treeOf(server.pid))
    } finally {
      await server.stop()
    }
  }
  return tolerate(run, setting.name, 'many models', async () => ({
    extraModels: density.extraModels,
    oneBytes: await read(density.one, 1),
    manyBytes: await read(density.many, density.extraModels + 1),
  }))
}
