import { placeReplicas, type RouteEndpoint, type RouteTable, type RouteVariant } from '../../api/route-table.ts'
import {
  LATENCY_BOUNDS_MS,
  type ReplicaStatus,
  type RunnerStatus,
  type ToControl,
  type VariantTraffic,
} from '../../api/runner-status.ts'
import { ServingError } from '../../core/errors.ts'
import type { Fleet, HeardRunner } from '../fleet.ts'
import { natureOf } from './natures.ts'
import type { Chance, VirtualTime } from './virtual-time.ts'

/** How often what goes wrong with runners does, 0 to 1, or per second where that is said. */
export interface FleetFaults {
  /** A runner ends, per second. */
  death: number
  /** A runner loses its connection for a while, per second. */
  disconnection: number
  /** A runner says nothing for a while, per second. */
  freeze: number
  lostStatus: number
  nonsense: number
  /** A table is not written. */
  failedPublish: number
  /** ... or is, and it is said that it was not. */
  unknownPublish: number
  /** A bundle is lost from the disk, per second and runner. */
  lostBundle: number
  /** A bundle cannot be brought at the moment. */
  failedBringing: number
}

interface SimulatedReplica {
  readonly endpoint: string
  readonly digest: string
  state: ReplicaStatus['state']
  at: number
  /** Its bundle was not there when it was loaded. */
  isMissing: boolean
}

/** A process of the data plane. */
export interface SimulatedRunner {
  readonly name: string
  readonly project: string
  readonly index: number
  readonly count: number
  life: number
  isAlive: boolean
  isConnected: boolean
  isFrozen: boolean
  table: RouteTable | undefined
  readonly replicas: Map<string, SimulatedReplica>
  /** Requests since the last status, by variant. */
  traffic: VariantTraffic[]
  toldAtMs: number
}

export interface FleetWatch {
  /** Before a table is written. */
  onPublish(before: RouteTable | undefined, table: RouteTable): void
  onReady(runner: SimulatedRunner, endpoint: string, digest: string): void
  /** Requests go from one runner to a variant. */
  onRequests(runner: SimulatedRunner, endpoint: RouteEndpoint, variant: RouteVariant, requests: number): void
}

const STATUS_EVERY_MS = 1000
/** Runners look at their files by themselves, whether control tells them of a change or not. */
const LOOK_EVERY_MS = 2000

/** The runners of all projects, and the files that they read. Outlives control. */
export class SimulatedFleet {
  readonly tables = new Map<string, RouteTable>()
  /** Bundles that are whole on the machine. */
  readonly disk = new Set<string>()
  runners: SimulatedRunner[] = []
  /** Somebody follows another table than before. */
  hasAdopted = false
  /** Requests per second by project and endpoint. */
  readonly rates = new Map<string, number>()
  readonly faults: FleetFaults
  readonly #time: VirtualTime
  readonly #chance: Chance
  readonly #sizes: ReadonlyMap<string, number>
  readonly #watch: FleetWatch
  /** Of the control that lives. */
  #hearing: ((runner: SimulatedRunner, message: ToControl) => void) | undefined

  constructor(
    time: VirtualTime,
    chance: Chance,
    sizes: ReadonlyMap<string, number>,
    faults: FleetFaults,
    watch: FleetWatch,
  ) {
    this.#time = time
    this.#chance = chance
    this.#sizes = sizes
    this.faults = faults
    this.#watch = watch
  }

