import type { Action } from '../auth/permissions.ts'
import type { ApiTypes } from './api-types.ts'
import { PARAMETERS, QUERIES } from './resource-schemas.ts'
import { object, ref, text, type Schema } from './schema.ts'
import type { Meta } from './resources.ts'

export type RouteName = keyof ApiTypes

/** One operation of the API. From these come the server's routes, its OpenAPI document, the client and the tests of who may do what. */
export interface ApiRoute {
  readonly name: RouteName
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `:name` stands for a segment; `PARAMETERS` says what it may be. */
  readonly path: string
  /** What a key must allow; `open`: anybody; `any-key`: whoever has a valid key. */
  readonly action: Action | 'open' | 'any-key'
  /** In a sentence without a full stop, for people. */
  readonly summary: string
  readonly tag: string
  /** What may stand behind `?`; nothing when absent. */
  readonly query?: Schema
  /** JSON; `bytes`: of a part of a file. Nothing when absent. */
  readonly body?: Schema | 'bytes'
  /** A body need not be there. */
  readonly isBodyOptional?: boolean
  /** `multipart/form-data` does as well: a part `file`, and parts `fileName`, `description`, `how` (JSON) where wanted. */
  readonly takesForm?: boolean
  /** Of success. */
  readonly status: 200 | 201 | 202 | 204
  /** JSON; `text`: plain text. Nothing (204) when absent. */
  readonly response?: Schema | 'text'
  /** Whether `*` may stand for the project: the whole platform. */
  readonly takesAllProjects?: boolean
}

const V1 = '/api/v1'
const P = `${V1}/projects/:project`
const MODEL = `${P}/models/:model`
const VERSION = `${MODEL}/versions/:version`
const UPLOAD = `${P}/uploads/:upload`
const ENDPOINT = `${P}/endpoints/:endpoint`
const ROLLOUT = `${P}/rollouts/:rollout`

const reason = text(1000, 'why, for whoever reads the revisions later')
const describe = object({ description: text(1000) })

/**
 * Every operation of the platform's API. All of them take and give JSON but for the bytes of uploads. Failures are
 * `{"error": {"code", "message", "details"}}`. Every resource has an ETag (`etagOf`), which `If-Match` takes on PUT,
 * PATCH, POST and DELETE; `Idempotency-Key` (1 to 200 visible characters) makes a POST, PUT, PATCH or DELETE safe to send twice for 24 hours.
 */
