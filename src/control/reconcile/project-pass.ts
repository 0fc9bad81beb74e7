import { DEFAULT_ROLLOUT } from '../../api/resources.ts'
import type { RouteEndpoint, RouteTable } from '../../api/route-table.ts'
import { quote } from '../../core/text.ts'
import type { Environment } from '../environment.ts'
import type { Fleet } from '../fleet.ts'
import { planSteps } from '../policies/rollout.ts'
import type { Kinds, Store, Stored } from '../store/store.ts'
import { applyStep } from './apply-step.ts'
import type { Attempts } from './attempts.ts'
import { endpointStatus } from './endpoint-status.ts'
import { isAcknowledged, presenceOf, readinessOf, type FleetView, type Published } from './fleet-view.ts'
import type { Looks } from './looks.ts'
import type { ReconcilerOptions } from './options.ts'
import { identityOf, planEndpoint, type EndpointInput, type Side } from './plan-endpoint.ts'
import { isSame, keyRecords, planTable } from './plan-table.ts'
import type { Place, Presence } from './presence.ts'
import { nextStep, type EndpointView, type Resolution } from './rollout-step.ts'
import { createSizes, type SizeChange, type SizedVariant } from './sizes.ts'
import { at, labelled, type Snapshot } from './snapshot.ts'
import type { Traffic } from './traffic.ts'

export interface ProjectDoors {
  readonly store: Store
  readonly fleet: Fleet
  readonly environment: Environment
  readonly options: ReconcilerOptions
  readonly traffic: Traffic
  readonly looks: Looks
  readonly attempts: Attempts
  readonly presence: Presence
  /** How often something new was known of bundles. */
  readonly brought: () => number
  /** When control began to listen to the fleet (ms, on the clock that never goes back). */
  readonly startedAtMs: number
  /** Something was written: what was read before is old. */
  readonly onWritten: () => void
  readonly onScaled: (project: string, change: SizeChange) => void
}

/** One project, from pass to pass. */
export interface ProjectPass {
  /**
   * Publishes what the runners shall know, and does the next step of each endpoint.
   * @param isCurrent whether the snapshot is what the store says now; only then is anything written
   */
  pass(snapshot: Snapshot, isCurrent: boolean): Promise<void>
  /** A runner says something new of an endpoint: it is looked at in the next pass. */
  touch(endpoint: string): void
}

/** A question that a plan depends on, and what the answer was. */
interface Asked {
  readonly ask: (snapshot: Snapshot) => unknown
  readonly answer: unknown
}

interface Plan {
  readonly basis: readonly unknown[]
  readonly asked: readonly Asked[]
  readonly planned: RouteEndpoint | undefined
}

