import type { FastifyReply, FastifyRequest } from 'fastify'
import { etagOf, type ApiRoute, type RouteName } from '../../api/routes.ts'
import type { Meta } from '../../api/resources.ts'
import { denied } from '../../auth/platform-authorizer.ts'
import { ALL_PROJECTS, explain, type PlatformPrincipal } from '../../auth/permissions.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { nothing, readConditions, type Call, type Commit, type Conditions, type Reply } from './call.ts'
import type { ApiOptions } from './doors.ts'
import { failureHeaders, statusOf } from './failures.ts'
import { createHandlers } from './handlers.ts'
import { createIdempotency, type Idempotency, type KeptAnswer } from './idempotency.ts'
import {
  bodyOf,
  hasBody,
  headersOf,
  isFormType,
  parseBody,
  peerOf,
  requestIdOf,
  resourceOf,
  signalOf,
  splitUrl,
} from './incoming.ts'
import type { Keyring } from './keyring.ts'
import { readParameters, readQuery } from './parameters.ts'
import { noEndpoint, projectOf } from './records.ts'
import { createRefusals } from './refusals.ts'

/** Who asks where anybody may: nobody, who may do nothing. */
const NOBODY: PlatformPrincipal = { name: '', uid: '', project: '', role: 'viewer', actions: new Set(), quotas: {} }

const JSON_TYPE = 'application/json; charset=utf-8'

/** What has become known of a request, for the audit log when it fails. */
interface Known {
  principal?: PlatformPrincipal | undefined
  /** It was the caller's border that was met. */
  isBeyond?: boolean
}

/**
 * Answers requests: who asks, whether they may, whether the request has its form, then the handler; for changes within one
 * transaction with the audit entry and what an idempotency key keeps.
 */
