/**
 * The platform (`slipway up`) beside `slipway serve`, and what it costs to have it: how long a start, a deploy and a wake
 * take, and the memory of a thousand endpoints that nobody calls.
 */
import { takeTurns, turnSeconds } from '../loads.ts'
import type { BenchModel } from '../models.ts'
import type { BenchOptions } from '../options.ts'
import { FOLDER } from '../paths.ts'
import { slipwayPlan } from '../plans.ts'
import { ask, v2Exchange, type Exchange, type Question } from '../question.ts'
import type { Cell, DeployFacts, IdleFacts, PlatformFacts } from '../results.ts'
import { tolerate, type Run } from '../run.ts'
import { startServer, type RunningServer } from '../servers.ts'
import { measureDeploy } from './deploys.ts'
import { measureIdle } from './idle-endpoints.ts'
import { PLATFORM, PLATFORM_CASES } from './platform-cases.ts'
import { PROJECT, startPlatform, until, type PlatformPlan, type RunningPlatform } from './running.ts'

export const ENDPOINTS = 1000
/** Of them, how many are woken; and of the few on a platform that has no others. */
const WOKEN = 50
const FEW = 30

/** Share of the requests that are captured. */
const CAPTURED = 0.01

const START_SECONDS = 6
const DEPLOY_SECONDS = 2
const FEW_SECONDS = 12
const MANY_SECONDS = 60

/** What all of it should take (s). */
export function platformSeconds(options: BenchOptions): number {
  const loads = PLATFORM_CASES.length * 2 * options.rounds * turnSeconds(options)
  return startsOf(options) * (START_SECONDS + DEPLOY_SECONDS) + FEW_SECONDS + MANY_SECONDS + 2 * START_SECONDS + loads
}

function startsOf({ starts }: BenchOptions): number {
  return Math.max(1, starts)
}

/** @param entry what runs `slipway` @param tiny the model that costs nothing */
export async function measurePlatform(run: Run, entry: string, tiny: BenchModel): Promise<PlatformFacts> {
  const startMs = await measureStarts(run)
  const { deploys, few } = await measureDeploys(run, entry, tiny)
  run.timeline.begin(MANY_SECONDS, `${ENDPOINTS} endpoints`)
  const idle = await tolerate(run, PLATFORM, `${ENDPOINTS} endpoints`, () =>
    withPlatform(upPlan('platform-many', entry, tiny, []), run.signal, (platform) =>
      measureIdle(platform, tiny, { endpoints: ENDPOINTS, woken: WOKEN }, run.signal),
    ),
  )
  const cells = await tolerate(run, PLATFORM, 'load', () => measureLoads(run, entry, tiny))
  return { startMs, deploys, wakeMs: few?.wakeMs ?? [], idle, cells: cells ?? [] }
}

/** `npm start` with everything installed and a new data folder, to the answer of the demo's endpoint. */
async function measureStarts(run: Run): Promise<number[]> {
  const startMs: number[] = []
  for (let i = 0; i < startsOf(run.options); i++) {
    run.timeline.begin(START_SECONDS, `npm start, ${i + 1} of ${startsOf(run.options)}`)
    const took = await tolerate(run, PLATFORM, 'npm start', () =>
      withPlatform(NPM_START, run.signal, async (platform) => platform.startMs),
    )
    if (took === undefined) break
    startMs.push(took)
  }
  return startMs
}

const NPM_START: PlatformPlan = {
  name: 'platform-npm-start',
  command: 'npm',
  start: ['start', '--'],
  extra: [],
  first: (headers): Exchange => ({
    path: '/v1/models/fraud:predict?outputs=predict',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"instances":[{"amount":950,"hour":3,"country":"BR","device":"web","account_age_days":4,"failed_tries":3,"foreign":1}]}',
    check: ({ status, text }) =>
      status === 200 && text === '{"predictions":[1]}' ? undefined : `status ${status}: ${text.slice(0, 200)}`,
  }),
}

