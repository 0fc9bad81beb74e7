import { isIP } from 'node:net'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { COMPILE_OPTIONS, DATA_OPTION, JSON_OPTION, PYTHON_OPTIONS } from './common-options.ts'
import { UsageError, type Options, type OptionTable } from './options.ts'

/** Every option of `slipway serve`: `--help`, `slipway config`, its schema and docs/configuration.md are made from this. */
export const SERVE_OPTIONS = {
  host: { type: 'string', value: 'ADDRESS', default: '127.0.0.1', doc: 'numeric address to listen on' },
  // SageMaker, Vertex AI and Cloud Run tell a container its port
  port: {
    type: 'number',
    value: 'PORT',
    default: 8080,
    min: 0,
    max: 65_535,
    doc: 'port to listen on, 0 for any free one',
    platformVariables: ['SAGEMAKER_BIND_TO_PORT', 'AIP_HTTP_PORT', 'PORT'],
  },
  grpcPort: {
    type: 'number',
    value: 'PORT',
    default: 8081,
    min: -1,
    max: 65_535,
    doc: 'port to listen on for gRPC, 0 for any free one, -1 for none',
  },
  predictRoute: {
    type: 'string',
    value: 'PATH',
    doc: 'path at which Vertex AI asks for predictions, besides its own default',
    platformVariables: ['AIP_PREDICT_ROUTE'],
  },
  healthRoute: {
    type: 'string',
    value: 'PATH',
    doc: 'path at which Vertex AI asks whether the server is ready, besides its own default; needs no key',
    platformVariables: ['AIP_HEALTH_ROUTE'],
  },
  apiKeyFile: {
    type: 'string',
    value: 'PATH',
    doc: 'file of hashed keys, as `slipway key` writes it: requests then need a key; read again when it changes',
  },
  insecure: { type: 'boolean', doc: 'allow an address that other machines can reach, although requests need no key' },
  tlsCert: { type: 'string', value: 'PATH', doc: 'certificate chain in PEM: answer by HTTPS; needs the key too' },
  tlsKey: { type: 'string', value: 'PATH', doc: 'private key of the certificate, in PEM' },
  serverName: {
    type: 'string',
    value: 'NAME',
    default: 'slipway',
    doc: 'what the server calls itself; some clients look for triton',
  },
  name: { type: 'string', value: 'NAME', doc: "name of the model, in place of its file's stem" },
  ...COMPILE_OPTIONS,
  ...PYTHON_OPTIONS,
  pythonWorkers: {
    type: 'number',
    value: 'N',
    default: 1,
    min: 1,
    max: 256,
    doc: 'processes of each model in Python, each for one run at a time',
  },
  typescriptWorkers: {
    type: 'number',
    value: 'N',
    default: 1,
    min: 1,
    max: 256,
    doc: 'processes of each model with code in TypeScript, each for one run at a time',
  },
  model: { type: 'string', value: 'PATH', doc: 'what to serve when no path is given' },
  models: { type: 'list', value: 'PATHS', doc: 'what to serve when no path is given, when that is several' },
  watch: { type: 'boolean', doc: 'look at the served paths again and again, and take over what has changed there' },
  watchIntervalMs: {
    type: 'number',
    value: 'MS',
    default: 2000,
    min: 100,
    max: 3_600_000,
    doc: 'how often watched paths are looked at',
  },
  engine: {
    type: 'string',
    value: 'NAMES',
    default: 'auto',
    doc: "engines in order of preference, separated by commas; auto takes what the model's profile says",
  },
  plan: {
    type: 'choice',
    values: ['auto', 'in-tick', 'off-loop'],
    default: 'auto',
    doc: "where models run: in the event loop's tick, or beside it; auto takes what the model's profile says",
  },
  concurrency: {
    type: 'number',
    value: 'N',
    default: 0,
    min: 0,
    max: 1024,
    doc: "most runs of a model at once, off the loop; 0 for what the model's profile says",
  },
  maxBatchRows: {
    type: 'number',
    value: 'N',
    default: 0,
    min: 0,
    max: 1_000_000,
    doc: "most rows that run together; 0 for what the model's profile says",
  },
  windowMs: {
    type: 'number',
    value: 'MS',
    default: -1,
    min: -1,
    max: 10_000,
    doc: "how long an idle engine waits for more rows; -1 for what the model's profile says",
  },
  maxQueueRows: {
    type: 'number',
    value: 'N',
    default: 0,
    min: 0,
    max: 100_000_000,
    doc: "most rows that wait for a model; 0 for what the model's profile says",
  },
  maxQueueDelayMs: {
    type: 'number',
    value: 'MS',
    default: 0,
    min: 0,
    max: 3_600_000,
    doc: "longest that a request may be expected to wait before it is refused at once; 0 for what the model's profile says",
  },
  start: {
    type: 'choice',
    values: ['auto', 'optimized', 'quick'],
    default: 'auto',
    doc: 'quick answers on the graph as it is, and changes to the optimised one when that is ready',
  },
  timeoutMs: {
    type: 'number',
    value: 'MS',
    default: 60_000,
    min: 1,
    max: 3_600_000,
    doc: 'longest that a request may take',
  },
  workers: {
    type: 'number',
    value: 'N',
    default: 1,
    min: 0,
    max: 256,
    doc: 'processes that answer requests; 0 for one to each core',
  },
  maxRunnerMemoryMib: {
    type: 'number',
    value: 'MIB',
    default: 0,
    min: 0,
    max: 16_777_216,
    doc: 'memory at which a process that answers requests is replaced by a fresh one; 0 for never',
  },
  isolation: {
    type: 'choice',
    values: ['none', 'process'],
    default: 'none',
    doc: 'whether models run in processes of their own: one that crashes or hangs then disturbs no other',
  },
  replicas: {
    type: 'number',
    value: 'N',
    default: 2,
    min: 1,
    max: 256,
    doc: 'processes of each model, with --isolation process',
  },
  workerMemoryMib: {
    type: 'number',
    value: 'MIB',
    default: 4096,
    min: 64,
    max: 16_777_216,
    doc: 'memory at which a process of a model is ended and replaced, with --isolation process',
  },
  maxBodyBytes: {
    type: 'number',
    value: 'BYTES',
    default: 33_554_432,
    min: 1,
    max: 2_147_483_647,
    doc: 'largest request body',
  },
  bodyMemoryMib: {
    type: 'number',
    value: 'MIB',
    default: 0,
    min: 0,
    max: 16_777_216,
    doc: 'most memory that the bodies of requests take in all processes that answer, each having an even part; 0 for a quarter of what this machine or its container has',
  },
  grpcMaxMessageBytes: {
    type: 'number',
    value: 'BYTES',
    default: 67_108_864,
    min: 1,
    max: 2_147_483_647,
    doc: 'largest message of gRPC',
  },
  grpcMaxStreams: {
    type: 'number',
    value: 'N',
    default: 250,
    min: 1,
    max: 1_000_000,
    doc: 'most calls at once on one connection of gRPC',
  },
  maxConnections: {
    type: 'number',
    value: 'N',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    doc: 'most connections at once',
  },
  headersTimeoutMs: {
    type: 'number',
    value: 'MS',
    default: 10_000,
    min: 1,
    max: 3_600_000,
    doc: 'longest that headers may take to arrive',
  },
  requestTimeoutMs: {
    type: 'number',
    value: 'MS',
    default: 30_000,
    min: 1,
    max: 3_600_000,
    doc: 'longest that a request may take to arrive',
  },
  keepAliveTimeoutMs: {
    type: 'number',
    value: 'MS',
    default: 65_000,
    min: 1,
    max: 3_600_000,
    doc: 'how long an idle connection is kept',
  },
  drainTimeoutMs: {
    type: 'number',
    value: 'MS',
    default: 25_000,
    min: 1,
    max: 3_600_000,
    doc: 'how long requests may take to finish at the end',
  },
  accessLog: { type: 'boolean', doc: 'write a line to the log for every request' },
  logLevel: {
    type: 'choice',
    values: ['debug', 'info', 'warn', 'error'],
    default: 'info',
    doc: 'least serious lines that the log shows',
  },
  ...DATA_OPTION,
  ...JSON_OPTION,
} as const satisfies OptionTable

