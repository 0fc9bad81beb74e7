import type { RouteTable, RouteVariant } from '../../api/route-table.ts'
import type { ReplicaStatus, RunnerStatus } from '../../api/runner-status.ts'
import { createDeadlines } from '../deadlines.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Call, DataPlane } from '../plane.ts'
import { connectReplicas } from '../remote/index.ts'
import { CallerPlane } from './caller-plane.ts'
import { Endpoint, EndpointModel, labelsOf, type Variant } from './endpoint.ts'
import { chooseEvictions } from './evict.ts'
import { createKeyCounts } from './key-counts.ts'
import { createLoadGate } from './load-gate.ts'
import { createPeerPlane } from './peer-plane.ts'
import type { PlaneState } from './plane-state.ts'
import { Replica } from './replica.ts'
import type { Held, ReplicaHost } from './replica-host.ts'
import { createRetryBudget } from './retry-budget.ts'
import { createShadows } from './shadow.ts'
import { Traffic } from './traffic.ts'
import type { Description, EndpointCounters, EndpointPlane, EndpointPlaneOptions, RemoteProgram } from './types.ts'
import { noRoom, planeClosed } from './waking.ts'

export type * from './types.ts'

const DEFAULT_TIMEOUT_MS = 60_000
const DEFAULT_HOLD = { maxRequests: 1000, maxBytes: 64 * 2 ** 20 }
const DEFAULT_LINGER_MS = 2000
const DEFAULT_IDLE_UNLOAD_MS = 600_000

/** Loads at once: they compute in this thread, and only their reading overlaps. */
const MOST_LOADS = 4
/** How often everything is looked at (ms). */
const LOOK_EVERY_MS = 500
/** … what waits for a connection, and what is under way elsewhere. */
const SOON_MS = 2
const LATER_MS = 50
/** A holder whose runs fail one after the other gets none for so long, while another one is well. */
export const HOLDERS_REST = { firstMs: 30_000, mostMs: 300_000 }

interface Counted {
  readonly endpoint: string
  readonly variant: string
  readonly digest: string
  readonly traffic: Traffic
  isShadow: boolean
  /** Absent once the table has lost it. */
  replica: Replica | undefined
}

