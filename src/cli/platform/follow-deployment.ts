import { VERSION_PHASES, type Endpoint, type Problem, type Rollout, type Version } from '../../api/resources.ts'
import type { Client } from '../../client/client.ts'
import { ERROR_CODES, ServingError } from '../../core/errors.ts'
import { formatShare } from './terminal.ts'
import type { Watch } from './watch.ts'

/** What a deployment goes through, in this order. */
export const DEPLOY_PHASES = ['uploading', ...VERSION_PHASES, 'loading', 'routing'] as const
export type DeployPhase = (typeof DEPLOY_PHASES)[number]

/** Told of a phase as it begins and of its progress, 0 to 1, where that is known. */
export type OnPhase = (phase: DeployPhase, progress: number | undefined, text: string) => void

export interface Followed {
  readonly client: Client
  readonly project: string
  readonly watch: Watch
  readonly onPhase: OnPhase
  readonly signal: AbortSignal
}

/** A problem as the platform keeps it, as what it was: an error. @param what failed, for the message */
export function problemError(
  what: string,
  problem: Problem,
  more: Readonly<Record<string, unknown>> = {},
): ServingError {
  const code = ERROR_CODES.find((each) => each === problem.code) ?? 'internal'
  const { logTail } = problem
  return new ServingError(code, `${what}: ${problem.message}`, {
    details: { ...problem.details, ...(logTail === undefined ? {} : { logTail }), ...more },
  })
}

/**
 * Waits until a version is ready.
 * @throws {ServingError} why it never will be, with the log's tail in `details.logTail`
 */
export async function followVersion(
  { client, project, watch, onPhase, signal }: Followed,
  model: string,
  number: number,
): Promise<Version> {
  const params = { project, model, version: number }
  for (;;) {
    const version = await client.call('getVersion', { params, signal })
    const { state, phase, progress, problem } = version
    const what = `version ${model}/${number}`
    if (state === 'ready') return version
    if (state === 'failed')
      throw problemError(
        `${what} failed`, // its phase is written down now and then, and may be of a moment before
        problem ?? { code: 'internal', message: 'the platform does not say why', details: {} },
        { model, version: number },
      )
    if (state === 'cancelled')
      throw new ServingError('cancelled', `${what} was cancelled`, { details: { model, version: number } })
    if (phase !== undefined) onPhase(phase, progress, nameOf(phase))
    await watch.next()
  }
}

/** How a change of an endpoint ended. */
export interface Outcome {
  readonly endpoint: Endpoint
  readonly rollout: Rollout | undefined
}

/**
 * Waits until a revision of an endpoint answers.
 * @throws {ServingError} why it never will: rolled back, failed, cancelled, or superseded by a later change
 */
export async function followRevision(followed: Followed, name: string, revision: number): Promise<Outcome> {
  const { client, project, watch, onPhase, signal } = followed
  let rollout: Rollout | undefined
  let hasEnded = false
  for (;;) {
    const endpoint = await client.call('getEndpoint', { params: { project, endpoint: name }, signal })
    const id = endpoint.rollout ?? rollout?.name
    if (id !== undefined) {
      const seen = await client.call('getRollout', { params: { project, rollout: id }, signal })
      if (seen.toRevision === revision) rollout = seen
    }
    if (rollout === undefined && endpoint.servedRevision !== revision)
      rollout = await rolloutOf(client, project, name, revision, signal)
    if (endpoint.servedRevision === revision && endpoint.rollout === undefined) return { endpoint, rollout }
    if (endpoint.state === 'paused' && endpoint.revision === revision && endpoint.rollout === undefined)
      return { endpoint, rollout }
    if (endpoint.revision !== revision)
      throw new ServingError(
        'conflict',
        `endpoint ${name} was changed again meanwhile, to revision ${endpoint.revision}: this change (revision ${revision}) is not followed further`,
        { details: { endpoint: name, revision, current: endpoint.revision } },
      )
    if (rollout !== undefined && isOver(rollout)) {
      if (hasEnded) throw endedError(endpoint, rollout)
      hasEnded = true
      continue // the endpoint may have been read before that: what it says now counts
    }
    // it may have failed before this change, which has not begun
    if (endpoint.state === 'failed' && rollout === undefined && endpoint.settledRevision === revision)
      throw new ServingError('unavailable', `endpoint ${name} failed: ${endpoint.reason}`, {
        details: { endpoint: name, revision },
      })
    const reason = rollout?.decisions[0]?.reason ?? ''
    if (rollout === undefined || rollout.state === 'pending' || rollout.state === 'loading')
      onPhase('loading', undefined, 'loading')
    else {
      const share = `routing ${formatShare(rollout.share)} of the traffic`
      onPhase('routing', rollout.share, reason === '' ? share : `${share}: ${reason}`)
    }
    await watch.next()
  }
}

/** Whether nothing will change it any more. */
export function isOver({ state }: Rollout): boolean {
  return state === 'promoted' || state === 'rolled-back' || state === 'cancelled' || state === 'failed'
}

/** The rollout that brings a revision about, of those that have ended too. */
async function rolloutOf(
  client: Client,
  project: string,
  endpoint: string,
  revision: number,
  signal: AbortSignal,
): Promise<Rollout | undefined> {
  const page = await client.call('listRollouts', { params: { project }, query: { endpoint, limit: 1000 }, signal })
  return page.items.find((each) => each.toRevision === revision)
}

function endedError(endpoint: Endpoint, { state, reason, name, toRevision }: Rollout): ServingError {
  const serving =
    endpoint.servedRevision === undefined
      ? 'it has nothing to answer with yet'
      : `it goes on answering with revision ${endpoint.servedRevision}`
  const word = { 'rolled-back': 'was rolled back', cancelled: 'was cancelled' }[state as string] ?? 'failed'
  const failing = endpoint.variants.find(({ problem }) => problem !== undefined)?.problem
  const why = reason === '' ? (failing?.message ?? endpoint.reason) : reason
  const details = { endpoint: endpoint.name, revision: toRevision, rollout: name, state }
  const message = `revision ${toRevision} of endpoint ${endpoint.name} ${word}: ${why === '' ? 'the platform does not say why' : why}; ${serving}`
  const logTail = failing?.logTail
  return new ServingError(state === 'cancelled' ? 'cancelled' : 'unavailable', message, {
    details: { ...details, ...(logTail === undefined ? {} : { logTail }) },
  })
}

function nameOf(phase: DeployPhase): string {
  return phase === 'probation' ? 'trying it out' : phase
}
