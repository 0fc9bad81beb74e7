import type { Endpoint, PlatformEvent, RolloutDecision } from '../../api/resources.ts'
import { quote } from '../../core/text.ts'
import type { Environment } from '../environment.ts'
import type { Kinds, Store, Stored, Writer } from '../store/store.ts'
import type { PlantedBug } from './options.ts'
import { decisionOf, figuresOf, type EndpointView, type Resolved, type Step } from './rollout-step.ts'

/** Decisions that a rollout's record keeps. */
const DECISIONS_KEPT = 50

export interface ApplyDoors {
  readonly store: Store
  readonly environment: Environment
  readonly plantedBug?: PlantedBug | undefined
}

/**
 * Writes one step of an endpoint, in one transaction with its event.
 * @throws {ServingError} `conflict` where somebody changed the endpoint or its rollout since the view was taken: then
 * nothing is written, and the next pass decides anew
 */
export async function applyStep(doors: ApplyDoors, view: EndpointView, step: Step): Promise<void> {
  if (step.do === 'nothing') return
  await doors.store.transact(async (tx) => {
    const write = await createWrite(doors, view, tx)
    switch (step.do) {
      case 'adopt':
        return adopt(write, step.resolved)
      case 'begin':
        return begin(write)
      case 'load':
        await resolve(write, step.resolved)
        await write.rollout({ state: 'loading' })
        return write.event('rollout-loading', 'info', `loads revision ${write.toRevision}`)
      case 'shift':
        await write.rollout({
          state: 'shifting',
          step: step.step,
          share: step.share,
          stepBeganAtMs: doors.environment.wallMs(),
          ...decided(doors, view, step.judgement),
        })
        return write.event(
          'rollout-step',
          'info',
          `revision ${write.toRevision} gets ${percent(step.share)} of the traffic`,
          { step: step.step, share: step.share, reason: step.judgement?.reason },
        )
      case 'bake':
        return write.rollout({ state: 'baking', stepBeganAtMs: doors.environment.wallMs() })
      case 'note':
        return write.rollout(decided(doors, view, step.judgement))
      case 'roll-back':
        await write.rollout({
          state: 'rolling-back',
          share: 0,
          reason: step.reason,
          ...decided(doors, view, step.judgement),
        })
        return write.event(
          'rollout-rolling-back',
          'warning',
          `takes revision ${write.toRevision} back: ${step.reason}`,
          {
            figures: figuresOf(step.judgement),
          },
        )
      case 'end':
        return end(doors, view, write, step)
      case 'remove':
        return remove(write, tx, view.endpoint)
    }
  })
}

interface Write {
  readonly toRevision: number
  readonly document: Kinds['endpoint']
  readonly tx: Writer
  readonly newId: () => string
  endpoint(change: Partial<Kinds['endpoint']>): Promise<void>
  rollout(change: Partial<Kinds['rollout']>): Promise<void>
  event(type: string, level: PlatformEvent['level'], message: string, details?: Record<string, unknown>): Promise<void>
}

async function createWrite(doors: ApplyDoors, view: EndpointView, tx: Writer): Promise<Write> {
  const { endpoint, rollout } = view
  const { project, name, document } = endpoint
  let { etag } = endpoint
  if (doors.plantedBug === 'lost-update') etag = (await tx.get('endpoint', project, name))?.etag ?? etag
  else if ((await tx.get('endpoint', project, name))?.etag !== etag)
    // Steps of a rollout too are decided by what the endpoint said.
    await tx.update('endpoint', project, name, etag, document)
  return {
    toRevision: rollout?.document.toRevision ?? document.revision,
    document,
    tx,
    newId: doors.environment.newId,
    async endpoint(change) {
      await tx.update('endpoint', project, name, etag, withoutAbsent({ ...document, ...change }))
    },
    async rollout(change) {
      if (rollout === undefined) throw new Error('a step of a rollout without one: this is a bug')
      await tx.update('rollout', project, rollout.name, rollout.etag, withoutAbsent({ ...rollout.document, ...change }))
    },
    event: (type, level, message, details = {}) =>
      tx.addEvent({
        project,
        kind: type.startsWith('rollout') ? 'rollout' : 'endpoint',
        name,
        type,
        level,
        message,
        details: withoutAbsent({ endpoint: name, rollout: rollout?.name, ...details }),
      }),
  }
}

async function adopt(write: Write, resolved: Resolved): Promise<void> {
  const { revision } = write.document
  await resolve(write, resolved)
  await write.endpoint({ servedRevision: revision, settledRevision: revision, reason: '' })
  await write.event('endpoint-changed', 'info', `settings of revision ${revision} hold`, { revision })
}