  /** The fleet as one life of control sees it. @param isDead whether that life is over */
  doorFor(isDead: () => boolean): Fleet {
    const heard = new Map<string, HeardRunner>()
    const listeners = new Set<(message: ToControl) => void>()
    this.#hearing = (runner, message) => {
      if (isDead()) return
      if (message.type === 'status')
        heard.set(runner.name, { status: message.status, heardAtMs: this.#time.nowMs, isConnected: true })
      for (const listener of listeners) listener(message)
    }
    for (const runner of this.runners) this.#reconnect(runner)
    const hop = () =>
      new Promise<void>((resolve) =>
        this.#time.after(this.#chance.between(0, 3), 'fleet', () => void (isDead() || resolve())),
      )
    return {
      publish: async (table) => {
        await hop()
        if (this.#chance.happens(this.faults.failedPublish))
          throw new ServingError('unavailable', 'the table was not written')
        this.#publish(JSON.parse(JSON.stringify(table)) as RouteTable)
        if (this.#chance.happens(this.faults.unknownPublish)) throw new ServingError('unavailable', 'who knows')
        await hop()
      },
      published: async (project) => {
        await hop()
        return this.tables.get(project)
      },
      projects: async () => [...this.tables.keys()],
      retract: async (project) => {
        await hop()
        this.tables.delete(project)
        for (const runner of this.runners) if (runner.project === project) runner.isAlive = false
        this.runners = this.runners.filter((runner) => runner.project !== project)
      },
      runners: (project) =>
        this.runners.flatMap((runner) => {
          const known = heard.get(runner.name)
          return runner.project === project && known !== undefined
            ? [{ ...known, isConnected: runner.isConnected && runner.isAlive }]
            : []
        }),
      sizeOf: (project) => this.#sizes.get(project) ?? 1,
      listen: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    }
  }

  #publish(table: RouteTable): void {
    const { project } = table
    this.#time.note(`publish ${project} ${table.revision} ${table.endpoints.length}`)
    this.#watch.onPublish(this.tables.get(project), table)
    const isFirst = !this.tables.has(project)
    this.tables.set(project, table)
    if (isFirst) this.#startGroup(project)
    for (const runner of this.runners)
      if (runner.project === project && runner.isConnected) this.#adoptSoon(runner, this.#chance.between(1, 40))
  }

  #startGroup(project: string): void {
    const count = this.#sizes.get(project) ?? 1
    for (let index = 0; index < count; index++) {
      const runner: SimulatedRunner = {
        name: `${project}-${index}`,
        project,
        index,
        count,
        life: 0,
        isAlive: false,
        isConnected: false,
        isFrozen: false,
        table: undefined,
        replicas: new Map(),
        traffic: [],
        toldAtMs: 0,
      }
      this.runners.push(runner)
      this.#start(runner, this.#chance.between(50, 300))
      this.#beat(runner)
    }
  }

  #start(runner: SimulatedRunner, delayMs: number): void {
    this.#time.after(delayMs, 'runner starts', () => {
      runner.isAlive = true
      runner.life++
      runner.replicas.clear()
      runner.traffic = []
      runner.isFrozen = false
      this.#adopt(runner) // before it answers anybody
      this.#look(runner)
      this.#reconnect(runner)
    })
  }

  #look(runner: SimulatedRunner): void {
    const { life } = runner
    this.#time.after(LOOK_EVERY_MS, 'runner looks', () => {
      if (!runner.isAlive || runner.life !== life) return
      if (this.#adopt(runner)) this.#tell(runner)
      this.#look(runner)
    })
  }

  #reconnect(runner: SimulatedRunner): void {
    runner.isConnected = false
    const { life } = runner
    this.#time.after(this.#chance.between(5, 400), 'runner connects', () => {
      if (!runner.isAlive || runner.life !== life) return
      runner.isConnected = true
      this.#adopt(runner)
      this.#tell(runner)
    })
  }

  #adoptSoon(runner: SimulatedRunner, delayMs: number): void {
    const { life } = runner
    this.#time.after(delayMs, 'runner reads', () => {
      if (!runner.isAlive || runner.life !== life) return
      if (this.#adopt(runner)) this.#tell(runner)
    })
  }

  /** Reads the file, and makes it so. */
  #adopt(runner: SimulatedRunner): boolean {
    const table = this.tables.get(runner.project)
    if (table === undefined || table.revision === runner.table?.revision) return false
    const before = runner.table
    runner.table = table
    this.hasAdopted = true
    const kept = new Set<string>()
    for (const endpoint of table.endpoints)
      for (const variant of endpoint.variants) {
        const key = replicaKey(endpoint.name, variant.digest)
        const isHolder = holdersOf(endpoint.name, variant, runner.count).includes(runner.index)
        if (isHolder) {
          kept.add(key)
          if (!runner.replicas.has(key)) this.#load(runner, endpoint.name, variant.digest)
        } else if (variant.replicas === 0 && sizeIn(before, endpoint.name, variant) === 0) kept.add(key) // woken by itself
      }
    for (const [key, { endpoint, digest, state }] of runner.replicas)
      if (!kept.has(key)) runner.replicas.delete(key)
      else if (state === 'ready') this.#watch.onReady(runner, endpoint, digest)
    return true
  }

  #load(runner: SimulatedRunner, endpoint: string, digest: string): void {
    const key = replicaKey(endpoint, digest)
    const nature = natureOf(digest)
    const replica: SimulatedReplica = { endpoint, digest, state: 'loading', at: this.#time.nowMs, isMissing: false }
    runner.replicas.set(key, replica)
    const { life } = runner
    this.#time.after(this.#chance.between(10, 600), 'load', () => {
      if (runner.life !== life || runner.replicas.get(key) !== replica) return
      const isFlake = nature === 'flaky' && this.#chance.happens(0.3)
      replica.isMissing = !this.disk.has(digest)
      replica.state = nature === 'unloadable' || isFlake || replica.isMissing ? 'failed' : 'ready'
      if (replica.state === 'ready') this.#watch.onReady(runner, endpoint, digest)
      else
        this.#time.after(this.#chance.between(500, 1500), 'load again', () => {
          if (runner.life === life && runner.replicas.get(key) === replica) this.#load(runner, endpoint, digest)
        })
      this.#tell(runner)
    })
  }

  /** Once a second: traffic, a status, and what may go wrong. */
  #beat(runner: SimulatedRunner): void {
    this.#time.after(STATUS_EVERY_MS, 'beat', () => {
      if (!this.runners.includes(runner)) return
      if (runner.isAlive) {
        this.#answer(runner)
        this.#tell(runner)
        this.#suffer(runner)
      }
      this.#beat(runner)
    })
  }

  #suffer(runner: SimulatedRunner): void {
    const { death, disconnection, freeze, lostBundle } = this.faults
    if (this.#chance.happens(lostBundle)) {
      const lost = this.#chance.pick([...this.disk])
      if (lost !== undefined) this.disk.delete(lost)
    }
    if (this.#chance.happens(death)) {
      runner.isAlive = false
      runner.isConnected = false
      runner.table = undefined
      this.#start(runner, this.#chance.between(200, 3000))
    } else if (this.#chance.happens(disconnection)) {
      runner.isConnected = false
      const longest = this.#chance.happens(0.2) ? 30_000 : 3000
      this.#time.after(this.#chance.between(100, longest), 'network heals', () => {
        if (runner.isAlive && !runner.isConnected) this.#reconnect(runner)
      })
    } else if (this.#chance.happens(freeze)) {
      runner.isFrozen = true
      this.#time.after(this.#chance.between(1000, 15_000), 'thaws', () => {
        runner.isFrozen = false
      })
    }
  }

  /** One second of requests that came in at a runner. */
  #answer(runner: SimulatedRunner): void {
    for (const endpoint of runner.table?.endpoints ?? []) {
      const rate = (this.rates.get(`${runner.project}/${endpoint.name}`) ?? 0) / runner.count
      if (rate === 0 || endpoint.isPaused) continue
      const sum = endpoint.variants.reduce((total, variant) => total + variant.weight, 0)
      if (sum === 0) continue
      for (const variant of endpoint.variants) {
        const mean = (rate * variant.weight) / sum
        const requests = Math.floor(mean + this.#chance.next())
        if (variant.weight === 0 || requests === 0) continue
        this.#watch.onRequests(runner, endpoint, variant, requests)
        runner.traffic.push(this.#trafficOf(endpoint.name, variant, requests))
        if (variant.replicas === 0) this.#wake(runner, endpoint.name, variant)
        for (const holder of this.runners) {
          const replica = holder.replicas.get(replicaKey(endpoint.name, variant.digest))
          if (replica !== undefined && holder.project === runner.project) replica.at = this.#time.nowMs
        }
      }
    }
  }

  #wake(from: SimulatedRunner, endpoint: string, variant: RouteVariant): void {
    const [first] = placeReplicas(endpoint, variant.digest, from.count)
    const runner = this.runners.find((each) => each.project === from.project && each.index === first)
    const isKnown = runner?.table?.endpoints
      .find(({ name }) => name === endpoint)
      ?.variants.some(({ digest }) => digest === variant.digest)
    if (runner?.isAlive !== true || isKnown !== true) return
    if (!runner.replicas.has(replicaKey(endpoint, variant.digest))) this.#load(runner, endpoint, variant.digest)
  }

  #trafficOf(endpoint: string, { name, digest }: RouteVariant, requests: number): VariantTraffic {
    const nature = natureOf(digest)
    let errors = 0
    const failing = nature === 'errors' ? 0.33 : 0.002
    for (let i = 0; i < requests; i++) if (this.#chance.happens(failing)) errors++
    const ms = nature === 'slow' ? 100 : 10
    const latency = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, () => 0)
    for (let i = 0; i < requests - errors; i++) {
      const bucket = Math.round(8 * Math.log2((ms * (0.7 + 0.6 * this.#chance.next())) / 0.05))
      latency[bucket] = (latency[bucket] ?? 0) + 1
    }
    const traffic = {
      endpoint,
      variant: name,
      digest,
      intervalMs: STATUS_EVERY_MS,
      inFlight: (requests * ms) / 1000,
      requests,
      errors,
      rows: requests,
      latency,
    }
    if (!this.#chance.happens(this.faults.nonsense)) return traffic
    return this.#chance.happens(0.5)
      ? { ...traffic, inFlight: Number.NaN, requests: Number.NaN }
      : { ...traffic, errors: -5, latency: [] }
  }

  #tell(runner: SimulatedRunner): void {
    if (!runner.isConnected || runner.isFrozen || runner.table === undefined) return
    const status: RunnerStatus = {
      runner: runner.name,
      project: runner.project,
      index: runner.index,
      count: runner.count,
      life: String(runner.life),
      revision: runner.table.revision,
      memoryBytes: 1,
      replicas: [...runner.replicas.values()].map(({ endpoint, digest, state, at, isMissing }) => ({
        endpoint,
        digest,
        state,
        lastUsedMs: this.#time.wallOffsetMs + at,
        memoryBytes: 1,
        ...(state === 'failed' ? { problem: problemOf(digest, isMissing) } : {}),
      })),
      traffic: runner.traffic,
    }
    runner.traffic = []
    if (this.#chance.happens(this.faults.lostStatus)) return
    const { life } = runner
    // One connection keeps its order
    const atMs = Math.max(runner.toldAtMs, this.#time.nowMs + this.#chance.between(0, 20))
    runner.toldAtMs = atMs
    this.#time.after(atMs - this.#time.nowMs, 'status', () => {
      if (runner.isConnected && runner.life === life) this.#hearing?.(runner, { type: 'status', status })
    })
  }
}

export function replicaKey(endpoint: string, digest: string): string {
  return `${endpoint} ${digest}`
}

export function holdersOf(endpoint: string, variant: RouteVariant, runners: number): number[] {
  return placeReplicas(endpoint, variant.digest, runners).slice(0, variant.replicas)
}

function sizeIn(table: RouteTable | undefined, endpoint: string, { name, digest }: RouteVariant): number {
  const variants = table?.endpoints.find((each) => each.name === endpoint)?.variants
  return variants?.find((each) => each.name === name && each.digest === digest)?.replicas ?? 0
}

function problemOf(digest: string, isMissing: boolean) {
  if (isMissing) return { code: 'unavailable', message: 'it is not there', details: { reason: 'bundle_missing' } }
  return natureOf(digest) === 'flaky'
    ? { code: 'unavailable', message: 'the process ended', details: {} }
    : { code: 'refused', message: 'the graph has an operator that nobody knows', details: {} }
}
