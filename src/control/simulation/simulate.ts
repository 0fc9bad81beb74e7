import { placeReplicas } from '../../api/route-table.ts'
import { STORE_BUGS, withFaults, type StoreBug } from '../store/fault.ts'
import { watchChanges } from '../reconcile/changes.ts'
import { PLANTED_BUGS, type PlantedBug } from '../reconcile/options.ts'
import { identityOf } from '../reconcile/plan-endpoint.ts'
import type { Store } from '../store/store.ts'
import { BrokenInvariant, Invariants } from './invariants.ts'
import { MemoryStore } from './memory-store.ts'
import { environmentOf, startControl, type ControlLife, type StoreFaults, type World } from './simulated-control.ts'
import { replicaKey, SimulatedFleet, type FleetFaults } from './simulated-fleet.ts'
import { Chance, VirtualTime } from './virtual-time.ts'
import { Mirror } from './watched-store.ts'
import { createWorkload } from './workload.ts'

export interface SimulateOptions {
  readonly seed: number
  /** Changes that people make. Default 25. */
  readonly steps?: number | undefined
  /** A fault put into the reconciler, or into the store below it. */
  readonly plantedBug?: PlantedBug | StoreBug | undefined
  /** The store to run on; default one in memory that is made for simulations. */
  readonly openStore?: ((time: VirtualTime) => Promise<Store>) | undefined
  /** Told of everything that is logged, with the virtual time (ms). */
  readonly log?: ((line: string) => void) | undefined
}

export interface Simulated {
  readonly seed: number
  /** Equal for two runs of one seed. */
  readonly traceHash: string
  /** How long it was in virtual time (ms). */
  readonly virtualMs: number
  /** Lives of control. */
  readonly lives: number
  /** How often each came about. */
  readonly counts: Readonly<Record<string, number>>
}

/** How long everything may take to come to rest once nothing goes wrong any more (virtual ms). */
const CONVERGE_WITHIN_MS = 240_000
/** Longest time between two changes (virtual ms). */
const LONGEST_PAUSE_MS = 3000

/**
 * Runs the control plane through one imagined history: people change what they want while control dies at any await, the
 * store and the runners fail and the calendar jumps; then all faults end, and everything must come to rest as it is wanted.
 * The same seed gives the same history.
 * @throws {BrokenInvariant} what did not hold, with the seed in its message
 */
export async function simulate(options: SimulateOptions): Promise<Simulated> {
  try {
    return await run(options)
  } catch (error) {
    const steps = options.steps === undefined ? '' : ` --steps ${options.steps}`
    const message =
      error instanceof Error
        ? error.name === 'BrokenInvariant'
          ? error.message
          : (error.stack ?? error.message)
        : String(error)
    throw new BrokenInvariant(
      `seed ${options.seed}: ${message}\nreplay it: npm run prove -- simulation --seed ${options.seed}${steps}`,
      { cause: error },
    )
  }
}