/** The data plane of `slipway up`, over the local plane of its process. */
export function createEndpointPlane(options: EndpointPlaneOptions): EndpointPlane {
  const { project, plane, now, random } = options
  const replicas = new Map<string, Replica>()
  const counted = new Map<string, Counted>()
  const unloading = new Set<Promise<void>>()
  const deadlines = createDeadlines(now)
  const held: Held = { ...DEFAULT_HOLD, ...options.hold, requests: 0, bytes: 0 }
  const ready = Promise.withResolvers<void>()
  /** What the first table wants here and is not yet loaded. */
  let awaited: Set<Replica> | undefined
  let revision = 0
  let hasComing = false
  let isClosed = false
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options

  const state: PlaneState = {
    plane,
    endpoints: new Map(),
    names: [],
    shadows: createShadows(plane, now, random),
    retries: createRetryBudget(),
    keys: createKeyCounts(),
    observe: options.observe,
    now,
    random,
  }

  const soon = createRounds(SOON_MS)
  const later = createRounds(LATER_MS)
  const sweeper = setInterval(sweep, options.lookEveryMs ?? LOOK_EVERY_MS)
  sweeper.unref()

  const host: ReplicaHost = {
    ...options,
    connect: options.connect ?? connectHolders,
    timeoutMs,
    lingerMs: options.lingerMs ?? DEFAULT_LINGER_MS,
    idleUnloadMs: options.idleUnloadMs ?? DEFAULT_IDLE_UNLOAD_MS,
    deadlines,
    gate: createLoadGate(MOST_LOADS),
    held,
    makeRoom,
    unload(replica) {
      const done: Promise<void> = plane
        .unload(replica.endpoint, replica.digest)
        .catch(() => {}) // it is gone already
        .finally(() => unloading.delete(done))
      unloading.add(done)
    },
    lookSoon: (replica) => (replica.away.waiting > 0 && !replica.isLoading ? soon : later).add(replica),
    settled(replica) {
      if (awaited?.delete(replica) === true && awaited.size === 0) ready.resolve()
    },
    tell({ endpoint, digest, variant }, event, level, message, details = {}) {
      const facts = { ...details, digest, version: variant.number, runner: `${project}-${options.index + 1}` }
      options.onEvent?.({ type: 'event', project, endpoint, event, level, message, details: facts })
    },
  }

  function connectHolders(
    name: string,
    { digest }: RouteVariant,
    sockets: readonly string[],
    { engines }: Description,
  ): RemoteProgram {
    const model = { name, version: digest }
    return connectReplicas({
      sockets,
      engines,
      maxRunMs: timeoutMs,
      now,
      model,
      canRunOffLoop: true,
      rest: HOLDERS_REST,
    })
  }

  function apply(table: RouteTable): void {
    if (isClosed) return
    if (table.project !== project) throw new Error(`a table of ${table.project} came to ${project}; this is a bug`)
    const wanted = new Map<
      string,
      { variant: RouteVariant; labels: Set<string>; endpoint: string; isPaused: boolean }
    >()
    for (const { name: endpoint, variants, isPaused } of table.endpoints)
      for (const variant of variants) {
        const key = keyOf(endpoint, variant.digest)
        const twin = wanted.get(key)
        const labels = new Set([...(twin?.labels ?? []), ...labelsOf(variant)])
        // two variants of one version share it: who wants more of it has the word
        const more = twin !== undefined && twin.variant.replicas >= variant.replicas ? twin.variant : variant
        wanted.set(key, { variant: more, labels, endpoint, isPaused })
      }
    const fresh: Replica[] = []
    for (const [key, { variant, labels, endpoint, isPaused }] of wanted) {
      let replica = replicas.get(key)
      if (replica === undefined) {
        replicas.set(key, (replica = new Replica(endpoint, variant, [...labels], host)))
        fresh.push(replica)
      }
      replica.update(variant, [...labels], isPaused)
    }
    follow(table)
    for (const [key, replica] of replicas) if (!wanted.has(key) && replica.isInTable) replica.drop()
    if (awaited === undefined) {
      awaited = new Set(fresh.filter((replica) => replica.isWanted && replica.local === undefined))
      if (awaited.size === 0) ready.resolve()
    }
  }

  /** From here on, requests go by this table. */
  function follow(table: RouteTable): void {
    for (const each of counted.values()) each.replica = undefined
    const endpoints = new Map<string, Endpoint>()
    for (const spec of table.endpoints) {
      const endpoint = new Endpoint(
        spec,
        (variant) => replicas.get(keyOf(spec.name, variant.digest)) as Replica,
        trafficOf,
      )
      endpoints.set(spec.name, endpoint)
      for (const { name, digest, replica, spec: variant } of endpoint.variants) {
        const known = counted.get(keyOf(spec.name, digest, name))
        if (known === undefined) continue
        known.replica = replica
        known.isShadow = variant.shadow !== undefined
      }
    }
    state.keys.retain(new Set(table.keys.map(({ name }) => name)))
    hasComing = table.endpoints.some(({ variants }) => variants.some(({ isComing }) => isComing === true))
    state.endpoints = endpoints
    state.names = [...endpoints.keys()].sort()
    revision = table.revision
  }

  function trafficOf({ name: variant, digest, replica, spec }: Variant): Traffic {
    const { endpoint } = replica
    const key = keyOf(endpoint, digest, variant)
    let known = counted.get(key)
    if (known === undefined) {
      const isShadow = spec.shadow !== undefined
      known = { endpoint, variant, digest, traffic: new Traffic(now()), isShadow, replica }
      counted.set(key, known)
    }
    return known.traffic
  }

  function refused(call: Call, code: ErrorCode): void {
    const variant = call.model instanceof EndpointModel ? call.model.variant : undefined
    if (variant === undefined || call.isCounted === true) return
    call.isCounted = true
    const time = now()
    variant.traffic.enter(time)
    variant.traffic.failed(time, code)
    if (call.principal !== undefined) state.keys.count(call.principal.name, code)
  }

  async function makeRoom(replica: Replica): Promise<void> {
    const { memoryBudgetBytes: budget } = options
    if (budget === undefined) return
    const others = Array.from(replicas).filter(([, each]) => each !== replica && each.takesMemory)
    const choice = chooseEvictions(
      others.map(([id, each]) => ({
        id,
        memoryBytes: each.variant.memoryBytes,
        lastUsedMs: each.lastUsedMs,
        isBusy: each.isBusy,
        isWanted: each.isWanted,
      })),
      replica.variant.memoryBytes,
      budget,
    )
    if (!choice.fits) throw noRoom(replica.endpoint, replica.variant.memoryBytes, budget)
    for (const id of choice.evict) {
      const gone = replicas.get(id)
      if (gone === undefined) continue
      gone.evict()
      host.tell(gone, 'replica-evicted', 'info', `made room for ${replica.endpoint}: it was the idlest`)
    }
    await Promise.all(unloading)
  }

  function sweep(): void {
    for (const [key, replica] of replicas) {
      replica.look()
      if (replica.isInTable || !replica.isGone) continue
      replica.away.disconnect()
      replicas.delete(key)
    }
  }

  /** Looks at those that were added once so much time has passed; they add themselves again. */
  function createRounds(ms: number) {
    const members = new Set<Replica>()
    let timer: NodeJS.Timeout | undefined
    return {
      add(replica: Replica): void {
        if (isClosed) return
        members.add(replica)
        timer ??= setTimeout(() => {
          timer = undefined
          const all = [...members]
          members.clear()
          for (const each of all) each.look()
        }, ms)
      },
      close: () => clearTimeout(timer),
    }
  }

  function status(): RunnerStatus {
    const { index, count, life } = options
    const time = now()
    const traffic = []
    for (const [key, { endpoint, variant, digest, traffic: sums, isShadow, replica }] of counted) {
      const report = sums.report(time, isShadow)
      if (report !== undefined) traffic.push({ endpoint, variant, digest, ...report })
      else if (replica === undefined && sums.inFlight === 0) counted.delete(key)
    }
    return {
      runner: `${project}-${index + 1}`,
      project,
      index,
      count,
      life,
      revision,
      memoryBytes: options.memoryBytes(),
      replicas: heldHere(),
      traffic,
    }
  }

  function heldHere(): ReplicaStatus[] {
    return [...replicas.values()].flatMap((replica) => replica.status() ?? [])
  }

  function counters(): EndpointCounters {
    return {
      variants: Array.from(counted.values(), ({ endpoint, variant, digest, traffic, replica }) => ({
        endpoint,
        variant,
        digest,
        requests: Object.fromEntries(traffic.codes),
        latency: Array.from(traffic.latency),
        latencySumMs: traffic.latencySumMs,
        rows: traffic.rows,
        inFlight: traffic.inFlight,
        coldStarts: replica?.coldStarts ?? 0,
        shadowDropped: traffic.shadowDropped,
        shadowCompared: traffic.compared,
        shadowDiffered: traffic.differed,
      })),
      replicas: heldHere(),
      keys: state.keys.all(),
    }
  }

  async function close(): Promise<void> {
    if (isClosed) return
    isClosed = true
    clearInterval(sweeper)
    soon.close()
    later.close()
    for (const { away } of replicas.values()) {
      away.end(planeClosed())
      away.disconnect()
    }
    deadlines.close()
    ready.resolve()
    await Promise.all(unloading)
  }

  const peers: DataPlane = createPeerPlane(plane, now, (endpoint, digest) => replicas.get(keyOf(endpoint, digest)))

  return {
    apply,
    get hasComing() {
      return hasComing
    },
    isComing: (model) => hasComing && replicas.get(keyOf(model.name, model.version))?.isComing === true,
    reopen: (endpoint, digest) => replicas.get(keyOf(endpoint, digest))?.reopen(),
    planeFor: (caller) => new CallerPlane(state, caller),
    refused,
    peers,
    status,
    counters,
    ready: ready.promise,
    close,
  }
}

function keyOf(...names: readonly string[]): string {
  return names.join(' ')
}
