import type { OfEndpoint } from '../../api/api-types.ts'
import type { Endpoint, EndpointRevision, EndpointSpec } from '../../api/resources.ts'
import { validateEndpointSpec } from '../../api/validate-endpoint.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { sees } from '../../auth/permissions.ts'
import { planChange, type ChangePlan } from '../policies/plan.ts'
import type { Stored, Writer } from '../store/store.ts'
import {
  checkConditions,
  nothing,
  type Call,
  type CommitOf,
  type Conditions,
  type Handlers,
  type Reply,
} from './call.ts'
import type { ApiOptions } from './doors.ts'
import { mergePatch } from './merge-patch.ts'
import { otherSignatures } from './other-signatures.ts'
import { pageByNumber } from './pages.ts'
import { endpointOf, projectOf } from './records.ts'
import { resolveSpec } from './resolve.ts'
import { shown } from './shown.ts'

type Names =
  | 'listEndpoints'
  | 'getEndpoint'
  | 'putEndpoint'
  | 'patchEndpoint'
  | 'deleteEndpoint'
  | 'planEndpoint'
  | 'undoEndpoint'
  | 'pauseEndpoint'
  | 'resumeEndpoint'
  | 'listRevisions'
  | 'getRevision'

export function createEndpointHandlers({ store, traffic }: ApiOptions): Pick<Handlers, Names> {
  /** What is known of shadows at the moment, beside what is kept. */
  async function withShadows(endpoint: Endpoint): Promise<Endpoint> {
    const { project, name, variants, spec } = endpoint
    if (traffic === undefined || !spec.variants.some(({ shadow }) => shadow !== undefined)) return endpoint
    const summary = await Promise.resolve(traffic(project)).catch(() => undefined) // the endpoint is told in any case
    const seen = new Map(
      summary?.variants.filter((each) => each.endpoint === name).map(({ variant, shadow }) => [variant, shadow]),
    )
    return {
      ...endpoint,
      variants: variants.map((variant) => {
        const shadow = seen.get(variant.name)
        return shadow === undefined ? variant : { ...variant, shadow }
      }),
    }
  }

  return {
    listEndpoints: {
      async read({ params: { project }, query: { state, ...query }, principal }) {
        const page = await store.read(async (tx) => {
          await projectOf(tx, project)
          return tx.list('endpoint', { project, states: state?.split(','), ...query })
        })
        const seen = page.items.filter(({ name }) => sees(principal, { project, endpoint: name }))
        return { body: { ...page, items: seen.map(shown) } }
      },
    },
    getEndpoint: {
      async read({ params: { project, endpoint } }) {
        const stored = await store.read(async (tx) => {
          await projectOf(tx, project)
          return endpointOf(tx, project, endpoint)
        })
        return { body: await withShadows(shown(stored)) }
      },
    },
    putEndpoint: {
      change: async ({ params, body, by, conditions }) => {
        const spec = validateEndpointSpec(body.spec)
        return async (tx) => {
          const stored = await tx.get('endpoint', params.project, params.endpoint)
          return revise(tx, { ...params, stored, spec, by, conditions, reason: body.reason })
        }
      },
    },
    patchEndpoint: {
      change: async ({ params, body, by, conditions }) => {
        return async (tx) => {
          const stored = await endpointOf(tx, params.project, params.endpoint)
          const spec = validateEndpointSpec(mergePatch(stored.document.spec, body.spec))
          return revise(tx, { ...params, stored, spec, by, conditions, reason: body.reason })
        }
      },
    },
    deleteEndpoint: {
      change: async ({ params: { project, endpoint }, conditions }) => {
        return async (tx) => {
          const stored = await endpointOf(tx, project, endpoint)
          checkConditions(conditions, stored)
          if (stored.document.state === 'deleting') return { body: shown(stored), isUnchanged: true }
          const document = { ...stored.document, state: 'deleting' as const, reason: 'it was deleted' }
          const now = await tx.update('endpoint', project, endpoint, stored.etag, document)
          await event(tx, { project, endpoint, type: 'endpoint-deleting', message: 'it will be deleted' })
          return { body: shown(now) }
        }
      },
    },
    planEndpoint: {
      async read({ params: { project, endpoint }, body }) {
        const spec = validateEndpointSpec(body.spec)
        return store.read(async (tx) => {
          await projectOf(tx, project)
          const stored = await tx.get('endpoint', project, endpoint)
          const { resolved, known } = await resolveSpec(tx, project, spec)
          const revision = stored && (await revisionOf(tx, { project, endpoint }, stored.document.revision))
          const plan = planWith(stored?.document.spec, spec, { before: revision?.document.resolved, now: resolved })
          const others = await otherSignatures(tx, { project, endpoint }, stored, { spec, resolved: known })
          return { body: { ...plan, spec, resolved: known, otherSignatures: others } }
        })
      },
    },
    undoEndpoint: {
      change: async ({ params, body, by, conditions }) => {
        return async (tx) => {
          const stored = await endpointOf(tx, params.project, params.endpoint)
          const number = body?.revision ?? stored.document.revision - 1
          if (number < 1)
            throw new ServingError(
              'conflict',
              `the endpoint ${quote(params.endpoint)} has no revision before its first`,
              {
                details: { reason: 'first_revision' },
              },
            )
          const older = await mustBeRevision(tx, params, number)
          const { spec, resolved } = older.document
          const reason = body?.reason ?? `back to revision ${number}`
          try {
            return await revise(tx, { ...params, stored, spec, by, conditions, reason, resolved })
          } catch (thrown) {
            const error = ServingError.from(thrown)
            if (error.code !== 'not_found') throw thrown
            throw new ServingError(
              'conflict',
              `revision ${number} of the endpoint ${quote(params.endpoint)} cannot come back: ${error.message}`,
              { cause: error, details: { ...error.details, reason: 'version_gone', revision: number } },
            )
          }
        }
      },
    },
    pauseEndpoint: { change: async (call) => setPaused(call, true) },
    resumeEndpoint: { change: async (call) => setPaused(call, false) },
    listRevisions: {
      async read({ params: { project, endpoint }, query }) {
        const body = await store.read(async (tx) => {
          await projectOf(tx, project)
          const { revision: last } = (await endpointOf(tx, project, endpoint)).document
          return pageByNumber(tx, { kind: 'revision', project, parent: endpoint, last }, query, shown)
        })
        return { body }
      },
    },
    getRevision: {
      async read({ params }) {
        const stored = await store.read(async (tx) => {
          await projectOf(tx, params.project)
          await endpointOf(tx, params.project, params.endpoint)
          return mustBeRevision(tx, params, params.revision)
        })
        return { body: shown(stored) }
      },
    },
  }
}