function upPlan(name: string, entry: string, model: BenchModel, extra: readonly string[]): PlatformPlan {
  const question = questionOf(model)
  return {
    name,
    command: process.execPath,
    start: [entry, 'up', model.file],
    extra,
    first: (headers) => v2Exchange(question, headers),
  }
}

function questionOf(model: BenchModel): Question {
  const question = model.questions.find(({ rows }) => rows === 1)
  if (question === undefined) throw new Error(`${model.name} has no question of one row; this is a bug`)
  return question
}

async function withPlatform<T>(
  plan: PlatformPlan,
  signal: AbortSignal,
  work: (platform: RunningPlatform) => Promise<T>,
): Promise<T> {
  const platform = await startPlatform(plan, signal)
  try {
    return await work(platform)
  } finally {
    await platform.stop()
  }
}

/** Deploys by the command line, one after the other, and wakes on a platform that has few endpoints. */
async function measureDeploys(
  run: Run,
  entry: string,
  tiny: BenchModel,
): Promise<{ deploys: DeployFacts[]; few: IdleFacts | undefined }> {
  const deploys: DeployFacts[] = []
  const few = await tolerate(run, PLATFORM, 'deploys', () =>
    withPlatform(upPlan('platform-few', entry, tiny, []), run.signal, async (platform) => {
      for (let i = 0; i < startsOf(run.options); i++) {
        run.timeline.begin(DEPLOY_SECONDS, `slipway deploy, ${i + 1} of ${startsOf(run.options)}`)
        deploys.push(await measureDeploy(platform, entry, `fraud-${i}`, run.signal))
      }
      run.timeline.begin(FEW_SECONDS, `${FEW} wakes from zero`)
      return measureIdle(platform, tiny, { endpoints: FEW, woken: FEW }, run.signal)
    }),
  )
  return { deploys, few }
}

/** `slipway serve` and an endpoint of the same model with all that the platform adds, one process of each, in turn. */
async function measureLoads(run: Run, entry: string, tiny: BenchModel): Promise<Cell[]> {
  const { signal } = run
  run.timeline.begin(START_SECONDS, 'starting slipway serve')
  const serve = await startServer(
    slipwayPlan({ name: 'slipway', entry, extra: ['--workers', '1'] }, tiny, FOLDER),
    signal,
  )
  try {
    run.timeline.begin(START_SECONDS, 'starting the platform')
    return await withPlatform(upPlan('platform-load', entry, tiny, ['--workers', '1']), signal, async (platform) => {
      const endpoint = await inEarnest(platform, tiny, signal)
      return takeTurns(
        run,
        new Map([
          ['slipway', serve],
          [PLATFORM, endpoint],
        ]),
        PLATFORM_CASES,
      )
    })
  } finally {
    await serve.stop()
  }
}

/** The endpoint as it is asked in earnest: with a key that may do that alone, captured, its metrics read each second. */
async function inEarnest(platform: RunningPlatform, tiny: BenchModel, signal: AbortSignal): Promise<RunningServer> {
  const { client, port, key } = platform
  const params = { project: PROJECT }
  await client.call('patchEndpoint', {
    params: { ...params, endpoint: tiny.name },
    body: { spec: { capture: { sample: CAPTURED } } },
    signal,
  })
  const { bearer } = await client.call('createKey', { params, body: { name: 'bench', role: 'invoker' }, signal })
  const exchange = v2Exchange(questionOf(tiny), { authorization: `Bearer ${bearer}` })
  await until('the key is known', 10_000, signal, async () => (await ask(port, exchange, signal)).status === 200)
  return {
    ...platform,
    name: PLATFORM,
    plan: {
      ...platform.plan,
      name: PLATFORM,
      exchanges: new Map([[1, exchange]]),
      scrape: { path: '/metrics', headers: { authorization: `Bearer ${key}` } },
    },
  }
}
