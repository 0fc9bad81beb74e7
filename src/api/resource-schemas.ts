import { ACTIONS, ROLES } from '../auth/permissions.ts'
import { ERROR_CODES } from '../core/errors.ts'
import { MODEL_NAME } from '../core/names.ts'
import { LOG_LEVELS, MOST_RETENTION_MIB, VERSION_PHASES } from './resources.ts'
import {
  above,
  ANYTHING,
  arrayOf,
  BOOLEAN,
  COUNT,
  integer,
  mapOf,
  number,
  object,
  oneOfWords,
  ref,
  SHA256,
  text,
  TIME_MS,
  type Schema,
} from './schema.ts'

const VERSION_STATES = ['pending', 'making', 'ready', 'failed', 'cancelled'] as const
const UPLOAD_STATES = ['open', 'complete'] as const
const ENDPOINT_STATES = ['creating', 'ready', 'updating', 'rolling-back', 'failed', 'paused', 'deleting'] as const
const ROLLOUT_STATES = [
  'pending',
  'loading',
  'shifting',
  'baking',
  'promoted',
  'rolling-back',
  'rolled-back',
  'cancelled',
  'failed',
] as const

/** A name that a user gives: letters, digits, `_`, `.` and `-`, at most 63 of them, a letter or digit first. */
export const NAME: Schema = {
  type: 'string',
  pattern: MODEL_NAME.source,
  maxLength: 63,
  description: 'letters, digits, "_", "." and "-", at most 63 of them, a letter or digit first',
}
/** An id that the platform gives. */
export const ID: Schema = {
  type: 'string',
  pattern: '^[0-9a-z]{1,32}$',
  maxLength: 32,
  description: 'as the platform gave it',
}
/** A label is no number and does not look like a digest, so that a version is named by one thing alone. */
export const LABEL: Schema = {
  type: 'string',
  pattern: '^(?![0-9]+$)(?![0-9a-f]{12,63}$)[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$',
  maxLength: 63,
  description: 'a name that is neither a number nor looks like a digest',
}
const LINE = text(1000)
/** File names are checked more closely where they are used. */
export const FILE_NAME: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 255,
  description: 'a file name without folders',
}
const VERSION_NUMBER = integer(1, 2 ** 31 - 1, 'counted from 1')
const SHARE = number(0, 1)
const DETAILS: Schema = { type: 'object', additionalProperties: true }

const SCALING = {
  minReplicas: integer(0, 1000, 'always loaded; 0 scales to zero'),
  'maxReplicas?': integer(1, 1000, 'default: as many as there are runners'),
  'targetInFlight?': {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 100_000,
    description: 'default: from the profile',
  },
  idleTimeoutMs: integer(1000, 604_800_000, 'without a request for so long, the last replica goes (ms)'),
  upscaleDelayMs: integer(0, 3_600_000, 'ms'),
  downscaleDelayMs: integer(0, 3_600_000, 'ms'),
} satisfies Record<string, Schema>

const ROLLOUT_SPEC = {
  strategy: oneOfWords('all-at-once', 'canary', 'linear', 'blue-green'),
  step: above(0, 1, 'of canary: the first share; of linear: the size of each step'),
  bakeMs: integer(0, 86_400_000, 'each step is watched so long at least (ms)'),
  timeoutMs: integer(1000, 604_800_000, 'the whole is rolled back after so long (ms)'),
  minSamples: integer(0, 1_000_000, 'requests that are seen before a step is judged'),
  falseAlarm: above(0, 0.5, 'chance that a good version is rolled back'),
  maxErrorIncrease: number(0, 1, 'rise of the share of errors that is borne'),
  maxLatencyIncrease: number(0, 1000, 'rise of the latency that is borne: 0.5 is half as much again'),
} satisfies Record<string, Schema>

const VARIANT = {
  name: NAME,
  model: NAME,
  version: { oneOf: [VERSION_NUMBER, LABEL], description: 'a number, or a label' },
  weight: number(0, 1_000_000, "share of the traffic relative to the others'"),
  'shadow?': number(0, 1, 'share of the traffic of which it gets a copy, in place of traffic of its own'),
  isolation: oneOfWords('runner', 'process'),
} satisfies Record<string, Schema>