export const ROUTES: readonly ApiRoute[] = [
  ...tagged('platform', [
    {
      name: 'getHealth',
      method: 'GET',
      path: '/healthz',
      action: 'open',
      status: 200,
      summary: 'Whether the API answers',
      response: object({ status: { type: 'string', const: 'ok' } }),
    },
    {
      name: 'getOpenApi',
      method: 'GET',
      path: `${V1}/openapi.json`,
      action: 'open',
      status: 200,
      summary: 'This description',
      response: { type: 'object', additionalProperties: true },
    },
    {
      name: 'getCa',
      method: 'GET',
      path: `${V1}/ca.pem`,
      action: 'open',
      status: 200,
      summary: "The local certificate authority's certificate, for clients to trust",
      response: 'text',
    },
    {
      name: 'getServer',
      method: 'GET',
      path: `${V1}/server`,
      action: 'endpoints:read',
      status: 200,
      summary: 'What runs here, and where',
      response: ref('ServerInfo'),
    },
    {
      name: 'getPrincipal',
      method: 'GET',
      path: `${V1}/principal`,
      action: 'any-key',
      status: 200,
      summary: 'Whose key this is, and what it may do',
      response: ref('PrincipalInfo'),
    },
    {
      name: 'getLogLevels',
      method: 'GET',
      path: `${V1}/log-levels`,
      action: 'platform:write',
      status: 200,
      summary: "What the platform's own log shows",
      response: ref('LogLevels'),
    },
    {
      name: 'setLogLevels',
      method: 'PATCH',
      path: `${V1}/log-levels`,
      action: 'platform:write',
      status: 200,
      summary: "Changes what the platform's own log shows, until the platform is started again",
      body: ref('LogLevelsInput'),
      response: ref('LogLevels'),
    },
  ]),
  ...tagged('projects', [
    {
      name: 'listProjects',
      method: 'GET',
      path: `${V1}/projects`,
      action: 'projects:read',
      status: 200,
      summary: 'The projects that the key may see',
      query: QUERIES.page,
      response: ref('ProjectPage'),
    },
    {
      name: 'createProject',
      method: 'POST',
      path: `${V1}/projects`,
      action: 'projects:write',
      status: 201,
      summary: 'Makes a project',
      body: object({ name: ref('Name'), 'description?': text(1000) }),
      response: ref('Project'),
    },
    {
      name: 'getProject',
      method: 'GET',
      path: P,
      action: 'projects:read',
      status: 200,
      summary: 'A project',
      response: ref('Project'),
    },
    {
      name: 'updateProject',
      method: 'PATCH',
      path: P,
      action: 'projects:write',
      status: 200,
      summary: 'Changes the description of a project',
      body: describe,
      response: ref('Project'),
    },
    {
      name: 'deleteProject',
      method: 'DELETE',
      path: P,
      action: 'projects:write',
      status: 204,
      summary: 'Deletes a project that holds nothing any more',
    },
  ]),
  ...tagged('models', [
    {
      name: 'listModels',
      method: 'GET',
      path: `${P}/models`,
      action: 'models:read',
      status: 200,
      summary: 'The models of a project',
      query: QUERIES.names,
      response: ref('ModelPage'),
    },
    {
      name: 'createModel',
      method: 'POST',
      path: `${P}/models`,
      action: 'models:write',
      status: 201,
      summary: 'Makes a model without versions',
      body: object({ name: ref('Name'), 'description?': text(1000) }),
      response: ref('Model'),
    },
    {
      name: 'getModel',
      method: 'GET',
      path: MODEL,
      action: 'models:read',
      status: 200,
      summary: 'A model',
      response: ref('Model'),
    },
    {
      name: 'updateModel',
      method: 'PATCH',
      path: MODEL,
      action: 'models:write',
      status: 200,
      summary: 'Changes the description of a model',
      body: describe,
      response: ref('Model'),
    },
    {
      name: 'deleteModel',
      method: 'DELETE',
      path: MODEL,
      action: 'models:write',
      status: 204,
      summary: 'Deletes a model with its versions; refused while an endpoint uses one',
    },
    {
      name: 'putLabel',
      method: 'PUT',
      path: `${MODEL}/labels/:label`,
      action: 'models:write',
      status: 200,
      summary: 'Moves a label to a version that is ready',
      body: object({ version: { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1 } }),
      response: ref('Model'),
    },
    {
      name: 'deleteLabel',
      method: 'DELETE',
      path: `${MODEL}/labels/:label`,
      action: 'models:write',
      status: 200,
      summary: 'Takes a label away; refused while an endpoint names it',
      response: ref('Model'),
    },
    {
      name: 'listVersions',
      method: 'GET',
      path: `${MODEL}/versions`,
      action: 'models:read',
      status: 200,
      summary: 'The versions of a model, the newest first',
      query: QUERIES.versions,
      response: ref('VersionPage'),
    },
    {
      name: 'createVersion',
      method: 'POST',
      path: `${MODEL}/versions`,
      action: 'models:write',
      status: 201,
      summary:
        'Makes a version of an upload, a URL, or the file in a form; and the model, where there is none of that name',
      body: ref('NewVersion'),
      takesForm: true,
      response: ref('Version'),
    },
    {
      name: 'getVersion',
      method: 'GET',
      path: VERSION,
      action: 'models:read',
      status: 200,
      summary: 'A version',
      response: ref('Version'),
    },
    {
      name: 'cancelVersion',
      method: 'POST',
      path: `${VERSION}/cancel`,
      action: 'models:write',
      status: 202,
      summary: 'Stops a version from being made',
      response: ref('Version'),
    },
    {
      name: 'deleteVersion',
      method: 'DELETE',
      path: VERSION,
      action: 'models:write',
      status: 204,
      summary: 'Deletes a version; refused while an endpoint or a label uses it',
    },
  ]),
  ...tagged('uploads', [
    {
      name: 'listUploads',
      method: 'GET',
      path: `${P}/uploads`,
      action: 'models:read',
      status: 200,
      summary: 'Files on their way',
      query: QUERIES.uploads,
      response: ref('UploadPage'),
    },
    {
      name: 'createUpload',
      method: 'POST',
      path: `${P}/uploads`,
      action: 'models:write',
      status: 201,
      summary: 'Begins the upload of a file in parts',
      body: ref('NewUpload'),
      response: ref('Upload'),
    },
    {
      name: 'getUpload',
      method: 'GET',
      path: UPLOAD,
      action: 'models:read',
      status: 200,
      summary: 'An upload, and which parts of it are here',
      response: ref('Upload'),
    },
    {
      name: 'putUploadPart',
      method: 'PUT',
      path: `${UPLOAD}/parts/:part`,
      action: 'models:write',
      status: 200,
      summary: 'Sends a part; the same part may be sent again',
      body: 'bytes',
      response: ref('Upload'),
    },
    {
      name: 'completeUpload',
      method: 'POST',
      path: `${UPLOAD}/complete`,
      action: 'models:write',
      status: 200,
      summary: 'Puts the parts together and checks the whole',
      response: ref('Upload'),
    },
    {
      name: 'deleteUpload',
      method: 'DELETE',
      path: UPLOAD,
      action: 'models:write',
      status: 204,
      summary: 'Gives an upload up',
    },
  ]),
  ...tagged('endpoints', [
    {
      name: 'listEndpoints',
      method: 'GET',
      path: `${P}/endpoints`,
      action: 'endpoints:read',
      status: 200,
      summary: 'The endpoints of a project',
      query: QUERIES.endpoints,
      response: ref('EndpointPage'),
    },
    {
      name: 'getEndpoint',
      method: 'GET',
      path: ENDPOINT,
      action: 'endpoints:read',
      status: 200,
      summary: 'An endpoint: what it was told to be, and what it is',
      response: ref('Endpoint'),
    },
    {
      name: 'putEndpoint',
      method: 'PUT',
      path: ENDPOINT,
      action: 'endpoints:write',
      status: 200,
      summary: 'Makes an endpoint (201), or replaces its spec',
      body: object({ spec: ref('EndpointSpecInput'), 'reason?': reason }),
      response: ref('Endpoint'),
    },
    {
      name: 'patchEndpoint',
      method: 'PATCH',
      path: ENDPOINT,
      action: 'endpoints:write',
      status: 200,
      summary: 'Changes parts of the spec, by a JSON merge patch',
      body: object({ spec: { type: 'object', additionalProperties: true }, 'reason?': reason }),
      response: ref('Endpoint'),
    },
    {
      name: 'deleteEndpoint',
      method: 'DELETE',
      path: ENDPOINT,
      action: 'endpoints:write',
      status: 202,
      summary: 'Deletes an endpoint; it is gone once no runner answers for it',
      response: ref('Endpoint'),
    },
    {
      name: 'planEndpoint',
      method: 'POST',
      path: `${ENDPOINT}/plan`,
      // it tells of versions and labels, which who may only call an endpoint does not see
      action: 'models:read',
      status: 200,
      summary: 'What a change would do, without doing it',
      body: object({ spec: ref('EndpointSpecInput') }),
      response: ref('EndpointPlan'),
    },
    {
      name: 'undoEndpoint',
      method: 'POST',
      path: `${ENDPOINT}/undo`,
      action: 'endpoints:write',
      status: 200,
      summary: 'Back to an older revision, the one before when none is named',
      body: object({ 'revision?': { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1 }, 'reason?': reason }),
      isBodyOptional: true,
      response: ref('Endpoint'),
    },
    {
      name: 'pauseEndpoint',
      method: 'POST',
      path: `${ENDPOINT}/pause`,
      action: 'endpoints:write',
      status: 200,
      summary: 'Has an endpoint answer nothing until it is resumed',
      response: ref('Endpoint'),
    },
    {
      name: 'resumeEndpoint',
      method: 'POST',
      path: `${ENDPOINT}/resume`,
      action: 'endpoints:write',
      status: 200,
      summary: 'Has a paused endpoint answer again',
      response: ref('Endpoint'),
    },
    {
      name: 'listRevisions',
      method: 'GET',
      path: `${ENDPOINT}/revisions`,
      action: 'endpoints:read',
      status: 200,
      summary: 'What the endpoint was told to be, the last first',
      query: QUERIES.page,
      response: ref('EndpointRevisionPage'),
    },
    {
      name: 'getRevision',
      method: 'GET',
      path: `${ENDPOINT}/revisions/:revision`,
      action: 'endpoints:read',
      status: 200,
      summary: 'One revision',
      response: ref('EndpointRevision'),
    },
    {
      name: 'listLogs',
      method: 'GET',
      path: `${ENDPOINT}/logs`,
      action: 'events:read',
      status: 200,
      summary: 'What the endpoint logged',
      query: QUERIES.following,
      response: ref('LogLines'),
    },
    {
      name: 'getTraffic',
      method: 'GET',
      path: `${P}/traffic`,
      action: 'metrics:read',
      status: 200,
      summary: 'Rates and latencies of every endpoint of a project',
      response: ref('TrafficSummary'),
    },
    {
      name: 'getEndpointTraffic',
      method: 'GET',
      path: `${ENDPOINT}/traffic`,
      action: 'metrics:read',
      status: 200,
      summary: 'Rates and latencies of one endpoint',
      response: ref('TrafficSummary'),
    },
    {
      name: 'listCaptures',
      method: 'GET',
      path: `${ENDPOINT}/captures`,
      action: 'captures:read',
      status: 200,
      summary: 'Requests that were kept, the last first',
      query: QUERIES.captures,
      response: ref('CaptureRecordPage'),
    },
    {
      name: 'getCapture',
      method: 'GET',
      path: `${ENDPOINT}/captures/:capture`,
      action: 'captures:read',
      status: 200,
      summary: 'One of them, whole',
      response: ref('CaptureRecord'),
    },
  ]),
  ...tagged('rollouts', [
    {
      name: 'listRollouts',
      method: 'GET',
      path: `${P}/rollouts`,
      action: 'endpoints:read',
      status: 200,
      summary: 'Supervised changes of endpoints',
      query: QUERIES.rollouts,
      response: ref('RolloutPage'),
    },
    {
      name: 'getRollout',
      method: 'GET',
      path: ROLLOUT,
      action: 'endpoints:read',
      status: 200,
      summary: 'A rollout, with what was decided and why',
      response: ref('Rollout'),
    },
    {
      name: 'promoteRollout',
      method: 'POST',
      path: `${ROLLOUT}/promote`,
      action: 'endpoints:write',
      status: 202,
      summary: 'Ends the watching: the new variants take all traffic',
      response: ref('Rollout'),
    },
    {
      name: 'rollbackRollout',
      method: 'POST',
      path: `${ROLLOUT}/rollback`,
      action: 'endpoints:write',
      status: 202,
      summary: 'Ends the rollout: the old variants take all traffic again',
      response: ref('Rollout'),
    },
    {
      name: 'cancelRollout',
      method: 'POST',
      path: `${ROLLOUT}/cancel`,
      action: 'endpoints:write',
      status: 202,
      summary: 'Gives a rollout up before it has taken effect',
      response: ref('Rollout'),
    },
  ]),
  ...tagged('keys', [
    {
      name: 'listKeys',
      method: 'GET',
      path: `${P}/keys`,
      action: 'keys:read',
      status: 200,
      summary: 'Keys, without their secrets',
      query: QUERIES.page,
      response: ref('KeyPage'),
      takesAllProjects: true,
    },
    {
      name: 'createKey',
      method: 'POST',
      path: `${P}/keys`,
      action: 'keys:write',
      status: 201,
      summary: 'Makes a key; its secrets are shown this once',
      body: ref('NewKey'),
      response: ref('NewKeySecrets'),
      takesAllProjects: true,
    },
    {
      name: 'getKey',
      method: 'GET',
      path: `${P}/keys/:key`,
      action: 'keys:read',
      status: 200,
      summary: 'A key, without its secrets',
      response: ref('Key'),
      takesAllProjects: true,
    },
    {
      name: 'revokeKey',
      method: 'DELETE',
      path: `${P}/keys/:key`,
      action: 'keys:write',
      status: 200,
      summary: 'Revokes a key for ever',
      response: ref('Key'),
      takesAllProjects: true,
    },
  ]),
  ...tagged('events', [
    {
      name: 'listEvents',
      method: 'GET',
      path: `${P}/events`,
      action: 'events:read',
      status: 200,
      summary: 'What the platform did, the oldest first; waits for more where asked to',
      query: QUERIES.events,
      response: ref('PlatformEvents'),
      takesAllProjects: true,
    },
    {
      name: 'listAudit',
      method: 'GET',
      path: `${P}/audit`,
      action: 'audit:read',
      status: 200,
      summary: 'Who did, or was refused to do, what; the last first',
      query: QUERIES.audit,
      response: ref('AuditPage'),
      takesAllProjects: true,
    },
  ]),
]

