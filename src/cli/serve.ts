import { isIP } from 'node:net'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { expandPath, openOrCompile, type LocatedBundle } from '../server/compile.ts'
import type { PlaneSettings, ReadyModel } from '../server/settings.ts'
import { supervise } from '../server/supervisor.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { checkName, DATA_OPTION, JSON_OPTION } from './common-options.ts'
import { curlLine } from './curl-line.ts'
import { UsageError, type Options } from './options.ts'

const OPTIONS = {
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
  insecure: { type: 'boolean', doc: 'allow an address that other machines can reach, although requests need no key' },
  name: { type: 'string', value: 'NAME', doc: "name of the model, in place of its file's stem" },
  model: { type: 'string', value: 'PATH', doc: 'what to serve when no path is given' },
  engine: {
    type: 'string',
    value: 'NAMES',
    default: 'onnxruntime,host-kernels',
    doc: 'engines in order of preference',
  },
  maxBatchRows: {
    type: 'number',
    value: 'N',
    default: 256,
    min: 1,
    max: 1_000_000,
    doc: 'most rows that run together',
  },
  maxQueueRows: {
    type: 'number',
    value: 'N',
    default: 10_000,
    min: 1,
    max: 100_000_000,
    doc: 'most rows that wait for a model',
  },
  timeoutMs: {
    type: 'number',
    value: 'MS',
    default: 60_000,
    min: 1,
    max: 3_600_000,
    doc: 'longest that a request may take',
  },
  maxBodyBytes: {
    type: 'number',
    value: 'BYTES',
    default: 33_554_432,
    min: 1,
    max: 2_147_483_647,
    doc: 'largest request body',
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
  ...DATA_OPTION,
  ...JSON_OPTION,
} as const

export const serveCommand: Command<typeof OPTIONS> = {
  usage: '<path…>: model files, bundles or folders of them',
  options: OPTIONS,
  async run(positionals, options, context) {
    const paths = positionals.length > 0 ? positionals : options.model === undefined ? [] : [options.model]
    if (paths.length === 0) throw new UsageError('name at least one model file, bundle or folder')
    checkAddress(options)
    checkName(options.name)
    const lambdaApi = context.env.AWS_LAMBDA_RUNTIME_API
    if (lambdaApi === undefined) await serveHttp(paths, options, context)
    else {
      const { serveLambda } = await import('../server/lambda.ts')
      await serveLambda(lambdaApi, planeOf(await locate(paths, options, context), options), context.signal)
    }
    return EXIT.done
  },
}

function planeOf(bundles: readonly LocatedBundle[], options: Options<typeof OPTIONS>): PlaneSettings {
  return {
    bundles: bundles.map(({ folder, digest }) => ({ folder, digest, name: options.name })),
    defaultModel: undefined,
    engines: options.engine.split(','),
    maxBatchRows: options.maxBatchRows,
    maxQueueRows: options.maxQueueRows,
    timeoutMs: options.timeoutMs,
  }
}

/** Only this machine may reach an endpoint without keys, unless the operator says otherwise. */
function checkAddress({ host, insecure }: Options<typeof OPTIONS>): void {
  if (isIP(host) === 0) throw new UsageError(`--host takes a numeric address such as 127.0.0.1, found ${quote(host)}`)
  if (insecure || host === '::1' || host.startsWith('127.')) return
  throw new ServingError(
    'permission_denied',
    `${host} can be reached from other machines and requests need no key: say --insecure if something else guards it`,
  )
}

async function locate(
  paths: readonly string[],
  options: Options<typeof OPTIONS>,
  context: CommandContext,
): Promise<LocatedBundle[]> {
  const expanded = (await Promise.all(paths.map(expandPath))).flat()
  if (options.name !== undefined && expanded.length > 1)
    throw new UsageError(`--name names one model, and there are ${expanded.length}`)
  const bundles: LocatedBundle[] = []
  for (const path of expanded) {
    const bundle = await namingThePath(path, () =>
      openOrCompile(path, {
        dataFolder: options.data,
        name: options.name,
        signal: context.signal,
        onProgress: (text) => context.stderr.write(`${path}: ${text}\n`),
      }),
    )
    for (const warning of bundle.warnings) context.stderr.write(`${path}: warning: ${warning}\n`)
    const twin = bundles.find((other) => other.manifest.name === bundle.manifest.name)
    if (twin !== undefined)
      throw new UsageError(`two models are called ${quote(bundle.manifest.name)}: give one of them another name`)
    bundles.push(bundle)
  }
  return bundles
}

/** Of several models, a failure says which one it is about. */
async function namingThePath<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    const { code, message, details, cause } = ServingError.from(thrown)
    throw new ServingError(code, message.includes(path) ? message : `${path}: ${message}`, { details, cause })
  }
}

async function serveHttp(
  paths: readonly string[],
  options: Options<typeof OPTIONS>,
  context: CommandContext,
): Promise<void> {
  const { maxBodyBytes, maxConnections, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = options
  const http = { maxBodyBytes, maxConnections, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs }
  let bundles: readonly LocatedBundle[] = []
  await supervise({
    host: options.host,
    port: options.port,
    engines: options.engine.split(','),
    locate: async () => {
      bundles = await locate(paths, options, context)
      return { ...planeOf(bundles, options), http }
    },
    drainTimeoutMs: options.drainTimeoutMs,
    signal: context.signal,
    onReady: (url, models) =>
      context.stdout.write(options.json ? `${JSON.stringify({ url, models })}\n` : greeting(url, models, bundles)),
  })
}

/** What a person wants to know first: where it answers, which models, and a line to try. */
function greeting(url: string, models: readonly ReadyModel[], bundles: readonly LocatedBundle[]): string {
  const lines = models.map(
    ({ name, version, engines }) => `  ${name}  version ${version.slice(0, 12)}, on ${engines.join(', ')}\n`,
  )
  const name = models[0]?.name
  const manifest = bundles.find(({ digest }) => digest === models[0]?.version)?.manifest
  const tryIt = name === undefined || manifest === undefined ? '' : `\nTry it:\n\n${curlLine(url, name, manifest)}\n`
  return `Slipway answers at ${url}\n\n${lines.join('')}${tryIt}\nDocumentation with a form to try: ${url}/\n`
}
