import { availableParallelism } from 'node:os'
import { ServingError } from '../core/errors.ts'
import type { Choices } from '../runtime/choices.ts'
import type { Models } from '../server/desired-state.ts'
import { locateModels, type Located } from '../server/locate-models.ts'
import { setLogLevel } from '../server/log.ts'
import { planModel } from '../server/plan-model.ts'
import type { PlaneSettings, ReadyModel } from '../server/settings.ts'
import { supervise } from '../server/supervisor.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { checkName } from './common-options.ts'
import { curlLine } from './curl-line.ts'
import { UsageError } from './options.ts'
import { checkServeOptions, pathsToServe, SERVE_OPTIONS, type ServeOptions } from './serve-options.ts'

export const serveCommand: Command<typeof SERVE_OPTIONS> = {
  usage: '<path…>: model files, bundles or folders of them',
  options: SERVE_OPTIONS,
  async run(positionals, options, context) {
    const paths = pathsToServe(positionals, options)
    checkServeOptions(options)
    checkName(options.name)
    const lambdaApi = context.env.AWS_LAMBDA_RUNTIME_API
    if (lambdaApi === undefined) await serveHttp(paths, options, context)
    else {
      const { serveLambda } = await import('../server/lambda.ts')
      const { models } = await locate(paths, options, context)
      await serveLambda(lambdaApi, planeSettings(options), models, context.signal)
    }
    return EXIT.done
  },
}

/** What the options say of the data plane; an option at its default leaves the choice to the profile. */
function planeSettings(options: ServeOptions): PlaneSettings {
  const { engine, plan, start, timeoutMs } = options
  const engines = engine === 'auto' ? undefined : engine.split(',')
  return {
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
}

async function locate(
  paths: readonly string[],
  options: ServeOptions,
  context: CommandContext,
  served?: Models,
): Promise<Located> {
  const settings = planeSettings(options)
  const copies = options.isolation === 'process' ? options.replicas : 1
  try {
    return await locateModels(
      paths,
      {
        dataFolder: options.data,
        name: options.name,
        signal: context.signal,
        onProgress: (path, text) => context.stderr.write(`${path}: ${text}\n`),
        onWarning: (path, text) => context.stderr.write(`${path}: warning: ${text}\n`),
        plan: (bundle) => planModel(bundle, settings, copies),
      },
      served,
    )
  } catch (thrown) {
    const error = ServingError.from(thrown)
    throw error.details.reason === 'names' ? new UsageError(error.message) : error
  }
}

async function serveHttp(paths: readonly string[], options: ServeOptions, context: CommandContext): Promise<void> {
  const { maxBodyBytes, maxConnections, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = options
  const http = { maxBodyBytes, maxConnections, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs }
  const { apiKeyFile, tlsCert, tlsKey, drainTimeoutMs, engine, accessLog, logLevel } = options
  setLogLevel(logLevel)
  const workers = options.workers || availableParallelism()
  let located: Pick<Located, 'bundles' | 'models'> = { bundles: [], models: [] }
  await supervise({
    host: options.host,
    port: options.port,
    runners: workers,
    settings: { ...planeSettings(options), http, drainTimeoutMs, accessLog, logLevel },
    credentials: { apiKeyFile, tlsCert, tlsKey },
    prepare: engine === 'auto' || options.isolation === 'process' ? [] : engine.split(','),
    locate: async (served) => {
      const found = await locate(paths, options, context, served)
      located = found
      return found
    },
    watch: options.watch ? { paths, intervalMs: options.watchIntervalMs } : undefined,
    isolation:
      options.isolation === 'process' ? { replicas: options.replicas, memoryMiB: options.workerMemoryMib } : undefined,
    maxRunnerMemoryMiB: options.maxRunnerMemoryMib || undefined,
    onReady: (url, models) =>
      context.stdout.write(
        options.json
          ? `${JSON.stringify({ url, workers, models: models.map((model) => ({ ...model, choices: choicesOf(model, located.models) })) })}\n`
          : greeting(url, workers, models, located, apiKeyFile !== undefined),
      ),
    signal: context.signal,
  })
}

/** Longest line to try that is shown to a person, in characters. */
const LONGEST_LINE = 2000

/** How a version is run, as far as that was decided before it was loaded. */
function choicesOf({ name, version }: Pick<ReadyModel, 'name' | 'version'>, models: Models): Choices | undefined {
  return models.find((model) => model.name === name && model.digest === version)?.choices
}

/** What a person wants to know first: where it answers, which models, and a line to try. */
function greeting(
  url: string,
  workers: number,
  models: readonly ReadyModel[],
  located: Pick<Located, 'bundles' | 'models'>,
  needsKey: boolean,
): string {
  const lines = models.map(({ name, version, labels, engines }) => {
    const called = labels.length === 0 ? '' : ` (${labels.join(', ')})`
    const choices = choicesOf({ name, version }, located.models)
    const how = choices === undefined ? '' : `    ${choices.plan.value}: ${choices.plan.reason}\n`
    return `  ${name}  version ${version.slice(0, 12)}${called}, on ${engines.join(', ')}\n${how}`
  })
  const [first] = models
  const manifest = located.bundles.find(({ digest }) => digest === first?.version)?.manifest
  const line = first === undefined || manifest === undefined ? '' : curlLine(url, first.name, manifest, needsKey)
  // an image would fill the screen
  const tryIt = line === '' || line.length > LONGEST_LINE ? '' : `\nTry it:\n\n${line}\n`
  const many = workers === 1 ? '' : `${workers} workers share the requests.\n`
  return `Slipway answers at ${url}\n${many}\n${lines.join('')}${tryIt}${needsKey ? '' : `\nDocumentation with a form to try: ${url}/\n`}`
}