const SPEC = {
  'sticky?': {
    oneOf: [
      object({ by: { type: 'string', const: 'key' } }),
      object({
        by: { type: 'string', const: 'header' },
        header: { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$", maxLength: 64 },
      }),
    ],
    description: 'which requests stay with one variant',
  },
  'capture?': ref('CaptureSpec'),
} satisfies Record<string, Schema>

const RETENTION_MIB = integer(1, MOST_RETENTION_MIB, 'most that is kept (MiB), the oldest go then; default 1,024')

const LEVELS = {
  control: oneOfWords(...LOG_LEVELS),
  runners: oneOfWords(...LOG_LEVELS),
} satisfies Record<string, Schema>

const QUOTA: Schema = integer(1, 1_000_000_000)

/** All names optional. */
function partial(properties: Readonly<Record<string, Schema>>): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name.endsWith('?') ? name : `${name}?`, schema]),
  )
}

function pageOf(item: Schema): Schema {
  return object({ items: arrayOf(item), 'cursor?': text(1000, 'for the next page; absent on the last') })
}

const meta = ref('Meta')
const project = NAME
/** `*` is the whole platform. */
const projectOrAll: Schema = { type: 'string', pattern: `^\\*$|${MODEL_NAME.source}`, maxLength: 63 }

/** The schemas of `resources.ts` and of what the operations take and give, by their names in the OpenAPI document. */
export const RESOURCE_SCHEMAS: Readonly<Record<string, Schema>> = {
  Name: NAME,
  Meta: object({ uid: text(64), etag: COUNT, createdAtMs: TIME_MS, updatedAtMs: TIME_MS }),
  Problem: object({
    code: oneOfWords(...ERROR_CODES),
    message: text(100_000),
    details: DETAILS,
    'logTail?': arrayOf(text(100_000)),
  }),
  Error: object({ error: object({ code: oneOfWords(...ERROR_CODES), message: text(100_000), details: DETAILS }) }),
  Project: object({ name: NAME, description: LINE, meta }),
  Model: object({
    project,
    name: NAME,
    description: LINE,
    labels: mapOf(VERSION_NUMBER),
    lastNumber: integer(0, 2 ** 31 - 1),
    meta,
  }),
  VersionSource: {
    oneOf: [
      object({ type: { type: 'string', const: 'upload' }, upload: ID }, 'a finished upload'),
      object(
        {
          type: { type: 'string', const: 'url' },
          url: { type: 'string', minLength: 8, maxLength: 4096 },
          'sha256?': SHA256,
        },
        'fetched by the platform; no credentials in it',
      ),
    ],
  },
  How: object({
    allowUntested: BOOLEAN,
    'steps?': arrayOf(text(200), 100),
    'runtime?': oneOfWords('python', 'typescript'),
  }),
  BundleSummary: object({
    digest: SHA256,
    sizeBytes: COUNT,
    signature: ANYTHING,
    engines: arrayOf(text(100)),
    memoryBytes: COUNT,
    loadMs: number(0, 1e9),
    targetInFlight: object({ value: number(0, 1e9), reason: text(1000) }),
    plan: object({ value: text(100), reason: text(1000) }),
    'exampleBody?': text(1_000_000),
  }),
  Version: object({
    project,
    model: NAME,
    number: VERSION_NUMBER,
    state: oneOfWords(...VERSION_STATES),
    'phase?': oneOfWords(...VERSION_PHASES),
    'progress?': SHARE,
    source: ref('VersionSource'),
    'sourceSha256?': SHA256,
    fileName: text(255),
    description: LINE,
    how: ref('How'),
    'bundle?': ref('BundleSummary'),
    'problem?': ref('Problem'),
    warnings: arrayOf(text(100_000)),
    isCancelled: BOOLEAN,
    attempts: COUNT,
    meta,
  }),
  Upload: object({
    project,
    name: ID,
    fileName: text(255),
    sizeBytes: COUNT,
    partBytes: COUNT,
    'sha256?': SHA256,
    parts: arrayOf(integer(1, 10_000), 10_000),
    state: oneOfWords(...UPLOAD_STATES),
    expiresAtMs: TIME_MS,
    meta,
  }),
  ScalingSpec: object(SCALING),
  RolloutSpec: object(ROLLOUT_SPEC),
  VariantSpec: object({ ...VARIANT, scaling: ref('ScalingSpec') }),
  CaptureSpec: object({
    sample: SHARE,
    redact: arrayOf(text(200), 1000),
    retentionDays: above(0, 3650),
    'retentionMiB?': RETENTION_MIB,
  }),
  EndpointSpec: object({
    description: LINE,
    variants: { ...arrayOf(ref('VariantSpec'), 20), minItems: 1 },
    ...SPEC,
    rollout: ref('RolloutSpec'),
    isPaused: BOOLEAN,
  }),
  /** What is absent gets its default. */
  EndpointSpecInput: object({
    'description?': LINE,
    variants: {
      ...arrayOf(
        object({ ...partial(VARIANT), model: NAME, version: VARIANT.version, 'scaling?': object(partial(SCALING)) }),
        20,
      ),
      minItems: 1,
    },
    'sticky?': SPEC['sticky?'],
    'capture?': object({
      sample: SHARE,
      'redact?': arrayOf(text(200), 1000),
      'retentionDays?': above(0, 3650),
      'retentionMiB?': RETENTION_MIB,
    }),
    'rollout?': object(partial(ROLLOUT_SPEC)),
    'isPaused?': BOOLEAN,
  }),
  VariantStatus: object(
    {
      name: NAME,
      model: NAME,
      version: integer(0, 2 ** 31 - 1),
      digest: text(64),
      share: SHARE,
      replicas: object({ desired: COUNT, ready: COUNT }),
      state: oneOfWords('ready', 'idle', 'loading', 'failing'),
      'problem?': ref('Problem'),
      'note?': text(1000),
      'shadow?': ref('ShadowSummary'),
    },
    'A variant as it runs: `ready` when as many replicas as are wanted are loaded; `idle` when it is scaled to zero, and loaded by the next request; `loading` while replicas, or its bundle, are on their way; `failing` when one cannot be loaded.',
  ),
  ShadowSummary: object(
    {
      sinceMs: TIME_MS,
      compared: COUNT,
      differed: COUNT,
      'latencyDifferenceMs?': number(-1e9, 1e9, 'mean of how much longer it took than the answer that was sent (ms)'),
    },
    "how a shadow's answers compare with those that were sent, since then",
  ),
  Endpoint: object(
    {
      project,
      name: NAME,
      spec: ref('EndpointSpec'),
      revision: COUNT,
      'servedRevision?': COUNT,
      state: oneOfWords(...ENDPOINT_STATES),
      reason: text(100_000),
      variants: arrayOf(ref('VariantStatus')),
      'rollout?': ID,
      meta,
    },
    'An endpoint. `ready` says that what was asked for last answers, also where its variants are `idle`: a request then waits for the load. `failed` says that nothing has ever answered.',
  ),
  EndpointRevision: object({
    project,
    endpoint: NAME,
    revision: COUNT,
    spec: ref('EndpointSpec'),
    by: text(200),
    reason: LINE,
    resolved: mapOf(object({ model: NAME, version: VERSION_NUMBER, digest: text(64) })),
    meta,
  }),
  EndpointPlan: object({
    effect: oneOfWords('create', 'rollout', 'settings', 'none'),
    isNothing: BOOLEAN,
    summary: text(100_000),
    changes: arrayOf(object({ path: text(1000), 'from?': ANYTHING, 'to?': ANYTHING }), 10_000),
    spec: ref('EndpointSpec'),
    resolved: mapOf(object({ model: NAME, version: VERSION_NUMBER, state: text(100) })),
    otherSignatures: arrayOf(
      object({ variant: NAME, version: text(200), than: text(200), differences: arrayOf(text(10_000), 100) }),
      1000,
    ),
  }),
  Rollout: object({
    project,
    name: ID,
    endpoint: NAME,
    'fromRevision?': COUNT,
    toRevision: COUNT,
    spec: ref('RolloutSpec'),
    state: oneOfWords(...ROLLOUT_STATES),
    step: COUNT,
    share: SHARE,
    'stepBeganAtMs?': number(0, 1e16),
    'endedAtMs?': TIME_MS,
    decisions: arrayOf(
      object({
        atMs: TIME_MS,
        step: COUNT,
        share: SHARE,
        decision: oneOfWords('wait', 'advance', 'promote', 'roll-back'),
        reason: text(100_000),
        figures: mapOf(ANYTHING),
      }),
    ),
    reason: text(100_000),
    'wish?': oneOfWords('promote', 'roll-back', 'cancel'),
    meta,
  }),
  KeyQuotas: object({
    'requestsPerSecond?': { type: 'number', exclusiveMinimum: 0, maximum: 1_000_000_000 },
    'burst?': QUOTA,
    'concurrent?': QUOTA,
    'rowsPerSecond?': { type: 'number', exclusiveMinimum: 0, maximum: 1_000_000_000 },
    'requestsPerDay?': QUOTA,
    'rowsPerDay?': QUOTA,
  }),
  Key: object({
    project: projectOrAll,
    name: NAME,
    role: oneOfWords(...ROLES),
    'actions?': arrayOf(oneOfWords(...ACTIONS), ACTIONS.length),
    'endpoints?': arrayOf(NAME),
    hint: text(64),
    'accessKeyId?': text(128),
    'notBeforeMs?': TIME_MS,
    'expiresAtMs?': TIME_MS,
    'revokedAtMs?': TIME_MS,
    quotas: ref('KeyQuotas'),
    meta,
  }),
  NewKey: object({
    name: NAME,
    role: oneOfWords(...ROLES),
    'actions?': { ...arrayOf(oneOfWords(...ACTIONS), ACTIONS.length), minItems: 1 },
    'endpoints?': { ...arrayOf(NAME), minItems: 1 },
    'notBeforeMs?': TIME_MS,
    'expiresAtMs?': TIME_MS,
    'quotas?': ref('KeyQuotas'),
  }),
  NewKeySecrets: object({
    key: ref('Key'),
    bearer: text(200),
    accessKeyId: text(128),
    secretAccessKey: text(200),
  }),
  PlatformEvent: object({
    seq: COUNT,
    atMs: TIME_MS,
    project: projectOrAll,
    kind: oneOfWords('project', 'model', 'version', 'upload', 'endpoint', 'rollout', 'key', 'runner'),
    name: text(200),
    type: text(100),
    level: oneOfWords('info', 'warning', 'error'),
    message: text(100_000),
    details: DETAILS,
  }),
  AuditEntry: object({
    seq: COUNT,
    atMs: TIME_MS,
    project: { type: 'string', maxLength: 63 },
    principal: text(200),
    peer: text(100),
    action: oneOfWords(...ACTIONS),
    resource: text(300),
    outcome: oneOfWords('done', 'refused', 'failed'),
    'code?': text(100),
    details: DETAILS,
  }),
  LogLine: object({
    seq: COUNT,
    atMs: TIME_MS,
    level: oneOfWords('debug', 'info', 'warn', 'error'),
    'variant?': NAME,
    source: text(200),
    message: text(100_000),
    'fields?': DETAILS,
  }),
  TrafficSummary: object({
    atMs: TIME_MS,
    windowMs: COUNT,
    variants: arrayOf(
      object({
        endpoint: NAME,
        variant: NAME,
        model: NAME,
        version: VERSION_NUMBER,
        share: SHARE,
        replicas: object({ desired: COUNT, ready: COUNT }),
        inFlight: number(0, 1e12),
        requestsPerSecond: number(0, 1e12),
        errorsPerSecond: number(0, 1e12),
        rowsPerSecond: number(0, 1e15),
        'p50Ms?': number(0, 1e9),
        'p95Ms?': number(0, 1e9),
        'p99Ms?': number(0, 1e9),
        'shadow?': ref('ShadowSummary'),
      }),
      100_000,
    ),
  }),
  CaptureRecord: object({ id: text(100), atMs: TIME_MS, endpoint: NAME, variant: NAME, 'record?': DETAILS }),
  ServerInfo: object({
    version: text(100),
    'url?': text(1000),
    'grpcAddress?': text(1000),
    'apiUrl?': text(1000),
    database: oneOfWords('sqlite', 'postgresql'),
    storage: oneOfWords('local', 's3'),
    runners: arrayOf(
      object({
        runner: text(200),
        project,
        isConnected: BOOLEAN,
        revision: COUNT,
        memoryBytes: COUNT,
        replicas: COUNT,
      }),
      100_000,
    ),
  }),
  LogLevels: object(LEVELS),
  LogLevelsInput: object(partial(LEVELS)),
  PrincipalInfo: object({
    name: text(200),
    project: projectOrAll,
    role: oneOfWords(...ROLES),
    actions: arrayOf(oneOfWords(...ACTIONS)),
    'endpoints?': arrayOf(NAME),
  }),
  NewVersion: object({
    source: ref('VersionSource'),
    'fileName?': FILE_NAME,
    'description?': LINE,
    'how?': object({
      'allowUntested?': BOOLEAN,
      'steps?': arrayOf(text(200), 100),
      'runtime?': oneOfWords('python', 'typescript'),
    }),
  }),
  NewUpload: object({
    fileName: FILE_NAME,
    sizeBytes: integer(1, 2 ** 53 - 1, 'of the whole file'),
    'partBytes?': integer(1, 2 ** 40, 'of every part but the last; the platform chooses when absent'),
    'sha256?': SHA256,
  }),
  ...Object.fromEntries(
    ['Project', 'Model', 'Version', 'Upload', 'Endpoint', 'EndpointRevision', 'Rollout', 'Key', 'CaptureRecord'].map(
      (name) => [`${name}Page`, pageOf(ref(name))],
    ),
  ),
  PlatformEvents: object({ items: arrayOf(ref('PlatformEvent')), after: integer(-1, Number.MAX_SAFE_INTEGER) }),
  LogLines: object({ items: arrayOf(ref('LogLine')), after: integer(-1, Number.MAX_SAFE_INTEGER) }),
  AuditPage: object({ items: arrayOf(ref('AuditEntry')), 'before?': COUNT }),
}

