import { join } from 'node:path'
import { grpcExchange, rightFrame } from './grpc-question.ts'
import type { BenchModel } from './models.ts'
import { readAnswered } from './own-count.ts'
import { ROOT } from './paths.ts'
import { checkSize, checkStatus, v2Exchange, type Exchange } from './question.ts'
import type { ServerPlan } from './servers.ts'

/** How Slipway is to be started and asked. */
export interface SlipwaySetting {
  readonly name: string
  /** What runs: the one built file, or the sources. */
  readonly entry: string
  /** Further arguments of `serve`. */
  readonly extra?: readonly string[]
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Path that a monitor reads each second while the server is measured. */
  readonly scrapePath?: string | undefined
}

export const BUILT = join(ROOT, 'dist/slipway.js')
export const SOURCE = join(ROOT, 'src/cli/main.ts')

/** @param folder for logs and compiled models */
export function slipwayPlan(setting: SlipwaySetting, model: BenchModel, folder: string): ServerPlan {
  const exchanges = model.questions.map((question): [number, Exchange] => [
    question.rows,
    v2Exchange(question, setting.headers),
  ])
  const { headers = {} } = setting
  const byGrpc = model.questions.map((question) => [question.rows, grpcExchange(question, headers)] as const)
  return {
    ...nodePlan(setting, model.file, new Map(exchanges), folder),
    grpcExchanges: new Map(byGrpc),
    count: { path: '/metrics', headers, read: readAnswered(model.name) },
  }
}

/**
 * Slipway with a folder of models of the form of one that the bench knows; their weights, and so their answers, are any.
 * @param name of the model that is asked
 */
export function folderPlan(
  setting: SlipwaySetting,
  path: string,
  name: string,
  like: BenchModel,
  folder: string,
): ServerPlan {
  const exchanges = like.questions.map((question): [number, Exchange] => [
    question.rows,
    { ...v2Exchange(question, setting.headers), path: `/v2/models/${name}/infer`, check: checkStatus },
  ])
  // the first start compiles them all
  return { ...nodePlan(setting, path, new Map(exchanges), folder), longestStartMs: 300_000 }
}

function nodePlan(
  { name, entry, extra = [], headers = {}, scrapePath }: SlipwaySetting,
  path: string,
  exchanges: ReadonlyMap<number, Exchange>,
  folder: string,
): ServerPlan {
  return {
    name,
    command: process.execPath,
    args: (port) => [entry, 'serve', path, '--port', `${port}`, '--data', join(folder, 'data'), ...extra],
    // by a variable: a Slipway of before gRPC has no such option
    env: (_port, [grpcPort]) => ({ SLIPWAY_GRPC_PORT: `${grpcPort}` }),
    exchanges,
    // the first start reads, checks, compiles and tries a model
    longestStartMs: 120_000,
    scrape: scrapePath === undefined ? undefined : { path: scrapePath, headers },
    logFile: join(folder, 'logs', `${name}.log`),
  }
}

/**
 * An answer of fixed text, of the size that Slipway's answer to the same request has.
 * @param sizes bytes of that answer, by rows
 */
export function staticPlan(model: BenchModel, sizes: ReadonlyMap<number, number>, folder: string): ServerPlan {
  const exchanges = new Map<number, Exchange>()
  const byBody: string[] = []
  for (const question of model.questions) {
    const sizeBytes = sizes.get(question.rows) ?? 0
    const exchange = { ...v2Exchange(question), check: checkSize(sizeBytes) }
    exchanges.set(question.rows, exchange)
    byBody.push(`${Buffer.byteLength(exchange.body)}:${sizeBytes}`)
  }
  return {
    name: 'static',
    command: process.execPath,
    args: (port) => [join(import.meta.dirname, 'peers/static.ts'), `${port}`, ...byBody],
    exchanges,
    logFile: join(folder, 'logs', 'static.log'),
  }
}

/** The least that node:http2 can do by gRPC: the right answer to one row, made beforehand. */
export function staticGrpcPlan(model: BenchModel, folder: string): ServerPlan {
  const questions = model.questions.filter(({ rows }) => rows === 1)
  const answers = questions.map((question) => rightFrame(question).toString('base64'))
  return {
    name: 'static-grpc',
    command: process.execPath,
    args: (port) => [join(import.meta.dirname, 'peers/static-grpc.ts'), `${port}`, ...answers],
    exchanges: new Map(),
    grpcExchanges: new Map(questions.map((question) => [question.rows, grpcExchange(question)])),
    logFile: join(folder, 'logs', 'static-grpc.log'),
  }
}