export function createAnswering(options: ApiOptions, keyring: Keyring) {
  const { store, environment, masterKey, poke } = options
  const handlers = createHandlers(options, keyring)
  const refusals = createRefusals(options)

  async function answer(route: ApiRoute, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const requestId = requestIdOf(request) ?? environment.newId()
    const known: Known = {}
    reply.headers({ 'x-request-id': requestId, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    try {
      const kept = await perform(route, request, { requestId, known, signal: signalOf(reply) })
      return reply.code(kept.status).headers(kept.headers).send(kept.body)
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'internal')
        environment.log('error', 'the API failed', { requestId, operation: route.name, error: describe(thrown) })
      await audit(route, request, { requestId, known, error })
      // what was not read of a body is not waited for
      if (!request.raw.complete && hasBody(request)) reply.header('connection', 'close')
      return reply
        .code(statusOf(error))
        .headers({ ...failureHeaders(error), 'content-type': JSON_TYPE })
        .send(JSON.stringify(error))
    }
  }

  async function perform(
    route: ApiRoute,
    request: FastifyRequest,
    { requestId, known, signal }: { readonly requestId: string; readonly known: Known; readonly signal: AbortSignal },
  ): Promise<KeptAnswer> {
    const [path, search] = splitUrl(request.raw.url ?? '')
    const raw = request.params as Record<string, string | undefined>
    // A signature covers the body, so that it has to be here first; whoever sends a key is looked at before.
    const isForm = route.takesForm === true && isFormType(request.headers['content-type'])
    const isStream = route.body === 'bytes' || isForm
    const isSigned = /^\s*aws4-/i.test(request.headers.authorization ?? '') || /(?:^|&)x-amz-/i.test(search)
    const early = isSigned && !isStream ? await bodyOf(request) : undefined
    const principal =
      route.action === 'open'
        ? NOBODY
        : await keyring.authenticate({
            headers: headersOf(request),
            query: search,
            peer: request.raw.socket.remoteAddress,
            method: request.method,
            path,
            body: early,
            mayLeaveBodyUnsigned: isStream,
          })
    if (route.action !== 'open') known.principal = principal
    permit(route, raw, principal, known)
    const params = readParameters(route, raw)
    const query = readQuery(route, isSigned ? search.replace(/(?:^|&)x-amz-[^&]*/gi, '').replace(/^&/, '') : search)
    const conditions = readConditions(request.headers)
    const bytes = isStream ? Buffer.alloc(0) : (early ?? (await bodyOf(request)))
    if (isForm && request.headers['idempotency-key'] !== undefined)
      throw new ServingError(
        'invalid_argument',
        'a form takes no idempotency-key: send the file as an upload, in parts, and make the version of it',
      )
    const body = isStream ? undefined : parseBody(route, request, bytes)
    const call = {
      route,
      params,
      query,
      body,
      principal,
      by: nameOf(principal),
      requestId,
      conditions,
      incoming: request.raw,
      signal,
      isStillGood: () => keyring.isStillGood(principal.uid),
    } as unknown as Call<RouteName>
    const handler = handlers[route.name]
    if ('read' in handler) {
      const read = handler.read as (call: Call<RouteName>) => Promise<Reply<RouteName>>
      return written(route, await read(call), conditions, request)
    }
    const idempotency = isStream
      ? undefined
      : createIdempotency(
          request.headers['idempotency-key'],
          { uid: principal.uid, method: request.method, url: request.raw.url ?? '', body: bytes, conditions },
          { masterKey, wallMs: environment.wallMs },
        )
    const change = handler.change as (call: Call<RouteName>) => Promise<Commit<RouteName>>
    return commit(route, call, { change, idempotency, request })
  }

  async function commit(
    route: ApiRoute,
    call: Call<RouteName>,
    work: {
      readonly change: (call: Call<RouteName>) => Promise<Commit<RouteName>>
      readonly idempotency: Idempotency | undefined
      readonly request: FastifyRequest
    },
  ): Promise<KeptAnswer> {
    const { change, idempotency, request } = work
    const before = idempotency && (await store.read((tx) => idempotency.find(tx)))
    if (before !== undefined) return replayed(before)
    const run = await change(call)
    const { project } = call.params as { readonly project?: string }
    const done = await store.transact(async (tx) => {
      const before = await idempotency?.find(tx)
      if (before !== undefined) return { kept: replayed(before), after: undefined }
      if (project !== undefined && project !== ALL_PROJECTS) await projectOf(tx, project)
      const reply = await run(tx)
      const kept = written(route, reply, {}, request)
      if (reply.isUnchanged !== true && route.action !== 'open' && route.action !== 'any-key')
        await tx.addAudit({
          project: project ?? call.principal.project,
          principal: call.by,
          peer: peerOf(request),
          action: route.action,
          resource: reply.audit?.resource ?? resourceOf(request),
          outcome: 'done',
          details: { operation: route.name, requestId: call.requestId, ...reply.audit?.details },
        })
      await idempotency?.keep(tx, kept)
      return { kept, after: reply.after }
    })
    try {
      await done.after?.()
    } catch (error) {
      environment.log('warn', 'what follows a change failed', { operation: route.name, error: describe(error) })
    }
    poke()
    return done.kept
  }

  /** @throws {ServingError} `permission_denied`; `not_found` where the caller's border hides what is there */
  function permit(
    route: ApiRoute,
    raw: Readonly<Record<string, string | undefined>>,
    principal: PlatformPrincipal,
    known: Known,
  ): void {
    const { action } = route
    if (action === 'open' || action === 'any-key') return
    const { project: named, endpoint } = raw
    // what is of no project is of the platform, or, to be looked at, of the caller's own
    const isOfPlatform = route.method !== 'GET' || action === 'platform:write'
    const project = named ?? (isOfPlatform ? ALL_PROJECTS : principal.project)
    const why = explain(principal, action, { project, endpoint })
    if (why === undefined) return
    known.isBeyond = true
    if (why === 'permission_denied') throw denied(action)
    if (endpoint !== undefined && (principal.project === ALL_PROJECTS || principal.project === project))
      throw noEndpoint(project, endpoint)
    throw nothing(`project ${quote(project)}`)
  }

  async function audit(
    route: ApiRoute,
    request: FastifyRequest,
    { requestId, known, error }: { readonly requestId: string; readonly known: Known; readonly error: ServingError },
  ): Promise<void> {
    const isRefused = known.isBeyond === true || error.code === 'unauthenticated' || error.code === 'permission_denied'
    const isFailedChange =
      !route.action.endsWith(':read') &&
      route.action !== 'any-key' &&
      known.principal !== undefined &&
      !UNTOLD.has(error.code) &&
      route.body !== 'bytes'
    if (!isRefused && !isFailedChange) return
    const { project } = request.params as { project?: string }
    const isElsewhere = project !== undefined && project !== known.principal?.project
    await refusals.write({
      route,
      principal: known.principal,
      by: known.principal === undefined ? '' : nameOf(known.principal),
      peer: peerOf(request),
      resource: `${isElsewhere ? `projects/${project}/` : ''}${resourceOf(request)}`.slice(0, 300),
      requestId,
      error,
      outcome: isRefused ? 'refused' : 'failed',
    })
  }

  return { answer }
}

/** Mistakes in the form of a request, and failures that are nobody's doing, are not written to the audit log. */
const UNTOLD: ReadonlySet<string> = new Set([
  'invalid_argument',
  'too_large',
  'unsupported',
  'unavailable',
  'overloaded',
  'cancelled',
  'deadline_exceeded',
])

function replayed(kept: KeptAnswer): KeptAnswer {
  return { ...kept, headers: { ...kept.headers, 'idempotency-replayed': 'true' } }
}

/** An answer as it goes out. */
function written(
  route: ApiRoute,
  { body, status = route.status }: Reply<RouteName>,
  conditions: Conditions,
  request: FastifyRequest,
): KeptAnswer {
  if (body === undefined) return { status, body: '', headers: {} }
  if (typeof body === 'string') return { status, body, headers: { 'content-type': 'text/plain; charset=utf-8' } }
  const etag = etagIn(body)
  const headers = { 'content-type': JSON_TYPE, ...(etag === undefined ? {} : { etag }) }
  const { ifNoneMatch } = conditions
  const isKnown =
    etag !== undefined && request.method !== 'POST' && ifNoneMatch !== undefined && ifNoneMatch.includes(etag)
  return isKnown ? { status: 304, body: '', headers: { etag } } : { status, body: JSON.stringify(body), headers }
}

function etagIn(body: unknown): string | undefined {
  const { meta, key } = body as { meta?: Meta; key?: { meta?: Meta } }
  const found = meta ?? key?.meta
  return found === undefined ? undefined : etagOf(found)
}

function nameOf({ project, name }: PlatformPrincipal): string {
  return name === '' ? '' : `${project}/${name}`
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