async function setPaused(
  { params, by, conditions }: Pick<Call<'pauseEndpoint'>, 'params' | 'by' | 'conditions'>,
  isPaused: boolean,
): Promise<CommitOf<Endpoint>> {
  return async (tx) => {
    const stored = await endpointOf(tx, params.project, params.endpoint)
    const current = await revisionOf(tx, params, stored.document.revision)
    const spec = { ...stored.document.spec, isPaused }
    const reason = isPaused ? 'paused' : 'resumed'
    return revise(tx, { ...params, stored, spec, by, conditions, reason, resolved: current?.document.resolved })
  }
}

interface Revising extends OfEndpoint {
  /** As it is; undefined where it will be made. */
  readonly stored: Stored<'endpoint'> | undefined
  readonly spec: EndpointSpec
  readonly by: string
  readonly conditions: Conditions
  readonly reason?: string | undefined
  /** Versions that its labels stand for, where they shall not be looked up anew. */
  readonly resolved?: EndpointRevision['resolved'] | undefined
}

/**
 * Makes an endpoint's next revision, or nothing where that would be as the current one. Whoever reconciles rolls it out.
 * @throws {ServingError} `conflict`, `not_found`
 */
async function revise(tx: Writer, change: Revising): Promise<Reply<'putEndpoint'>> {
  const { project, endpoint, stored, spec, by, reason = '' } = change
  checkConditions(change.conditions, stored)
  if (stored?.document.state === 'deleting')
    throw new ServingError('conflict', `the endpoint ${quote(endpoint)} is being deleted: try again once it is gone`, {
      details: { reason: 'deleting', retryAfterMs: 1000 },
    })
  const { resolved } = await resolveSpec(tx, project, spec, change.resolved)
  const current = stored && (await revisionOf(tx, change, stored.document.revision))
  const plan = planWith(stored?.document.spec, spec, { before: current?.document.resolved, now: resolved })
  if (stored !== undefined && plan.isNothing) return { body: shown(stored), isUnchanged: true }
  const revision = (stored?.document.revision ?? 0) + 1
  const record = { project, endpoint, revision, spec, by, reason, resolved }
  await tx.insert('revision', project, `${endpoint}/${revision}`, record)
  await event(tx, {
    project,
    endpoint,
    type: stored === undefined ? 'endpoint-created' : 'endpoint-changed',
    message: `revision ${revision}: ${plan.summary}`,
    details: { revision, by, effect: plan.effect, ...(reason === '' ? {} : { reason }) },
  })
  const audit = { details: { revision, effect: plan.effect } }
  if (stored === undefined) {
    const document = { project, name: endpoint, spec, revision, state: 'creating' as const, reason: '', variants: [] }
    return { body: shown(await tx.insert('endpoint', project, endpoint, document)), status: 201, audit }
  }
  const document = { ...stored.document, spec, revision }
  return { body: shown(await tx.update('endpoint', project, endpoint, stored.etag, document)), audit }
}