async function run({ seed, steps = 25, plantedBug, openStore, log }: SimulateOptions): Promise<Simulated> {
  const time = new VirtualTime()
  const chance = new Chance(seed)
  const mirror = new Mirror()
  const invariants = new Invariants(time, mirror)
  const projects = chance.happens(0.2) ? ['default', 'other'] : ['default']
  const sizes = new Map(projects.map((project) => [project, chance.between(1, 3)]))
  const base = openStore === undefined ? new MemoryStore(() => time.wallOffsetMs + time.nowMs) : await openStore(time)
  const storeBug = STORE_BUGS.find((bug) => bug === plantedBug)
  const faulty = storeBug === undefined ? base : withFaults(base, { random: () => chance.next(), bug: storeBug })
  const counts: Record<string, number> = {}
  let told = 0
  const note = (commit: Parameters<Invariants['onCommit']>[0]) => {
    for (const { type } of commit.events) counts[type] = (counts[type] ?? 0) + 1
    told += commit.events.length
    invariants.onCommit(commit)
  }
  const fleetFaults = { ...faultsOf(chance) }
  const fleet = new SimulatedFleet(time, chance, sizes, fleetFaults, invariants)
  invariants.fleet = fleet
  const storeFaults: StoreFaults = chance.happens(0.3)
    ? { unavailable: 0, unknown: 0, rerun: 0 }
    : { unavailable: chance.pick([0, 0.02, 0.2]), unknown: chance.pick([0, 0.02, 0.1]), rerun: chance.pick([0, 0.1]) }
  // Control may know what is written, or has to read all of it to see
  const watched = watchChanges(mirror.watch(faulty, 'control', note))
  const people = watchChanges(mirror.watch(base, 'api', note))
  const changes = { take: () => [...people.changes.take(), ...watched.changes.take()] }
  const world: World = {
    time,
    chance,
    store: watched.store,
    changes: chance.happens(0.8) ? changes : undefined,
    fleet,
    storeFaults,
    options: {
      loadGraceMs: 8000,
      makeTimeoutMs: 60_000,
      upkeepEveryMs: 10_000,
      plantedBug: PLANTED_BUGS.find((bug) => bug === plantedBug),
    },
    log: (level, message, fields) => {
      if (message === 'a pass failed')
        invariants.fail(`a pass failed: ${String((fields?.error as Error | undefined)?.stack)}`)
      log?.(
        `${(time.nowMs / 1000).toFixed(3)} ${level} ${message} ${fields === undefined ? '' : JSON.stringify(fields, errorText)}`,
      )
    },
  }

  const workload = createWorkload({
    time,
    chance,
    store: people.store,
    mirror,
    invariants,
    rates: fleet.rates,
    projects,
  })
  let control: ControlLife | undefined
  let lives = 0
  let isChaos = true
  const start = () => {
    control = startControl(world)
    lives++
  }
  invariants.controlSince = () => (control === undefined || isChaos ? 0 : time.nowMs - control.bornAtMs)
  const die = () => {
    if (!isChaos || control === undefined) return
    control.crash()
    control = undefined
    time.note('crash')
    log?.(`${(time.nowMs / 1000).toFixed(3)} --- control dies`)
    time.after(chance.between(10, 3000), 'control starts', start)
  }
  const end = () => control?.crash()
  const poke = () => {
    if (!isChaos || !chance.happens(0.1)) control?.reconciler.poke()
  }

  const deathsPerPause = chance.pick([0, 0.1, 0.5])
  const jumps = chance.pick([0, 0.3])
  const pause = () => chance.between(0, chance.happens(0.2) ? 20 : LONGEST_PAUSE_MS)
  const actions = { left: steps }
  const act = () => {
    if (actions.left-- <= 0) return
    if (chance.happens(deathsPerPause)) time.after(chance.between(0, 2000), 'crash', die)
    if (chance.happens(jumps))
      time.after(chance.between(0, 5000), 'the calendar jumps', () => {
        time.wallOffsetMs += chance.pick([-86_400_000, -3_600_000, 3_600_000, 86_400_000])
      })
    workload.step().then(poke, (error: unknown) => invariants.fail(`the workload failed: ${String(error)}`))
    time.after(pause(), 'act', act)
  }

  workload.begin().then(start, (error: unknown) => invariants.fail(`the workload failed: ${String(error)}`))
  time.after(10, 'act', act)
  while (actions.left >= 0) await advance()

  // Everything heals. What is wanted is said for the last time, and must come about.
  isChaos = false
  Object.assign(fleetFaults, QUIET)
  Object.assign(storeFaults, { unavailable: 0, unknown: 0, rerun: 0 })
  const isDown = () => control === undefined
  while (isDown()) await advance()
  let isSaid = false
  workload.finish().then(
    () => {
      isSaid = true
      poke()
    },
    (error: unknown) => invariants.fail(`the workload failed: ${String(error)}`),
  )
  const until = time.nowMs + CONVERGE_WITHIN_MS
  let missing = ''
  for (let events = 0; ; events++) {
    await advance()
    if (events % 50 !== 0 || !isSaid) continue
    missing = unsettled(mirror, fleet, sizes, projects, time)
    if (missing === '') break
    if (time.nowMs > until)
      throw new BrokenInvariant(`${CONVERGE_WITHIN_MS / 1000} s after all faults ended, ${missing}`)
  }
  end()
  const kept = await eventsOf(base)
  if (kept !== told) throw new BrokenInvariant(`${told} events were written, and ${kept} are there`)
  await base.close()
  return { seed, traceHash: time.traceHash, virtualMs: time.nowMs, lives, counts }

  async function advance(): Promise<void> {
    if (!(await time.step())) throw new BrokenInvariant('nothing is due any more')
    if (fleet.hasAdopted) invariants.checkRoutes()
    fleet.hasAdopted = false
    invariants.check()
  }
}

const QUIET: FleetFaults = {
  death: 0,
  disconnection: 0,
  freeze: 0,
  lostStatus: 0,
  nonsense: 0,
  failedPublish: 0,
  unknownPublish: 0,
  lostBundle: 0,
  failedBringing: 0,
}

