import { DEFAULT_ROLLOUT, DEFAULT_SCALING, type EndpointSpec, type VariantSpec } from '../../api/resources.ts'
import type { Kinds, Store, Writer } from '../store/store.ts'
import type { Invariants } from './invariants.ts'
import { NATURES, type Nature } from './natures.ts'
import type { Chance, VirtualTime } from './virtual-time.ts'
import type { Mirror } from './watched-store.ts'

export interface WorkloadDoors {
  readonly time: VirtualTime
  readonly chance: Chance
  /** As the API writes it: what it acknowledges is there. */
  readonly store: Store
  readonly mirror: Mirror
  readonly invariants: Invariants
  readonly rates: Map<string, number>
  readonly projects: readonly string[]
}

const MODELS = ['a', 'b']
const ENDPOINTS = ['fraud', 'churn', 'spam']
const ACTIVE = ['pending', 'loading', 'shifting', 'baking', 'rolling-back']

/** Does to the records what the API does for people who change their minds. */
export function createWorkload(doors: WorkloadDoors) {
  const { time, chance, store, mirror, rates } = doors
  let files = 0
  let keys = 0

  function step(): Promise<void> {
    const project = chance.pick(doors.projects)
    const endpoint = chance.pick(ENDPOINTS)
    const dice = chance.next()
    time.note(`step ${dice}`)
    if (dice < 0.25) return addVersion(project, chance.happens(0.55) ? 'good' : chance.pick(NATURES))
    if (dice < 0.6) return deploy(project, endpoint)
    if (dice < 0.64) return change(project, endpoint, (spec) => ({ ...spec, isPaused: !spec.isPaused }))
    if (dice < 0.7) return change(project, endpoint, (spec) => ({ ...spec, variants: spec.variants.map(rescaled) }))
    if (dice < 0.75) return remove(project, endpoint)
    if (dice < 0.79) return moveLabel(project)
    if (dice < 0.83) return cancelVersion(project)
    if (dice < 0.87) return wish(project)
    if (dice < 0.91) return addKey(project)
    if (dice < 0.94) return revokeKey(project)
    rates.set(`${project}/${endpoint}`, chance.pick([0, 0, 20, 60]))
    return Promise.resolve()
  }

  async function begin(): Promise<void> {
    await store.transact(async (tx) => {
      for (const project of doors.projects) {
        await tx.insert('project', '', project, { name: project, description: '' })
        for (const model of MODELS)
          await tx.insert('model', project, model, { project, name: model, description: '', labels: {}, lastNumber: 0 })
      }
    })
    for (const project of doors.projects) {
      for (const name of ENDPOINTS) rates.set(`${project}/${name}`, chance.pick([0, 20, 60]))
      await addVersion(project, 'good')
      await addVersion(project, 'good')
      await deploy(project, 'fraud')
    }
  }

  async function addVersion(project: string, nature: Nature): Promise<void> {
    const model = chance.pick(MODELS)
    const fileName = `${nature}-${++files}`
    await store.transact(async (tx) => {
      const stored = await tx.get('model', project, model)
      if (stored === undefined) return
      const number = stored.document.lastNumber + 1
      await tx.update('model', project, model, stored.etag, { ...stored.document, lastNumber: number })
      await tx.insert('version', project, `${model}/${number}`, {
        project,
        model,
        number,
        state: 'pending',
        source: { type: 'upload', upload: fileName },
        fileName,
        description: '',
        how: { allowUntested: false },
        warnings: [],
        isCancelled: false,
        attempts: 0,
      })
    })
  }

  function variantsOf(project: string, natures?: readonly Nature[]): VariantSpec[] {
    const usable = mirror.all('version').filter(({ project: owner, document }) => {
      if (owner !== project || document.state === 'failed' || document.state === 'cancelled') return false
      return (
        natures === undefined ||
        (document.state === 'ready' && natures.some((nature) => document.fileName.startsWith(`${nature}-`)))
      )
    })
    const labelled = mirror
      .all('model')
      .filter((model) => model.project === project && 'stable' in model.document.labels)
    const names = chance.happens(0.3) ? ['blue', 'green'] : ['blue']
    return names.flatMap((name, i): VariantSpec[] => {
      if (usable.length === 0) return []
      const { document } = chance.pick(usable)
      const byLabel =
        natures === undefined && labelled.length > 0 && chance.happens(0.2) ? chance.pick(labelled) : undefined
      const isShadow = i === 1 && chance.happens(0.3)
      return [
        rescaled({
          name,
          model: byLabel?.name ?? document.model,
          version: byLabel === undefined ? document.number : 'stable',
          weight: isShadow ? 0 : i === 1 ? chance.pick([0, 1, 3]) : 1,
          ...(isShadow ? { shadow: 0.5 } : {}),
          scaling: DEFAULT_SCALING,
          isolation: 'runner',
        }),
      ]
    })
  }

  function rescaled(variant: VariantSpec): VariantSpec {
    return {
      ...variant,
      scaling: {
        ...DEFAULT_SCALING,
        minReplicas: chance.pick([0, 0, 1, 2]),
        ...(chance.happens(0.3) ? { maxReplicas: 2 } : {}),
        idleTimeoutMs: chance.pick([6000, 9000]),
        downscaleDelayMs: 2000,
      },
    }
  }

  function specOf(variants: readonly VariantSpec[], falseAlarm = 0.01): EndpointSpec {
    return {
      description: '',
      variants,
      ...(chance.happens(0.2) ? { sticky: { by: 'key' as const } } : {}),
      rollout: {
        ...DEFAULT_ROLLOUT,
        strategy: chance.pick(['all-at-once', 'all-at-once', 'canary', 'linear', 'blue-green']),
        step: chance.pick([0.1, 0.3, 0.5]),
        bakeMs: chance.pick([500, 1500, 3000]),
        timeoutMs: chance.pick([15_000, 40_000]),
        minSamples: 20,
        falseAlarm,
      },
      isPaused: false,
    }
  }

  async function deploy(
    project: string,
    name: string,
    natures?: readonly Nature[],
    falseAlarm?: number,
  ): Promise<void> {
    const variants = variantsOf(project, natures)
    if (variants.length > 0) await put(project, name, specOf(variants, falseAlarm))
  }

  async function change(project: string, name: string, edit: (spec: EndpointSpec) => EndpointSpec): Promise<void> {
    const endpoint = mirror.get('endpoint', project, name)
    if (endpoint !== undefined) await put(project, name, edit(endpoint.document.spec))
  }

  /** A new revision, as PUT makes one. */
  async function put(project: string, name: string, spec: EndpointSpec): Promise<void> {
    await store.transact(async (tx) => {
      const stored = await tx.get('endpoint', project, name)
      if (stored?.document.state === 'deleting') return
      const resolved: Record<string, { model: string; version: number; digest: string }> = {}
      for (const variant of spec.variants) {
        const number =
          typeof variant.version === 'number'
            ? variant.version
            : (await tx.get('model', project, variant.model))?.document.labels[variant.version]
        const version =
          number === undefined ? undefined : await tx.get('version', project, `${variant.model}/${number}`)
        const digest = version?.document.state === 'ready' ? version.document.bundle?.digest : undefined
        if (number !== undefined && digest !== undefined)
          resolved[variant.name] = { model: variant.model, version: number, digest }
      }
      const revision = (stored?.document.revision ?? 0) + 1
      await tx.insert('revision', project, `${name}/${revision}`, {
        project,
        endpoint: name,
        revision,
        spec,
        by: 'somebody',
        reason: '',
        resolved,
      })
      if (stored === undefined)
        await tx.insert('endpoint', project, name, {
          project,
          name,
          spec,
          revision,
          state: 'creating',
          reason: '',
          variants: [],
        })
      else await tx.update('endpoint', project, name, stored.etag, { ...stored.document, spec, revision })
    })
  }

  async function remove(project: string, name: string): Promise<void> {
    await store.transact(async (tx) => {
      const stored = await tx.get('endpoint', project, name)
      if (stored !== undefined)
        await tx.update('endpoint', project, name, stored.etag, { ...stored.document, state: 'deleting' })
    })
  }

  async function moveLabel(project: string): Promise<void> {
    const ready = mirror
      .all('version')
      .filter((version) => version.project === project && version.document.state === 'ready')
    if (ready.length === 0) return
    const { model, number } = chance.pick(ready).document
    await edit('model', project, model, (document) => ({ ...document, labels: { ...document.labels, stable: number } }))
  }

  async function cancelVersion(project: string): Promise<void> {
    const open = mirror
      .all('version')
      .filter(({ project: owner, document }) => owner === project && ['pending', 'making'].includes(document.state))
    if (open.length > 0)
      await edit('version', project, chance.pick(open).name, (document) => ({ ...document, isCancelled: true }))
  }

  async function wish(project: string): Promise<void> {
    const active = mirror
      .all('rollout')
      .filter(({ project: owner, document }) => owner === project && ACTIVE.includes(document.state))
    if (active.length === 0) return
    const wanted = chance.pick(['promote', 'roll-back', 'cancel'] as const)
    await edit('rollout', project, chance.pick(active).name, (document) => ({ ...document, wish: wanted }))
  }

  async function addKey(project: string): Promise<void> {
    const owner = chance.happens(0.3) ? '*' : project
    const name = `key${++keys}`
    const jump = time.wallOffsetMs + time.nowMs
    await store.transact(async (tx) => {
      await tx.insert('key', owner, name, {
        project: owner,
        name,
        role: 'invoker',
        hint: 'slw_',
        quotas: {},
        sha256: name,
        ...(chance.happens(0.2) ? { expiresAtMs: jump + chance.between(1000, 100_000) } : {}),
      })
    })
  }

  async function revokeKey(project: string): Promise<void> {
    const valid = mirror
      .all('key')
      .filter((key) => (key.project === project || key.project === '*') && key.document.revokedAtMs === undefined)
    if (valid.length === 0) return
    const { project: owner, name, uid } = chance.pick(valid)
    doors.invariants.revokedAt.set(uid, time.nowMs)
    await edit('key', owner, name, (document) => ({ ...document, revokedAtMs: time.wallOffsetMs + time.nowMs }))
  }

  async function edit<K extends 'model' | 'version' | 'rollout' | 'key'>(
    kind: K,
    project: string,
    name: string,
    change: (document: Kinds[K]) => Kinds[K],
  ): Promise<void> {
    await store.transact(async (tx: Writer) => {
      const stored = await tx.get(kind, project, name)
      if (stored === undefined) return
      const { state } = stored.document as { state?: string }
      const isOver =
        kind === 'version'
          ? state !== 'pending' && state !== 'making'
          : kind === 'rollout' && !ACTIVE.includes(state ?? '')
      if (!isOver) await tx.update(kind, project, name, stored.etag, change(stored.document))
    })
  }

  /** The last word: nothing hangs any more, and each endpoint gets something sound. */
  async function finish(): Promise<void> {
    for (const { project, name, document } of mirror.all('version'))
      if (['hangs', 'deaf'].some((nature) => document.fileName.startsWith(nature)))
        await edit('version', project, name, (version) => ({ ...version, isCancelled: true }))
    for (const { project, name, document } of mirror.all('endpoint'))
      if (document.state !== 'deleting' && chance.happens(0.5)) await deploy(project, name, ['good'], 1e-6)
  }

  return { begin, step, finish, addVersion, put }
}