export type ServeOptions = Options<typeof SERVE_OPTIONS>

/** What is to be served: the paths on the command line, else what the options name. @throws {UsageError} for nothing */
export function pathsToServe(positionals: readonly string[], { model, models }: ServeOptions): readonly string[] {
  if (positionals.length > 0) return positionals
  if (models.length > 0) return models
  if (model === undefined) throw new UsageError('name at least one model file, bundle or folder')
  return [model]
}

/**
 * What holds between the options: only this machine may reach an endpoint without keys, unless the operator says
 * otherwise, and a certificate comes with its key.
 * @throws {UsageError} for an address that is none, for half a certificate, and for a route that no request can ask for
 * @throws {ServingError} `permission_denied` for an address that others reach and nothing that guards it
 */
export function checkServeOptions(options: ServeOptions): void {
  const { host, insecure, apiKeyFile, tlsCert, tlsKey } = options
  checkRoute('--predict-route', options.predictRoute)
  checkRoute('--health-route', options.healthRoute)
  if (isIP(host) === 0) throw new UsageError(`--host takes a numeric address such as 127.0.0.1, found ${quote(host)}`)
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError(`${tlsCert === undefined ? '--tls-cert' : '--tls-key'} is missing: HTTPS needs both`)
  if (insecure || apiKeyFile !== undefined || host === '::1' || host.startsWith('127.')) return
  throw new ServingError(
    'permission_denied',
    `${host} can be reached from other machines and requests need no key: name a file of keys with --api-key-file, or say --insecure if something else guards it`,
  )
}

/** Paths are matched as they come, so a route is a path as requests have it. @see RFC 3986, section 3.3 */
function checkRoute(flag: string, route: string | undefined): void {
  if (route === undefined || /^\/[\w.~!$&'()*+,;=:@%/-]{0,255}$/.test(route)) return
  throw new UsageError(
    `${flag} is ${quote(route)}; it takes a path of at most 256 characters that begins with "/", such as /predict, without "?"`,
  )
}
