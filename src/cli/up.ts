import { spawn } from 'node:child_process'
import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { DEFAULT_PROJECT } from '../api/resources.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { setLogLevel } from '../server/log.ts'
import { bodyMemoryMiB, shareOfMemoryMiB } from '../server/machine.ts'
import { ensureCredentials, unwritable } from '../server/platform/data-folder.ts'
import { CREDENTIALS_FILE, HEADER_FILE } from '../server/platform/settings.ts'
import {
  supervisePlatform,
  type PlatformAddresses,
  type PlatformOptions,
} from '../server/platform/supervise-platform.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { codeOf, DATA_OPTION, JSON_OPTION, PYTHON_OPTIONS } from './common-options.ts'
import { UsageError, type Options, type OptionTable } from './options.ts'
import { sameWay } from './platform/same-way.ts'
import { SERVE_OPTIONS } from './serve-options.ts'

const { host, grpcPort, tlsCert, tlsKey, serverName, timeoutMs, maxBodyBytes, bodyMemoryMib, grpcMaxMessageBytes } =
  SERVE_OPTIONS
const { grpcMaxStreams, maxConnections, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = SERVE_OPTIONS
const { drainTimeoutMs, accessLog, logLevel, pythonWorkers, typescriptWorkers, maxRunnerMemoryMib, workerMemoryMib } =
  SERVE_OPTIONS

const UP_OPTIONS = {
  host,
  port: {
    type: 'number',
    value: 'PORT',
    default: 8080,
    min: 0,
    max: 65_535,
    doc: 'port of the endpoints, 0 for any free one',
  },
  grpcPort,
  apiHost: {
    type: 'string',
    value: 'ADDRESS',
    default: '127.0.0.1',
    doc: "numeric address that the platform's own API listens on",
  },
  apiPort: {
    type: 'number',
    value: 'PORT',
    default: 8082,
    min: 0,
    max: 65_535,
    doc: "port of the platform's own API, 0 for any free one",
  },
  databaseUrl: {
    type: 'string',
    value: 'URL',
    doc: 'postgres://… that holds the state; a file in the data folder when absent',
  },
  storageUrl: {
    type: 'string',
    value: 'URL',
    doc: 's3://bucket/prefix that holds models and captures; the data folder when absent',
  },
  workers: {
    type: 'number',
    value: 'N',
    default: 0,
    min: 0,
    max: 256,
    doc: 'processes that answer requests; 0 for one to each core',
  },
  memoryBudgetMib: {
    type: 'number',
    value: 'MIB',
    default: 0,
    min: 0,
    max: 16_777_216,
    doc: 'most memory that loaded models may take together: idle ones make room for others; 0 for half of what this machine or its container has',
  },
  allowFetchFrom: {
    type: 'list',
    value: 'HOSTS',
    doc: 'hosts in private networks that models may be fetched from, with their ports where those are unusual',
  },
  tls: {
    type: 'boolean',
    doc: 'answer by HTTPS with a certificate of a local authority, which `slipway ca export` gives out',
  },
  tlsHosts: {
    type: 'list',
    value: 'NAMES',
    doc: 'names and addresses that such a certificate holds, besides those of this machine itself',
  },
  tlsCert,
  tlsKey,
  insecure: {
    type: 'boolean',
    doc: 'allow addresses that other machines can reach without TLS: something before it speaks that',
  },
  serverName,
  ...PYTHON_OPTIONS,
  pythonWorkers,
  typescriptWorkers,
  timeoutMs,
  maxRunnerMemoryMib,
  workerMemoryMib: { ...workerMemoryMib, doc: 'memory at which a process of an isolated model is ended and replaced' },
  maxBodyBytes,
  bodyMemoryMib,
  grpcMaxMessageBytes,
  grpcMaxStreams,
  maxConnections,
  headersTimeoutMs,
  requestTimeoutMs,
  keepAliveTimeoutMs,
  drainTimeoutMs,
  accessLog,
  logLevel,
  data: { ...DATA_OPTION.data, doc: 'folder of all that the platform keeps: state, keys, models, logs' },
  ...JSON_OPTION,
} as const satisfies OptionTable

type UpOptions = Options<typeof UP_OPTIONS>

/** Starts the platform: endpoints, the API that changes them, and what keeps both alive. */
export const upCommand: Command<typeof UP_OPTIONS> = {
  usage: '[file…]: model files that are deployed at the start, where there is no endpoint of their names yet',
  options: UP_OPTIONS,
  async run(positionals, options, context) {
    checkOptions(options)
    setLogLevel(options.logLevel)
    const code = await codeOf(options, options)
    const dataFolder = resolve(options.data)
    const { credentials, isNew } = await ensureCredentialsIn(dataFolder)
    const runners = options.workers || availableParallelism()
    const { maxBodyBytes, maxConnections, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = options
    const engines = ['onnxruntime', 'host-kernels', ...(code.python === undefined ? [] : ['python'])]
    await supervisePlatform({
      host: options.host,
      port: options.port,
      grpcPort: options.grpcPort === -1 ? undefined : options.grpcPort,
      apiHost: options.apiHost,
      apiPort: options.apiPort,
      dataFolder,
      runners,
      memoryBudgetMiB: options.memoryBudgetMib || shareOfMemoryMiB(0.5),
      workerMemoryMiB: options.workerMemoryMib,
      tls: await certificateOf(options, dataFolder),
      control: {
        databaseUrl: options.databaseUrl,
        storageUrl: options.storageUrl,
        fetchFrom: options.allowFetchFrom,
      },
      maxRunnerMemoryMiB: options.maxRunnerMemoryMib || undefined,
      settings: {
        defaultModel: undefined,
        engines,
        overrides: {},
        timeoutMs: options.timeoutMs,
        ...code,
        http: { maxBodyBytes, maxConnections, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs },
        bodyMemoryMiB: bodyMemoryMiB(options.bodyMemoryMib, runners),
        grpc:
          options.grpcPort === -1
            ? undefined
            : { maxMessageBytes: options.grpcMaxMessageBytes, maxConcurrentStreams: options.grpcMaxStreams },
        platformRoutes: {},
        serverName: options.serverName,
        drainTimeoutMs: options.drainTimeoutMs,
        accessLog: options.accessLog,
        logLevel: options.logLevel,
      },
      onReady: async (at, problem) => {
        const { code, message } = problem ?? {}
        if (options.json)
          context.stdout.write(
            `${JSON.stringify({ ...at, dataFolder, ...(problem && { problem: { code, message } }) })}\n`,
          )
        else
          context.stdout.write(
            greeting(at, {
              dataFolder,
              runners,
              newKey: isNew ? credentials.adminKey : undefined,
              command: commandOf(context.env),
            }),
          )
        if (message !== undefined && !options.json)
          context.stderr.write(`The API does not answer yet, endpoints go on as they were. ${message}\n`)
        if (problem === undefined) for (const file of positionals) await deploy(file, dataFolder, context)
      },
      signal: context.signal,
    })
    return EXIT.done
  },
}

/** The first start makes the data folder too. */
async function ensureCredentialsIn(dataFolder: string): ReturnType<typeof ensureCredentials> {
  const { mkdir } = await import('node:fs/promises')
  try {
    await mkdir(dataFolder, { recursive: true, mode: 0o700 })
    return await ensureCredentials(dataFolder)
  } catch (error) {
    throw unwritable(dataFolder, error)
  }
}

/** @throws {UsageError} for addresses that are none and for half a certificate */
function checkOptions({ host, apiHost, tlsCert, tlsKey, tls }: UpOptions): void {
  for (const [flag, address] of [
    ['--host', host],
    ['--api-host', apiHost],
  ] as const)
    if (isIP(address) === 0)
      throw new UsageError(`${flag} takes a numeric address such as 127.0.0.1, found ${quote(address)}`)
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError(`${tlsCert === undefined ? '--tls-cert' : '--tls-key'} is missing: HTTPS needs both`)
  if (tls && tlsCert !== undefined)
    throw new UsageError('--tls makes a certificate, and --tls-cert names one: say one of them')
}

async function certificateOf(
  { tls, tlsHosts, tlsCert, tlsKey, insecure, host, apiHost }: UpOptions,
  dataFolder: string,
): Promise<PlatformOptions['tls']> {
  if (!tls) {
    const isOpen = [host, apiHost].some((address) => address !== '::1' && !address.startsWith('127.'))
    if (isOpen && tlsCert === undefined && !insecure)
      throw new ServingError(
        'permission_denied',
        'keys would travel unencrypted to other machines: say --tls, name a certificate with --tls-cert and --tls-key, or --insecure if something before it speaks TLS',
      )
    return { tlsCert, tlsKey }
  }
  const { ensureServerCertificate } = await import('../server/local-ca.ts')
  const given = [host, apiHost].filter((address) => address !== '0.0.0.0' && address !== '::')
  const ensure = () => ensureServerCertificate(dataFolder, { hosts: [...given, ...tlsHosts], now: () => Date.now() })
  const { certPath, keyPath } = await ensure()
  return { tlsCert: certPath, tlsKey: keyPath, renew: async () => (await ensure()).isNew }
}

/** By the command line's own `deploy`, as anybody would. */
async function deploy(file: string, dataFolder: string, { stderr, signal }: CommandContext): Promise<void> {
  const args = ['deploy', file, '--data', dataFolder, '--if-absent']
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const end = () => child.kill()
  signal.addEventListener('abort', end, { once: true })
  const code = await new Promise((done) => child.once('exit', done).once('error', done))
  signal.removeEventListener('abort', end)
  if (code !== 0 && !signal.aborted) stderr.write(`slipway: ${file} was not deployed; the platform runs on\n`)
}

/** How the same shell starts another command: in a clone that is not installed, by npm, which says that it runs a script. */
export function commandOf(env: CommandContext['env']): string {
  return env.npm_lifecycle_event === 'start' || env.npm_lifecycle_event === 'slipway' ? 'npm run slipway --' : 'slipway'
}

interface Greeted {
  readonly dataFolder: string
  readonly runners: number
  readonly newKey: string | undefined
  /** What a person types before `deploy`. */
  readonly command: string
}

/** What a person wants to know first: where it answers, where the key is, and what to type next. */
export function greeting(
  { url, grpcAddress, apiUrl }: PlatformAddresses,
  { dataFolder, runners, newKey, command }: Greeted,
): string {
  const shown = newKey === undefined ? '' : `\nThe admin key, shown this once:  ${newKey}\n`
  return `Slipway is up.
  endpoints  ${url}${grpcAddress === undefined ? '' : `  (gRPC ${grpcAddress})`}, ${runners} ${runners === 1 ? 'runner' : 'runners'}
  API        ${apiUrl}/api/v1
  keys       ${join(dataFolder, CREDENTIALS_FILE)}; as a header for curl: -H @${join(dataFolder, HEADER_FILE)}
${shown}
Deploy a model:  ${command} deploy model.pkl${sameWay({ url: undefined, data: dataFolder, project: DEFAULT_PROJECT })}
`
}
