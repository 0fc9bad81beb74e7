import { availableParallelism } from 'node:os'
import { ServingError } from '../core/errors.ts'
import type { Choices } from '../runtime/choices.ts'
import type { Models } from '../server/desired-state.ts'
import type { LocateOptions, Located } from '../server/locate-models.ts'
import { log, setLogLevel } from '../server/log.ts'
import { bodyMemoryMiB } from '../server/machine.ts'
import type { CodeSettings, GrpcSettings, PlaneSettings, ReadyModel } from '../server/settings.ts'
import { supervise } from '../server/supervisor.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { checkName, codeOf, howToCompile } from './common-options.ts'
import { UsageError } from './options.ts'
import { checkServeOptions, pathsToServe, SERVE_OPTIONS, type ServeOptions } from './serve-options.ts'

export const serveCommand: Command<typeof SERVE_OPTIONS> = {
  usage: '<path…>: model files, bundles or folders of them',
  options: SERVE_OPTIONS,
  async run(positionals, options, context) {
    const paths = pathsToServe(positionals, options)
    checkServeOptions(options)
    checkName(options.name)
    setLogLevel(options.logLevel)
    const code = await codeOf(options, options)
    const lambdaApi = context.env.AWS_LAMBDA_RUNTIME_API
    if (lambdaApi === undefined) await serveHttp(paths, options, context, code)
    else {
      const { serveLambda } = await import('../server/lambda.ts')
      const { models, failures } = await locate(paths, options, context, code)
      for (const error of failures) log('error', 'a model could not be read, it is not served', { error })
      const { apiKeyFile } = options
      await serveLambda(
        { api: lambdaApi, plane: planeSettings(options, code), apiKeyFile, signal: context.signal },
        models,
      )
    }
    return EXIT.done
  },
}

/** What the options say of the data plane; an option at its default leaves the choice to the profile. */
function planeSettings(options: ServeOptions, code: CodeSettings): PlaneSettings {
  const { engine, plan, start, timeoutMs } = options
  const engines = engine === 'auto' ? undefined : engine.split(',')
  const settings: PlaneSettings = {
    defaultModel: undefined,
    engines: engines ?? ['onnxruntime', 'host-kernels'],
    overrides: {
      engines,
      plan: plan === 'auto' ? undefined : plan,
      concurrency: options.concurrency || undefined,
      maxBatchRows: options.maxBatchRows || undefined,
      windowMs: options.windowMs < 0 ? undefined : options.windowMs,
      maxQueueRows: options.maxQueueRows || undefined,
      maxQueueDelayMs: options.maxQueueDelayMs || undefined,
      start: start === 'auto' ? undefined : start,
    },
    timeoutMs,
  }
  const { python, typescript } = code
  const allowed = { ...settings, typescript }
  return python === undefined ? allowed : { ...allowed, python, engines: [...settings.engines, 'python'] }
}

async function locate(
  paths: readonly string[],
  options: ServeOptions,
  context: CommandContext,
  code: CodeSettings,
  served?: Models,
  only?: string,
): Promise<Located> {
  const settings = planeSettings(options, code)
  const copies = options.isolation === 'process' ? options.replicas : 1
  // what finds models is read while the first runners start
  const { locateModels } = await import('../server/locate-models.ts')
  const { planModel } = await import('../server/plan-model.ts')
  try {
    return await locateModels(
      paths,
      {
        dataFolder: options.data,
        name: options.name,
        how: howToCompile(options),
        ...code,
        signal: context.signal,
        only,
        ...tellersOf(context),
        plan: (bundle) => planModel(bundle, settings, copies),
      },
      served,
    )
  } catch (thrown) {
    const error = ServingError.from(thrown)
    throw error.details.reason === 'names' ? new UsageError(error.message) : error
  }
}

/** Who is told how far it is: a person at a terminal in plain lines; elsewhere they are lines of the log, like all others. */
function tellersOf({ stderr }: CommandContext): Pick<LocateOptions, 'onProgress' | 'onWarning'> {
  if (stderr.isTTY !== true)
    return {
      onProgress: (path, text) => log('info', text, { event: 'model_progress', path }),
      onWarning: (path, text) => log('warn', text, { event: 'model_warning', path }),
    }
  return {
    onProgress: (path, text) => stderr.write(`${path}: ${text}\n`),
    onWarning: (path, text) => stderr.write(`${path}: warning: ${text}\n`),
  }
}