function tagged(tag: string, routes: readonly Omit<ApiRoute, 'tag'>[]): ApiRoute[] {
  return routes.map((route) => ({ ...route, tag }))
}

const BY_NAME = new Map(ROUTES.map((route) => [route.name, route]))

/** The route of an operation. */
export function routeOf(name: RouteName): ApiRoute {
  const route = BY_NAME.get(name)
  if (route === undefined) throw new Error(`no route is called ${name}: this is a bug`)
  return route
}

/** What may stand in a route's path in place of `:name`. */
export function parameterOf(route: ApiRoute, name: string): Schema {
  const schema = PARAMETERS[name === 'project' && route.takesAllProjects === true ? 'projectOrAll' : name]
  if (schema === undefined) throw new Error(`nothing says what ${name} may be: this is a bug`)
  return schema
}

/** Puts parameters into a route's path. @param params by name; each is escaped */
export function pathOf(route: ApiRoute, params: Readonly<Record<string, string | number>>): string {
  return route.path.replace(/:([a-z]+)/g, (_, name: string) => {
    const value = params[name]
    if (value === undefined) throw new Error(`${route.name} needs ${name}: this is a bug`)
    return encodeURIComponent(value)
  })
}

/** A resource's ETag: of this very resource in this very state, also when one of the same name is made later. */
export function etagOf(meta: Pick<Meta, 'uid' | 'etag'>): string {
  return `"${meta.uid}.${meta.etag}"`
}
