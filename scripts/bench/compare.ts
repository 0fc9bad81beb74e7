import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createProgress } from '../../src/cli/progress.ts'
import { ServingError } from '../../src/core/errors.ts'
import { isGrpc, type Case, type ModelName } from './cases.ts'
import { fullSetting } from './full.ts'
import { labelOf, SERVER_NAMES } from './labels.ts'
import { findH2load } from './h2load.ts'
import { findWrk } from './load.ts'
import { measureLoad, turnSeconds } from './loads.ts'
import { describeMachine } from './machine.ts'
import { WARM_UP_SECONDS } from './measure.ts'
import { makeModels, type BenchModel } from './models.ts'
import type { BenchOptions, Part } from './options.ts'
import { FOLDER, ROOT } from './paths.ts'
import { environmentOf, peerPlan, PEERS, takesPart } from './peers.ts'
import { measurePlatform, platformSeconds } from './platform/measure-platform.ts'
import { PLATFORM_CASES } from './platform/platform-cases.ts'
import { measurePickleStarts, pickleStartSeconds } from './pickle-starts.ts'
import { BUILT, slipwayPlan, SOURCE, staticGrpcPlan, staticPlan, type SlipwaySetting } from './plans.ts'
import { packageVersions, setUpPython } from './python.ts'
import { summarize, type BenchResult, type Cell, type LoadedFacts, type StartFacts } from './results.ts'
import { tolerate, type Run } from './run.ts'
import { canAnswer, type ServerPlan } from './servers.ts'
import {
  DENSITY_SECONDS,
  measureDensity,
  measureFirstStart,
  measureStarts,
  START_SECONDS,
  type FirstStart,
} from './starts.ts'
import { createTimeline } from './timeline.ts'

/** Models with which start-up is timed and memory read. */
const START_MODELS: readonly ModelName[] = ['tiny', 'trees']

/** Measures everything that the options ask for. */
export async function compare(options: BenchOptions, signal: AbortSignal): Promise<BenchResult> {
  if (process.platform !== 'linux')
    throw new ServingError('unsupported', `the bench reads Linux's /proc, which ${process.platform} does not have`)
  const isMeasured = (part: Part) => options.parts.includes(part)
  const allCases = isMeasured('servers') ? options.cases : PLATFORM_CASES
  const entry = options.program === undefined ? BUILT : resolve(options.program)
  const loadMakers = {
    ...(allCases.every(isGrpc) ? {} : { wrk: findWrk() }),
    ...(allCases.some(isGrpc) ? { h2load: findH2load() } : {}),
  }
  mkdirSync(FOLDER, { recursive: true })
  const benchModels = await makeModels(FOLDER, signal)
  if (options.build) build()
  const progress = createProgress('bench', process.stderr, () => performance.now())
  const models = isMeasured('servers')
    ? benchModels.models.filter(({ name }) => options.cases.some((each) => each.model === name))
    : []
  const timeline = createTimeline(progress, plannedSeconds(options, models.length), () => performance.now())
  const run: Run = { options, timeline, signal, failures: [] }
  const pythons = isMeasured('servers') ? await setUpPeers(run) : new Map<string, string>()
  const { settings, full } = isMeasured('servers')
    ? await slipways(run, entry, benchModels.models)
    : { settings: [], full: [] }

  const starts: StartFacts[] = []
  const loaded: LoadedFacts[] = []
  const cells: Cell[] = []
  for (const model of models) {
    const first = await measureFirstStart(run, { name: 'slipway', entry }, model)
    const cases = options.cases.filter((each) => each.model === model.name)
    const plans = (await plansOf(run, model, pythons, settings, first)).filter((plan) =>
      cases.some((each) => canAnswer(plan, each)),
    )
    if (options.starts > 0 && START_MODELS.includes(model.name))
      starts.push(...(await measureStarts(run, plans, model, first)))
    const found = await measureLoad(run, model, plans, cases)
    loaded.push(...found.loaded)
    cells.push(...found.cells)
  }
  const density =
    isMeasured('servers') && options.starts > 0 && options.density
      ? await measureDensity(run, { name: 'slipway', entry }, benchModels)
      : undefined
  if (isMeasured('servers') && options.starts > 0 && options.density)
    starts.push(...(await measurePickleStarts(run, entry)))
  const tiny = benchModels.models.find(({ name }) => name === 'tiny')
  const platform = isMeasured('platform') && tiny ? await measurePlatform(run, entry, tiny) : undefined
  progress.finish('done')
  const { rounds, seconds: secondsPerCell, seed, repeats } = options
  const names = SERVER_NAMES.filter((name) => cells.some((cell) => cell.server === name))
  return {
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: describeMachine({ ...versionsOf(pythons), ...loadMakers }),
    settings: { rounds, secondsPerCell, warmUpSeconds: WARM_UP_SECONDS, starts: options.starts, seed, repeats, full },
    servers: names.map((name) => ({ name, label: labelOf(name) })),
    starts,
    loaded,
    density,
    platform,
    summary: summarize(cells, options.cases, names),
    cells,
    failures: run.failures,
  }
}