/** What a change brings about; a label that now stands for another version is a change too. */
function planWith(
  current: EndpointSpec | undefined,
  wanted: EndpointSpec,
  resolved: { readonly before: EndpointRevision['resolved'] | undefined; readonly now: EndpointRevision['resolved'] },
): ChangePlan {
  const plan = planChange(current, wanted)
  const { before = {}, now } = resolved
  // versions of variants that name what they named before; what was not ready then is the same version still
  const moved = wanted.variants.flatMap(({ name, model, version }) => {
    const old = current?.variants.find((variant) => variant.name === name)
    const from = before[name]?.version
    const to = now[name]?.version
    const isSame = old?.model === model && old.version === version
    return !isSame || from === undefined || to === undefined || from === to
      ? []
      : [{ path: `variants.${name}.version`, from: `${version} (${from})`, to: `${version} (${to})` }]
  })
  if (moved.length === 0) return plan
  const labels = moved.length === 1 ? 'a label stands' : `${moved.length} labels stand`
  const summary = `${labels} for another version now: rolls out${plan.isNothing ? '' : `; ${plan.summary}`}`
  return { changes: [...moved, ...plan.changes], isNothing: false, effect: 'rollout', summary }
}

async function revisionOf(
  tx: { get: Writer['get'] },
  { project, endpoint }: OfEndpoint,
  revision: number,
): Promise<Stored<'revision'> | undefined> {
  return tx.get('revision', project, `${endpoint}/${revision}`)
}

async function mustBeRevision(
  tx: { get: Writer['get'] },
  at: OfEndpoint,
  revision: number,
): Promise<Stored<'revision'>> {
  const stored = await revisionOf(tx, at, revision)
  if (stored === undefined) throw nothing(`revision ${revision} of the endpoint ${quote(at.endpoint)}`)
  return stored
}

async function event(
  tx: Writer,
  said: OfEndpoint & {
    readonly type: string
    readonly message: string
    readonly details?: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  const { project, endpoint: name, type, message, details = {} } = said
  await tx.addEvent({ project, kind: 'endpoint', name, type, level: 'info', message, details })
}