async function serveHttp(
  paths: readonly string[],
  options: ServeOptions,
  context: CommandContext,
  code: CodeSettings,
): Promise<void> {
  const { maxBodyBytes, maxConnections, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = options
  const http = { maxBodyBytes, maxConnections, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs }
  const { apiKeyFile, tlsCert, tlsKey, drainTimeoutMs, engine, accessLog, logLevel } = options
  const workers = options.workers || availableParallelism()
  let located: Pick<Located, 'bundles' | 'models'> = { bundles: [], models: [] }
  await supervise({
    host: options.host,
    port: options.port,
    grpcPort: options.grpcPort === -1 ? undefined : options.grpcPort,
    runners: workers,
    settings: {
      ...planeSettings(options, code),
      http,
      bodyMemoryMiB: bodyMemoryMiB(options.bodyMemoryMib, workers),
      grpc: grpcSettings(options),
      platformRoutes: { predictRoute: options.predictRoute, healthRoute: options.healthRoute },
      serverName: options.serverName,
      drainTimeoutMs,
      accessLog,
      logLevel,
    },
    credentials: { apiKeyFile, tlsCert, tlsKey },
    prepare: engine === 'auto' || options.isolation === 'process' ? [] : engine.split(','),
    locate: async (served, only) => {
      const found = await locate(paths, options, context, code, served, only)
      located = found
      return found
    },
    watch: options.watch ? { paths, intervalMs: options.watchIntervalMs } : undefined,
    isolation:
      options.isolation === 'process' ? { replicas: options.replicas, memoryMiB: options.workerMemoryMib } : undefined,
    maxRunnerMemoryMiB: options.maxRunnerMemoryMib || undefined,
    onReady: async (url, models, grpcAddress) => {
      const text = options.json
        ? `${JSON.stringify({ url, grpcAddress, workers, models: models.map((model) => ({ ...model, choices: choicesOf(model, located.models) })) })}\n`
        : await greeting({ url, grpcAddress }, workers, models, located, apiKeyFile !== undefined)
      context.stdout.write(text)
      if (context.stderr.isTTY !== true)
        log('info', 'the server is ready', { event: 'server_ready', url, grpcAddress, workers, models })
      const { sweepDataFolder } = await import('../server/sweep.ts')
      const swept = await sweepDataFolder(options.data, Date.now())
      if (swept.length > 0)
        log('info', 'what was half written in the data folder was removed', { event: 'swept', paths: swept })
    },
    signal: context.signal,
  })
}

/** How gRPC is spoken; undefined where it is not. */
function grpcSettings({ grpcPort, grpcMaxMessageBytes, grpcMaxStreams }: ServeOptions): GrpcSettings | undefined {
  if (grpcPort === -1) return undefined
  return { maxMessageBytes: grpcMaxMessageBytes, maxConcurrentStreams: grpcMaxStreams }
}

/** Longest line to try that is shown to a person, in characters. */
const LONGEST_LINE = 2000

/** How a version is run, as far as that was decided before it was loaded. */
function choicesOf({ name, version }: Pick<ReadyModel, 'name' | 'version'>, models: Models): Choices | undefined {
  return models.find((model) => model.name === name && model.digest === version)?.choices
}

/** What a person wants to know first: where it answers, which models, and a line to try. */
async function greeting(
  { url, grpcAddress }: { readonly url: string; readonly grpcAddress: string | undefined },
  workers: number,
  models: readonly ReadyModel[],
  located: Pick<Located, 'bundles' | 'models'>,
  needsKey: boolean,
): Promise<string> {
  const lines = models.map(({ name, version, labels, engines }) => {
    const called = labels.length === 0 ? '' : ` (${labels.join(', ')})`
    const choices = choicesOf({ name, version }, located.models)
    const how = choices === undefined ? '' : `    ${choices.plan.value}: ${choices.plan.reason}\n`
    return `  ${name}  version ${version.slice(0, 12)}${called}, on ${engines.join(', ')}\n${how}`
  })
  const [first] = models
  const manifest = located.bundles.find(({ digest }) => digest === first?.version)?.manifest
  const { curlLine } = await import('./curl-line.ts')
  const line = first === undefined || manifest === undefined ? '' : curlLine(url, first.name, manifest, needsKey)
  // an image would fill the screen
  const tryIt = line === '' || line.length > LONGEST_LINE ? '' : `\nTry it:\n\n${line}\n`
  const many = workers === 1 ? '' : `${workers} workers share the requests.\n`
  const byGrpc = grpcAddress === undefined ? '' : `By gRPC it answers at ${grpcAddress}\n`
  return `Slipway answers at ${url}\n${byGrpc}${many}\n${lines.join('')}${tryIt}${needsKey ? '' : `\nDocumentation with a form to try: ${url}/\n`}`
}