function faultsOf(chance: Chance): FleetFaults {
  if (chance.happens(0.3)) return QUIET
  return {
    death: chance.pick([0, 0.02, 0.1]),
    disconnection: chance.pick([0, 0.05]),
    freeze: chance.pick([0, 0.03]),
    lostStatus: chance.pick([0, 0.1, 0.4]),
    nonsense: chance.pick([0, 0.1]),
    failedPublish: chance.pick([0, 0.1]),
    unknownPublish: chance.pick([0, 0.1]),
    lostBundle: chance.pick([0, 0, 0.05]),
    failedBringing: chance.pick([0, 0.3]),
  }
}

/** How many events a store holds. */
async function eventsOf(store: Store): Promise<number> {
  for (let count = 0, after = 0; ;) {
    const page = await store.read((tx) => tx.events({ after, limit: 1000 }))
    const last = page.at(-1)
    if (last === undefined) return count
    count += page.length
    after = last.seq
  }
}

/** @returns what is not yet as the records want it; empty when all is */
function unsettled(
  mirror: Mirror,
  fleet: SimulatedFleet,
  sizes: ReadonlyMap<string, number>,
  projects: readonly string[],
  time: VirtualTime,
): string {
  for (const { name, document } of mirror.all('version'))
    if (document.state === 'pending' || document.state === 'making') return `version ${name} is ${document.state}`
  for (const { name, document } of mirror.all('rollout'))
    if (document.endedAtMs === undefined) return `rollout ${name} is ${document.state}`
  for (const project of projects) {
    const table = fleet.tables.get(project)
    const endpoints = mirror.all('endpoint').filter((endpoint) => endpoint.project === project)
    for (const { name, document } of endpoints) {
      if (document.state === 'deleting') return `${name} is being deleted`
      if (document.settledRevision !== document.revision)
        return `revision ${document.revision} of ${name} is not settled`
      if (document.rollout !== undefined) return `${name} points at a rollout that has ended`
      const routed = table?.endpoints.find((endpoint) => endpoint.name === name)
      if (document.servedRevision === undefined) {
        if (routed !== undefined) return `${name} serves nothing and is routed`
        if (document.state !== 'failed' && document.state !== 'paused')
          return `${name} serves nothing and is ${document.state}`
        continue
      }
      if (document.state !== (document.spec.isPaused ? 'paused' : 'ready'))
        return `${name} serves and is ${document.state}`
      const served = mirror.get('revision', project, `${name}/${document.servedRevision}`)?.document
      if (served === undefined || routed === undefined) return `${name} serves and is not routed`
      const wanted = Object.entries(served.resolved).map(([variant, { digest }]) =>
        identityOf({ name: variant, digest }),
      )
      const is = routed.variants.map(identityOf)
      if (wanted.toSorted().join() !== is.toSorted().join())
        return `${name} routes to other variants than those of its revision`
      for (const variant of routed.variants) {
        const holders = placeReplicas(name, variant.digest, sizes.get(project) ?? 1).slice(0, variant.replicas)
        for (const runner of fleet.runners)
          if (runner.project === project && holders.includes(runner.index))
            if (runner.replicas.get(replicaKey(name, variant.digest))?.state !== 'ready')
              return `${runner.name} does not hold ${name} ${variant.name}`
        const status = document.variants.find((each) => each.name === variant.name && each.digest === variant.digest)
        if (status?.replicas.desired !== variant.replicas) return `the status of ${name} ${variant.name} is old`
      }
    }
    const extra = table?.endpoints.find(({ name }) => !endpoints.some((endpoint) => endpoint.name === name))
    if (extra !== undefined) return `${extra.name} is gone and routed`
    if (table === undefined) return `project ${project} has no table`
    const now = time.wallOffsetMs + time.nowMs
    const keys = mirror
      .all('key')
      .filter((key) => key.project === project || key.project === '*')
      .filter(({ document }) => document.revokedAtMs === undefined && (document.expiresAtMs ?? Infinity) > now)
    if (
      keys
        .map(({ uid }) => uid)
        .toSorted()
        .join() !==
      table.keys
        .map(({ uid }) => uid)
        .toSorted()
        .join()
    )
      return `the keys of ${project} are not those of its table`
    for (const runner of fleet.runners)
      if (runner.project === project && runner.table?.revision !== table.revision)
        return `${runner.name} follows an old table`
  }
  for (const project of fleet.tables.keys())
    if (!projects.includes(project)) return `project ${project} is gone and routed`
  return ''
}

function errorText(_key: string, value: unknown): unknown {
  return value instanceof Error ? (value.stack ?? value.message) : value
}

/** For whoever plugs in a store of their own. */
export { environmentOf }
