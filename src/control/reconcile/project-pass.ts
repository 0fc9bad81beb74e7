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
import { isAcknowledged, readinessOf, type FleetView } from './fleet-view.ts'
import type { Looks } from './looks.ts'
import type { ReconcilerOptions } from './options.ts'
import { identityOf, planEndpoint, type EndpointInput, type Side } from './plan-endpoint.ts'
import { keyRecords, planTable } from './plan-table.ts'
import { nextStep, type EndpointView, type Resolution } from './rollout-step.ts'
import { createSizes, type SizeChange, type SizedVariant } from './sizes.ts'
import { at, type Snapshot } from './snapshot.ts'
import type { Traffic } from './traffic.ts'

export interface ProjectDoors {
  readonly store: Store
  readonly fleet: Fleet
  readonly environment: Environment
  readonly options: ReconcilerOptions
  readonly traffic: Traffic
  readonly looks: Looks
  readonly attempts: Attempts
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
}

export function createProjectPass(doors: ProjectDoors, project: string): ProjectPass {
  const { fleet, environment, options, attempts } = doors
  const sizes = createSizes(doors.traffic, options)
  let published: RouteTable | undefined
  let isPublishedKnown = false
  let counted = 0
  /** Revision of the table in which an endpoint changed last, as far as this process knows. */
  const changedAt = new Map<string, number>()

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
    }
  }

  let index: { readonly of: RouteTable; readonly byName: ReadonlyMap<string, RouteEndpoint> } | undefined

  function publishedEndpoint(name: string): RouteEndpoint | undefined {
    if (published === undefined) return undefined
    if (index?.of !== published)
      index = { of: published, byName: new Map(published.endpoints.map((endpoint) => [endpoint.name, endpoint])) }
    return index.byName.get(name)
  }

  function revisionOf(endpoint: string): number {
    return changedAt.get(endpoint) ?? published?.revision ?? 0
  }

  async function pass(snapshot: Snapshot, isCurrent: boolean): Promise<void> {
    if (!isPublishedKnown) {
      published = await fleet.published(project)
      isPublishedKnown = true
    }
    const view = viewOfFleet()
    const mine = snapshot.endpoints.filter((endpoint) => endpoint.project === project)
    const parts = mine.map((endpoint) => partsOf(snapshot, endpoint))
    await attempts.attempt(`sizes of ${project}`, async () => {
      for (const change of sizes.look(project, parts.flatMap(sizedVariants), view)) doors.onScaled(project, change)
    })
    await publish(snapshot, parts, view)
    for (const { endpoint, target } of parts) {
      if (target === undefined) continue
      for (const { name, digest, replicas } of publishedEndpoint(endpoint.name)?.variants ?? [])
        sizes.hold(endpoint.name, name, digest, replicas, view.now)
    }
    if (!isCurrent) return
    for (const each of parts) await attempts.attempt(`endpoint ${at(project, each.endpoint.name)}`, () => go(each))
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
      endpoints: parts.flatMap((each) => planOf(each, view) ?? []),
      keys: keyRecords(keys, project, environment.wallMs()),
      published,
      isAcknowledged: (endpoint) => isAcknowledged(view, revisionOf(endpoint)),
      // Also where the file was lost, runners do not take an older table for a newer one.
      lastRevision: Math.max(0, ...heard),
      contractAtOnce: options.plantedBug === 'contract-at-once',
    })
    if (planned === published) return
    const table = options.plantedBug === 'forget-table-revision' ? { ...planned, revision: ++counted } : planned
    const before = new Map(published?.endpoints.map((endpoint) => [endpoint.name, JSON.stringify(endpoint)]))
    isPublishedKnown = false
    await fleet.publish(table)
    isPublishedKnown = true
    for (const endpoint of table.endpoints) {
      if (before.get(endpoint.name) !== JSON.stringify(endpoint)) changedAt.set(endpoint.name, table.revision)
      before.delete(endpoint.name)
    }
    for (const name of before.keys()) changedAt.set(name, table.revision)
    published = table
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
    const isInTable = rollout !== undefined && rollout.document.state !== 'pending' && side !== undefined
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

  function planOf({ snapshot, endpoint, served, target }: Parts, view: FleetView): RouteEndpoint | undefined {
    const { name, document } = endpoint
    if (document.state === 'deleting') return undefined
    const planned = planEndpoint({
      name,
      isPaused: document.spec.isPaused,
      served,
      target,
      version: versionIn(snapshot),
      labels: (model) => snapshot.models.get(at(project, model))?.document.labels ?? {},
      desired: (variant, digest) => sizes.desired(name, variant, digest),
      published: publishedEndpoint(name),
      runners: view.size,
    })
    const isRouted = publishedEndpoint(name) !== undefined
    return planned ?? (isRouted ? { name, isPaused: document.spec.isPaused, variants: [] } : undefined)
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
    const view = viewOfFleet()
    const { endpointView, isNoteDue } = viewOf(parts, view)
    const step = nextStep(endpointView)
    const isWritten = step.do !== 'nothing' && (step.do !== 'note' || isNoteDue())
    if (isWritten) {
      doors.onWritten()
      return applyStep({ store: doors.store, environment, plantedBug: options.plantedBug }, endpointView, step)
    }
    const { document } = endpoint
    const status = endpointStatus(document, rollout?.document, publishedEndpoint(endpoint.name), view)
    if (status.state === document.state && JSON.stringify(status.variants) === JSON.stringify(document.variants)) return
    doors.onWritten()
    await doors.store.transact(async (tx) => {
      await tx.update('endpoint', project, endpoint.name, endpoint.etag, { ...document, ...status })
    })
  }

  function viewOf(parts: Parts, view: FleetView): { endpointView: EndpointView; isNoteDue: () => boolean } {
    const { snapshot, endpoint, rollout, served, newest } = parts
    const { name } = endpoint
    const old = identitiesOf(served)
    const made = newest === undefined ? new Set<string>() : identitiesOf(newest, old)
    const isCompared = old.size > 0 && made.size > 0
    const memory = rollout && doors.looks.follow(rollout, old, made)
    const acknowledged = isAcknowledged(view, revisionOf(name))
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
      const readiness = readinessOf(view, wanted, revisionOf(endpoint))
      if (options.plantedBug === 'ready-on-one' && readiness.ready > 0)
        return [{ variant: name, readiness: { ...readiness, ready: readiness.wanted } }]
      return [{ variant: name, readiness }]
    })
  }

  function resolutionOf(snapshot: Snapshot, model: string, wanted: number | string): Resolution {
    const number =
      typeof wanted === 'number' ? wanted : snapshot.models.get(at(project, model))?.document.labels[wanted]
    if (number === undefined)
      return { state: 'failed', reason: `model ${quote(model)} has no label ${quote(String(wanted))}` }
    const version = snapshot.versions.get(at(project, `${model}/${number}`))?.document
    const named = `version ${number} of model ${quote(model)}`
    if (version === undefined) return { state: 'failed', reason: `${named} is gone` }
    if (version.state === 'ready' && version.bundle !== undefined)
      return { state: 'ready', model, version: number, digest: version.bundle.digest }
    if (version.state === 'failed')
      return { state: 'failed', reason: `${named} failed: ${version.problem?.message ?? ''}` }
    if (version.state === 'cancelled') return { state: 'failed', reason: `${named} was cancelled` }
    return { state: 'waiting', reason: `${named} is ${version.state}` }
  }

  return { pass }
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