/** Makes `dist/slipway.js` from the sources of now: what ships is what is measured. */
function build(): void {
  process.stderr.write('bench: building dist/slipway.js\n')
  const { status } = spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new ServingError('internal', 'the build failed; its words stand above')
}

/** Interpreters by environment. One that cannot be set up is a failure of the peers that need it. */
async function setUpPeers(run: Run): Promise<Map<string, string>> {
  const pythons = new Map<string, string>()
  for (const name of run.options.peers) {
    const peer = PEERS.find((each) => each.name === name)
    if (peer === undefined || pythons.has(peer.environment)) continue
    const python = await tolerate(run, name, 'set-up', () => setUpPython(environmentOf(peer), FOLDER, run.signal))
    if (python !== undefined) pythons.set(peer.environment, python)
  }
  return pythons
}

/** The Slipways that take part. */
async function slipways(
  run: Run,
  entry: string,
  models: readonly BenchModel[],
): Promise<{ settings: SlipwaySetting[]; full: readonly string[] }> {
  const { withSource, variant } = run.options
  const settings: SlipwaySetting[] = [{ name: 'slipway', entry }]
  const tiny = models.find(({ name }) => name === 'tiny')
  const full = tiny && (await tolerate(run, 'slipway-full', 'set-up', () => fullSetting(entry, tiny, run.signal)))
  if (full !== undefined) settings.push(full.setting)
  if (withSource) settings.push({ name: 'slipway-source', entry: SOURCE })
  if (variant !== undefined) settings.push({ name: 'slipway-variant', entry, extra: variant })
  return { settings, full: full?.has ?? [] }
}

/** All servers with one model, in the order of the tables. */
async function plansOf(
  run: Run,
  model: BenchModel,
  pythons: ReadonlyMap<string, string>,
  settings: readonly SlipwaySetting[],
  first: FirstStart | undefined,
): Promise<ServerPlan[]> {
  const plans: ServerPlan[] = []
  for (const peer of PEERS) {
    const python = pythons.get(peer.environment)
    if (python === undefined || !run.options.peers.includes(peer.name)) continue
    const place = { model, python }
    const isReady = await tolerate(run, peer.name, model.name, async () => {
      await peer.prepare?.(place, run.signal)
      return true
    })
    if (isReady) plans.push(peerPlan(peer, place, join(FOLDER, 'logs')))
  }
  // where Slipway could not say how large its answer is, the right one written as JSON is near
  const sizes = new Map(
    model.questions.map(({ rows, outputs }) => [rows, first?.sizes.get(rows) ?? JSON.stringify({ outputs }).length]),
  )
  return [
    ...plans,
    ...settings.map((setting) => slipwayPlan(setting, model, FOLDER)),
    staticPlan(model, sizes, FOLDER),
    staticGrpcPlan(model, FOLDER),
  ]
}

function versionsOf(pythons: ReadonlyMap<string, string>): Record<string, string> {
  const versions: Record<string, string> = {}
  for (const { environment, packages } of PEERS) {
    const python = pythons.get(environment)
    if (python !== undefined && packages.length > 0) Object.assign(versions, packageVersions(python, packages))
  }
  return versions
}

/** What the whole run should take, for the progress bar (s). */
function plannedSeconds(options: BenchOptions, modelCount: number): number {
  const platform = options.parts.includes('platform') ? platformSeconds(options) : 0
  return platform + (options.parts.includes('servers') ? serversSeconds(options, modelCount) : 0)
}

function serversSeconds(options: BenchOptions, modelCount: number): number {
  const { cases, rounds, starts, peers, withSource, variant } = options
  const taking = PEERS.filter(({ name }) => peers.includes(name))
  const others = 3 + (withSource ? 1 : 0) + (variant === undefined ? 0 : 1)
  const asked = (which: readonly Case[]) => taking.filter((peer) => takesPart(peer, which)).length + others
  const servers = asked(cases)
  const timed = START_MODELS.filter((name) => cases.some(({ model }) => model === name)).length
  const turns = cases.reduce((sum, each) => sum + asked([each]), 0) * rounds * turnSeconds(options)
  const begins = modelCount * (servers + 1) * START_SECONDS
  return (
    turns +
    begins +
    timed * starts * servers * START_SECONDS +
    (options.density ? DENSITY_SECONDS + pickleStartSeconds(starts) : 0)
  )
}