export function createProjectPass(doors: ProjectDoors, project: string): ProjectPass {
  const { fleet, environment, options, attempts } = doors
  const sizes = createSizes(doors.traffic, options)
  let published: RouteTable | undefined
  let isPublishedKnown = false
  let counted = 0
  /** The table in which an endpoint changed last, where this process has seen that; all others changed in the first, or before. */
  const changedIn = new Map<string, Published>()
  let first: Published | undefined
  /** The newest that was ever there to be read. */
  let followed: RouteTable | undefined

  /** Endpoints of which nothing was to be done, by what that was seen from. */
  const resting = new Map<string, { readonly record: Stored<'endpoint'>; readonly routed: RouteEndpoint | undefined }>()
  let touched = new Set<string>()
  let seenPresence = ''
  let roundAtMs = -Infinity
  /** What was planned of endpoints, by what it was planned from. */
  let plans = new Map<string, Plan>()
  let seenParts: readonly Parts[] = []
  /** From what it was planned when everything planned was published. */
  let still: { readonly basis: readonly unknown[]; readonly sinceMs: number } | undefined

  const connectedAtMs = new Map<string, number>()

  function viewOfFleet(): FleetView {
    const runners = fleet.runners(project)
    for (const { isConnected, status } of runners) if (isConnected) connectedAtMs.set(status.runner, environment.now())
    return {
      runners,
      connectedAtMs,
      size: fleet.sizeOf(project),
      now: environment.now(),
      staleAfterMs: options.staleAfterMs,
      startedAtMs: doors.startedAtMs,
      goneAfterMs: options.goneAfterMs,
      readWithinMs: options.readWithinMs,
    }
  }

  let index:
    | {
        readonly of: RouteTable
        readonly byName: ReadonlyMap<string, RouteEndpoint>
        readonly places: ReadonlyMap<string, Place>
      }
    | undefined

  function indexOfPublished(): typeof index {
    if (published === undefined) return undefined
    if (index?.of !== published) {
      const { endpoints } = published
      const byName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]))
      const places = new Map(
        endpoints.flatMap(({ variants }) =>
          variants.flatMap((variant) => (variant.isComing === true ? [] : [[variant.digest, variant] as const])),
        ),
      )
      index = { of: published, byName, places }
    }
    return index
  }

  function publishedEndpoint(name: string): RouteEndpoint | undefined {
    return indexOfPublished()?.byName.get(name)
  }

  /** Where runners find a version's bundle; undefined until somebody has looked. What they know already holds until then. */
  function placeOf({ folder = '', bundle }: Kinds['version']): Place | undefined {
    const digest = bundle?.digest ?? ''
    const known = indexOfPublished()?.places.get(digest)
    const found = doors.presence.of(digest, known !== undefined)
    if (found === 'coming') return known
    // Runners say what is wrong with it, and go on as soon as it is there.
    return found === 'missing' ? (known ?? { folder, isOurs: false }) : found
  }

  /** Whether runners can be told of all variants of a revision. */
  function areHere(snapshot: Snapshot, side: Side | undefined): boolean {
    const version = versionIn(snapshot)
    return (side?.spec.variants ?? []).every(({ name }) => {
      const resolved = side?.resolved[name]
      const made = resolved && version(resolved.model, resolved.version)
      return made === undefined || placeOf(made) !== undefined
    })
  }

  function changeOf(endpoint: string): Published {
    return changedIn.get(endpoint) ?? first ?? { revision: 0, atMs: environment.now() }
  }

  /** From here on, this is what runners read. Where the file is gone, they go on with what they have read. */
  function follow(table: RouteTable | undefined): void {
    published = table
    if (table === undefined || table === followed) return
    const change = { revision: table.revision, atMs: environment.now() }
    const before = new Map(followed?.endpoints.map((endpoint) => [endpoint.name, endpoint]))
    followed = table
    if (first === undefined) return void (first = change)
    for (const endpoint of table.endpoints) {
      if (!isSame(before.get(endpoint.name), endpoint)) changedIn.set(endpoint.name, change)
      before.delete(endpoint.name)
    }
    for (const name of before.keys()) changedIn.set(name, change)
  }

  async function pass(snapshot: Snapshot, isCurrent: boolean): Promise<void> {
    if (!isPublishedKnown) {
      follow(await fleet.published(project))
      isPublishedKnown = true
    }
    const view = viewOfFleet()
    if (!isStill(snapshot, view)) {
      const mine = snapshot.endpoints.filter((endpoint) => endpoint.project === project)
      seenParts = mine.map((endpoint) => partsOf(snapshot, endpoint))
    }
    const parts = seenParts
    await attempts.attempt(`sizes of ${project}`, async () => {
      for (const change of sizes.look(project, () => parts.flatMap(sizedVariants), view))
        doors.onScaled(project, change)
    })
    if (!isStill(snapshot, view)) await renew(snapshot, parts, view)
    if (!isCurrent) return
    for (const each of newsOf(parts, view))
      await attempts.attempt(`endpoint ${at(project, each.endpoint.name)}`, () => go(each))
  }

  /** Those of which something may have to be done; now and then all of them. */
  function newsOf(parts: readonly Parts[], view: FleetView): readonly Parts[] {
    const [fresh, presence] = [touched, presenceOf(view)]
    touched = new Set()
    if (presence !== seenPresence || view.now - roundAtMs >= options.roundEveryMs) {
      seenPresence = presence
      roundAtMs = view.now
      resting.clear()
      return parts
    }
    return parts.filter(({ endpoint }) => {
      const before = resting.get(endpoint.name)
      if (before?.record !== endpoint || before.routed !== publishedEndpoint(endpoint.name)) return true
      return fresh.has(endpoint.name)
    })
  }

  async function renew(snapshot: Snapshot, parts: readonly Parts[], view: FleetView): Promise<void> {
    still = undefined
    await publish(snapshot, parts, view)
    for (const { endpoint, target } of parts) {
      if (target === undefined) continue
      for (const { name, digest, replicas } of publishedEndpoint(endpoint.name)?.variants ?? [])
        sizes.hold(endpoint.name, name, digest, replicas, view.now)
    }
    for (const [name, { planned }] of plans) if (planned !== publishedEndpoint(name)) return
    still = { basis: basisOf(snapshot, view), sinceMs: view.now }
  }

  /** Whether a new plan would be the one that is published, as nothing has changed since. */
  function isStill(snapshot: Snapshot, view: FleetView): boolean {
    if (still === undefined || view.now - still.sinceMs >= options.roundEveryMs) return false
    const { basis } = still
    return basisOf(snapshot, view).every((part, i) => part === basis[i])
  }

  /** What tables are planned from; beside the calendar, by which keys expire. */
  function basisOf(snapshot: Snapshot, view: FleetView): readonly unknown[] {
    return [snapshot.revision, published, sizes.changes(), doors.brought(), view.size]
  }

  async function publish(snapshot: Snapshot, parts: readonly Parts[], view: FleetView): Promise<void> {
    const isKept = (document: Kinds['key']) =>
      options.plantedBug === 'keep-revoked-keys' && document.revokedAtMs !== undefined
    const keys = snapshot.keys.map((key) =>
      isKept(key.document) ? { ...key, document: { ...key.document, revokedAtMs: undefined } } : key,
    )
    const heard = view.runners.map(({ status }) => status.revision).filter((revision) => Number.isSafeInteger(revision))
    const planned = planTable({
      project,
      endpoints: plansOf(parts, view),
      keys: keyRecords(keys, project, environment.wallMs()),
      published,
      isAcknowledged: (endpoint) => isAcknowledged(view, changeOf(endpoint)),
      // Also where the file was lost, runners do not take an older table for a newer one.
      lastRevision: Math.max(0, ...heard),
      contractAtOnce: options.plantedBug === 'contract-at-once',
    })
    if (planned === published) return
    const table = options.plantedBug === 'forget-table-revision' ? { ...planned, revision: ++counted } : planned
    isPublishedKnown = false
    await fleet.publish(table)
    isPublishedKnown = true
    follow(table)
  }

  /** What the records say of an endpoint. */
  interface Parts {
    readonly snapshot: Snapshot
    readonly endpoint: Stored<'endpoint'>
    readonly rollout: Stored<'rollout'> | undefined
    readonly served: Kinds['revision'] | undefined
    /** Of the newest spec. */
    readonly newest: Kinds['revision'] | undefined
    /** What is in the table beside what serves. */
    readonly target: { readonly side: Side; readonly share: number } | undefined
  }

  function partsOf(snapshot: Snapshot, endpoint: Stored<'endpoint'>): Parts {
    const { name, document } = endpoint
    const revision = (number: number | undefined) =>
      number === undefined ? undefined : snapshot.revisions.get(at(project, `${name}/${number}`))?.document
    const rollout = document.rollout === undefined ? undefined : snapshot.rollouts.get(at(project, document.rollout))
    const side = revision(rollout?.document.toRevision)
    const isInTable =
      rollout !== undefined && rollout.document.state !== 'pending' && side !== undefined && areHere(snapshot, side)
    const share = rollout === undefined ? 0 : plannedShare(rollout.document)
    return {
      snapshot,
      endpoint,
      rollout,
      served: revision(document.servedRevision),
      newest: revision(document.revision),
      target: isInTable ? { side, share } : undefined,
    }
  }

  function plannedShare(rollout: Kinds['rollout']): number {
    return options.plantedBug === 'shift-before-ready' && rollout.state === 'loading' ? 1 : rollout.share
  }

  function versionIn(snapshot: Snapshot): EndpointInput['version'] {
    return (model, number) => {
      const version = snapshot.versions.get(at(project, `${model}/${number}`))?.document
      return version?.state === 'ready' ? version : undefined
    }
  }

  /** What was planned before, where all that it was planned from is still so. */
  function plansOf(parts: readonly Parts[], view: FleetView): RouteEndpoint[] {
    const next: typeof plans = new Map()
    for (const each of parts) {
      const { endpoint, served, target } = each
      const routed = publishedEndpoint(endpoint.name)
      const basis = [endpoint, served, target?.side, target?.share, routed, view.size]
      let plan = plans.get(endpoint.name)
      const isGood =
        plan?.basis.every((part, i) => part === basis[i]) === true &&
        plan.asked.every(({ ask, answer }) => ask(each.snapshot) === answer)
      if (plan === undefined || !isGood) {
        const asked: Asked[] = []
        const planned = planOf(each, view, (ask) => {
          const answer = ask(each.snapshot)
          asked.push({ ask, answer })
          return answer
        })
        // One and the same object means that nothing differs
        plan = { basis, asked, planned: isSame(planned, routed) ? routed : planned }
      }
      next.set(endpoint.name, plan)
    }
    plans = next
    return [...next.values()].flatMap(({ planned }) => planned ?? [])
  }

  function planOf(
    { endpoint, served, target }: Parts,
    view: FleetView,
    know: <T>(ask: (snapshot: Snapshot) => T) => T,
  ): RouteEndpoint | undefined {
    const { name, document } = endpoint
    if (document.state === 'deleting') return undefined
    const routed = publishedEndpoint(name)
    // What answers already is not exchanged for what is on its way. Where nothing does, callers are told what they wait for.
    const isAnswering = routed?.variants.some(({ isComing }) => isComing !== true) === true
    if (isAnswering && !know((of) => areHere(of, served))) return routed
    const planned = planEndpoint({
      name,
      isPaused: document.spec.isPaused,
      served,
      target,
      version(model, number) {
        const made = know((of) => versionIn(of)(model, number))
        if (made === undefined) return undefined
        const place = know(() => placeOf(made))
        return place === undefined ? { ...made, isComing: true } : { ...made, ...place }
      },
      labels: (model) => know((of) => of.models.get(at(project, model))?.document.labels) ?? {},
      desired: (variant, digest) => know(() => sizes.desired(name, variant, digest)),
      published: routed,
      runners: view.size,
    })
    return planned ?? (routed !== undefined ? { name, isPaused: document.spec.isPaused, variants: [] } : undefined)
  }

  function sizedVariants({ snapshot, endpoint, served, target }: Parts): SizedVariant[] {
    const inTable = publishedEndpoint(endpoint.name)
    if (inTable === undefined || inTable.isPaused) return []
    const sides = [target?.side, served].filter((side) => side !== undefined)
    return inTable.variants.flatMap((variant): SizedVariant[] => {
      const side = sides.find(({ resolved }) => resolved[variant.name]?.digest === variant.digest)
      const spec = side?.spec.variants.find(({ name }) => name === variant.name)
      const version = versionIn(snapshot)(variant.model, variant.number)
      if (spec === undefined) return []
      return [
        {
          endpoint: endpoint.name,
          spec,
          digest: variant.digest,
          targetInFlight: version?.bundle?.targetInFlight.value ?? variant.targetInFlight,
          replicas: variant.replicas,
          isHeld: target !== undefined,
        },
      ]
    })
  }

  /** The next step of an endpoint; where there is none, its record is brought up to what is seen. */
  async function go(parts: Parts): Promise<void> {
    const { endpoint, rollout } = parts
    const routed = publishedEndpoint(endpoint.name)
    resting.delete(endpoint.name)
    const view = viewOfFleet()
    const { endpointView, isNoteDue } = viewOf(parts, view)
    const step = nextStep(endpointView)
    const isWritten = step.do !== 'nothing' && (step.do !== 'note' || isNoteDue())
    if (isWritten) {
      doors.onWritten()
      return applyStep({ store: doors.store, environment, plantedBug: options.plantedBug }, endpointView, step)
    }
    const { document } = endpoint
    const status = endpointStatus(document, rollout?.document, routed, view)
    const isTold = status.state === document.state && status.reason === document.reason
    if (isTold && isSame(status.variants, document.variants)) {
      const isAtRest = rollout === undefined && document.settledRevision === document.revision
      if (isAtRest && document.state !== 'deleting') resting.set(endpoint.name, { record: endpoint, routed })
      return
    }
    doors.onWritten()
    await doors.store.transact(async (tx) => {
      await tx.update('endpoint', project, endpoint.name, endpoint.etag, { ...document, ...status })
      const { name } = endpoint
      const wasFailed = document.state === 'failed'
      if (status.state === 'failed' && !wasFailed)
        await tx.addEvent({ ...ofEndpoint(name), type: 'endpoint-failing', level: 'error', message: status.reason })
      else if (status.state === 'ready' && wasFailed)
        await tx.addEvent({
          ...ofEndpoint(name),
          type: 'endpoint-recovered',
          level: 'info',
          message: 'it answers again',
        })
    })
  }

  function ofEndpoint(name: string) {
    return { project, kind: 'endpoint', name, details: {} } as const
  }

  function viewOf(parts: Parts, view: FleetView): { endpointView: EndpointView; isNoteDue: () => boolean } {
    const { snapshot, endpoint, rollout, served, newest } = parts
    const { name } = endpoint
    const old = identitiesOf(served)
    const made = newest === undefined ? new Set<string>() : identitiesOf(newest, old)
    const isCompared = old.size > 0 && made.size > 0
    const memory = rollout && doors.looks.follow(rollout, old, made)
    const acknowledged = isAcknowledged(view, changeOf(name))
    return {
      isNoteDue: () => memory?.isNoteDue() ?? false,
      endpointView: {
        endpoint,
        rollout: options.plantedBug === 'two-rollouts' && isSuperseded(parts) ? undefined : rollout,
        served,
        target: newest,
        resolve: ({ model, version }) => resolutionOf(snapshot, model, version),
        isAcknowledged:
          acknowledged || (options.plantedBug === 'remove-before-retract' && endpoint.document.state === 'deleting'),
        readiness: readinessOfTarget(name, newest, view),
        inStateForMs: memory?.inStateForMs ?? 0,
        loadGraceMs: options.loadGraceMs,
        isCompared,
        shares: isCompared ? planSteps(rollout?.document.spec ?? DEFAULT_ROLLOUT).map(({ share }) => share) : [1],
        ease: (share) => memory?.ease(share),
        look: () => memory?.look(),
      },
    }
  }

  function isSuperseded({ endpoint, rollout }: Parts): boolean {
    return rollout !== undefined && rollout.document.toRevision !== endpoint.document.revision
  }

  function readinessOfTarget(endpoint: string, target: Kinds['revision'] | undefined, view: FleetView) {
    const inTable = publishedEndpoint(endpoint)
    return (target?.spec.variants ?? []).flatMap(({ name }) => {
      const digest = target?.resolved[name]?.digest
      if (digest === undefined) return []
      const variant = inTable?.variants.find((each) => each.name === name && each.digest === digest)
      const wanted = { endpoint, digest, replicas: variant?.replicas ?? 1 }
      const readiness = readinessOf(view, wanted, changeOf(endpoint).revision)
      if (options.plantedBug === 'ready-on-one' && readiness.ready > 0)
        return [{ variant: name, readiness: { ...readiness, ready: readiness.wanted } }]
      return [{ variant: name, readiness }]
    })
  }

  function resolutionOf(snapshot: Snapshot, model: string, wanted: number | string): Resolution {
    const number =
      typeof wanted === 'number' ? wanted : labelled(snapshot.models.get(at(project, model))?.document, wanted)
    if (number === undefined)
      return { state: 'failed', reason: `model ${quote(model)} has no label ${quote(String(wanted))}` }
    const version = snapshot.versions.get(at(project, `${model}/${number}`))?.document
    const named = `version ${number} of model ${quote(model)}`
    if (version === undefined) return { state: 'failed', reason: `${named} is gone` }
    if (version.state === 'ready' && version.bundle !== undefined) {
      if (placeOf(version) === undefined) return { state: 'waiting', reason: `${named} is being brought here` }
      return { state: 'ready', model, version: number, digest: version.bundle.digest }
    }
    if (version.state === 'failed')
      return { state: 'failed', reason: `${named} failed: ${version.problem?.message ?? ''}` }
    if (version.state === 'cancelled') return { state: 'failed', reason: `${named} was cancelled` }
    return { state: 'waiting', reason: `${named} is ${version.state}` }
  }

  return { pass, touch: (endpoint) => void touched.add(endpoint) }
}

/** Variants with traffic of their own, without those of `but`. */
function identitiesOf(side: Side | undefined, but: ReadonlySet<string> = new Set()): Set<string> {
  const identities = new Set<string>()
  for (const { name, shadow } of side?.spec.variants ?? []) {
    const digest = side?.resolved[name]?.digest
    if (digest === undefined || shadow !== undefined) continue
    const identity = identityOf({ name, digest })
    if (!but.has(identity)) identities.add(identity)
  }
  return identities
}