async function begin(write: Write): Promise<void> {
  const { document } = write
  const name = write.newId()
  await write.tx.insert(
    'rollout',
    document.project,
    name,
    withoutAbsent({
      project: document.project,
      name,
      endpoint: document.name,
      fromRevision: document.servedRevision,
      toRevision: document.revision,
      spec: document.spec.rollout,
      state: 'pending' as const,
      step: 0,
      share: 0,
      decisions: [],
      reason: '',
    }),
  )
  await write.endpoint({
    rollout: name,
    state: document.servedRevision === undefined ? 'creating' : 'updating',
    reason: '',
  })
  await write.event('rollout-started', 'info', `rolls out revision ${document.revision}`, {
    rollout: name,
    from: document.servedRevision,
    to: document.revision,
    strategy: document.spec.rollout.strategy,
  })
}

/** Keeps what the labels and numbers of a revision stand for; from here on that is fixed. */
async function resolve({ document, tx }: Write, resolved: Resolved): Promise<void> {
  const name = `${document.name}/${document.revision}`
  const revision = await tx.get('revision', document.project, name)
  if (revision === undefined || Object.keys(resolved).every((variant) => variant in revision.document.resolved)) return
  await tx.update('revision', document.project, name, revision.etag, { ...revision.document, resolved })
}

async function end(
  doors: ApplyDoors,
  view: EndpointView,
  write: Write,
  step: Extract<Step, { do: 'end' }>,
): Promise<void> {
  const { document, toRevision } = write
  const isPromoted = step.state === 'promoted'
  await write.rollout({
    state: step.state,
    reason: step.reason,
    endedAtMs: doors.environment.wallMs(),
    ...(isPromoted ? { share: 1 } : { share: 0 }),
    ...decided(doors, view, step.judgement),
  })
  const servedRevision =
    isPromoted || (step.state === 'rolled-back' && doors.plantedBug === 'roll-back-to-new')
      ? toRevision
      : document.servedRevision
  await write.endpoint({
    rollout: undefined,
    servedRevision,
    ...(step.isSettled ? { settledRevision: toRevision } : {}),
    ...(document.state === 'deleting' ? {} : { state: restingState(document, servedRevision, step.isSettled) }),
    reason: isPromoted || document.state === 'deleting' ? '' : endReason(document, toRevision, step),
  })
  if (doors.plantedBug === 'silent-end') return
  await write.event(
    `rollout-${step.state}`,
    isPromoted ? 'info' : step.state === 'cancelled' ? 'warning' : 'error',
    isPromoted ? `revision ${toRevision} answers: ${step.reason}` : endReason(document, toRevision, step),
    { figures: figuresOf(step.judgement) },
  )
}

function endReason(document: Kinds['endpoint'], toRevision: number, { state, reason }: Extract<Step, { do: 'end' }>) {
  const now = document.servedRevision === undefined ? 'nothing answers' : `revision ${document.servedRevision} answers`
  const what = { 'rolled-back': 'was rolled back', cancelled: 'was cancelled', failed: 'failed', promoted: '' }[state]
  return `revision ${toRevision} ${what}: ${reason}; ${now}`
}

/** What an endpoint is called while no rollout is under way. */
export function restingState(
  document: Pick<Kinds['endpoint'], 'spec'>,
  servedRevision: number | undefined,
  isSettled: boolean,
): Endpoint['state'] {
  if (document.spec.isPaused) return 'paused'
  if (servedRevision !== undefined) return 'ready'
  return isSettled ? 'failed' : 'creating'
}

/** Takes an endpoint's records away: nobody routes to it any more. */
async function remove(write: Write, tx: Writer, endpoint: Stored<'endpoint'>): Promise<void> {
  const { project, name } = endpoint
  for (const revision of await tx.all('revision', { project, prefix: `${name}/` }))
    await tx.remove('revision', project, revision.name)
  for (const rollout of await tx.all('rollout', { project }))
    if (rollout.document.endpoint === name) await tx.remove('rollout', project, rollout.name)
  await tx.remove('endpoint', project, name, endpoint.etag)
  await write.event('endpoint-deleted', 'info', `endpoint ${quote(name)} is gone`)
}

function decided(
  { environment }: ApplyDoors,
  { rollout }: EndpointView,
  judgement: EndpointView['look'] extends () => infer J ? J : never,
): { decisions?: readonly RolloutDecision[] } {
  if (judgement === undefined || rollout === undefined) return {}
  const { document } = rollout
  const decision = decisionOf(judgement, document, environment.wallMs())
  return { decisions: [decision, ...document.decisions].slice(0, DECISIONS_KEPT) }
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}

/** Documents are compared and kept without what is undefined. */
function withoutAbsent<T extends object>(document: T): T {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined)) as T
}