const PAGING = {
  'limit?': integer(1, 1000, 'most items; default 100'),
  'cursor?': text(1000, 'from the page before'),
} satisfies Record<string, Schema>
/** Only what is in one of these states; a word that is none of them is no empty list. */
function inStates(...states: readonly string[]) {
  const word = `(?:${states.join('|')})`
  const description = `one of these states, or several joined by commas: ${states.join(', ')}`
  return {
    'state?': { type: 'string', maxLength: 200, pattern: `^${word}(?:,${word})*$`, description },
  } as const satisfies Record<string, Schema>
}
const PREFIX = { 'prefix?': text(63, 'only names that begin so') } satisfies Record<string, Schema>
const FOLLOWING = {
  'after?': integer(-1, Number.MAX_SAFE_INTEGER, 'only what came after this seq; -1: only what comes from now on'),
  'wait?': integer(0, 30, 'seconds to wait for something to come'),
  'limit?': integer(1, 1000, 'most items; default 100'),
} satisfies Record<string, Schema>

/** What stands behind `?`, for the routes that take anything there. */
export const QUERIES = {
  page: object(PAGING),
  versions: object({ ...PAGING, ...inStates(...VERSION_STATES) }),
  uploads: object({ ...PAGING, ...inStates(...UPLOAD_STATES) }),
  names: object({ ...PAGING, ...PREFIX }),
  endpoints: object({ ...PAGING, ...inStates(...ENDPOINT_STATES), ...PREFIX }),
  rollouts: object({ ...PAGING, ...inStates(...ROLLOUT_STATES), 'endpoint?': NAME }),
  captures: object({ ...PAGING, 'variant?': NAME }),
  following: object(FOLLOWING),
  events: object({
    ...FOLLOWING,
    'kind?': oneOfWords('project', 'model', 'version', 'upload', 'endpoint', 'rollout', 'key', 'runner'),
    'name?': text(200),
  }),
  audit: object({
    'principal?': text(200),
    'before?': integer(1, Number.MAX_SAFE_INTEGER),
    'limit?': PAGING['limit?'],
  }),
} satisfies Record<string, Schema>

/** What may stand in a path, by the parameter's name. */
export const PARAMETERS: Readonly<Record<string, Schema>> = {
  project: NAME,
  /** Of routes that take the whole platform too. */
  projectOrAll,
  model: NAME,
  label: LABEL,
  version: VERSION_NUMBER,
  upload: ID,
  part: integer(1, 10_000, 'counted from 1'),
  endpoint: NAME,
  revision: integer(1, 2 ** 31 - 1, 'counted from 1'),
  rollout: ID,
  key: NAME,
  capture: {
    type: 'string',
    pattern: '^[A-Za-z0-9_-]{1,100}$',
    maxLength: 100,
    description: 'the id of a capture: 1 to 100 letters, digits, "_" and "-"',
  },
}
