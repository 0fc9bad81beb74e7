import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServingError } from '../../src/core/errors.ts'
import { isGrpc, type Case } from './cases.ts'
import { askGrpc } from './grpc-ask.ts'
import type { GrpcExchange } from './grpc-question.ts'
import type { OwnCount } from './own-count.ts'
import { treeOf } from './proc.ts'
import { ask, type Exchange } from './question.ts'

/** How to start a server, and how to know that it answers rightly. */
export interface ServerPlan {
  readonly name: string
  readonly command: string
  readonly args: (port: number) => readonly string[]
  readonly cwd?: string
  /** @param spare further ports, for what it listens to besides */
  readonly env?: (port: number, spare: readonly number[]) => Readonly<Record<string, string>>
  /** What it can be asked by HTTP, by rows; the first must be answered rightly before it counts as started. */
  readonly exchanges: ReadonlyMap<number, Exchange>
  /** What it can be asked by gRPC, by rows: at the first spare port, or at its port where it does not speak HTTP. */
  readonly grpcExchanges?: ReadonlyMap<number, GrpcExchange>
  /** Where it tells how much it has answered. */
  readonly count?: OwnCount
  /** What a monitor reads each second while the server is measured. */
  readonly scrape?: { readonly path: string; readonly headers: Readonly<Record<string, string>> } | undefined
  /** How long it may take to start (ms), where that is more than a minute. */
  readonly longestStartMs?: number
  /** Whether it works while nobody asks: it is held still then, or the others would pay for it. */
  readonly isRestless?: boolean
  /** What the server says goes there. */
  readonly logFile: string
}

export interface RunningServer {
  readonly name: string
  readonly plan: ServerPlan
  readonly port: number
  /** Where it speaks gRPC, if it does. */
  readonly grpcPort: number
  readonly pid: number
  /** From the start of its process to its first right answer (ms). */
  readonly startMs: number
  /** Holds all its processes still, where it is restless. */
  pause(): void
  resume(): void
  /** Ends it with all its processes. */
  stop(): Promise<void>
}

/** Whether a server can be asked what a case asks. */
export function canAnswer(
  { exchanges, grpcExchanges }: Pick<ServerPlan, 'exchanges' | 'grpcExchanges'>,
  which: Pick<Case, 'rows' | 'streams'>,
): boolean {
  return (isGrpc(which) ? grpcExchanges : exchanges)?.has(which.rows) ?? false
}

/** A server that has not answered by then is given up (ms). */
const LONGEST_START_MS = 60_000
/** Statuses of a server that listens before it can answer. */
const NOT_YET = new Set([404, 502, 503])
/** The same of gRPC: `NOT_FOUND` and `UNAVAILABLE`. */
const NOT_YET_GRPC = new Set([5, 14])
/** How often a starting server is asked (ms): the grain of its start-up time. */
const ASK_EVERY_MS = 3
/** How long a server may take to end by itself (ms). */
const LONGEST_STOP_MS = 3_000

/** First processes of the servers that run, so that none outlives this one. */
const roots = new Set<number>()

process.on('exit', () => {
  for (const root of roots) for (const pid of treeOf(root)) kill(pid, 'SIGKILL')
})

/**
 * Starts a server and waits for its first right answer.
 * @throws {ServingError} `unavailable` when it ends or stays silent, `internal` when it answers wrongly
 */
export async function startServer(plan: ServerPlan, signal: AbortSignal): Promise<RunningServer> {
  const [port, ...spare] = await Promise.all([freePort(), freePort(), freePort()])
  mkdirSync(dirname(plan.logFile), { recursive: true })
  const log = openSync(plan.logFile, 'w')
  const grpcPort = plan.exchanges.size === 0 ? port : spare[0]
  const startedAt = performance.now()
  const child = spawn(plan.command, plan.args(port), {
    stdio: ['ignore', log, log],
    env: { ...cleanEnvironment(), ...plan.env?.(port, spare) },
    ...(plan.cwd === undefined ? {} : { cwd: plan.cwd }),
  })
  closeSync(log)
  child.on('error', () => {}) // it has no pid then, which says the same
  const { pid } = child
  if (pid === undefined) throw new ServingError('unavailable', `${plan.name}: ${plan.command} does not start`)
  roots.add(pid)
  const signalAll = (wanted: NodeJS.Signals) => {
    if (plan.isRestless) for (const each of treeOf(pid)) kill(each, wanted)
  }
  const pause = () => signalAll('SIGSTOP')
  const resume = () => signalAll('SIGCONT')
  const stop = () => {
    resume()
    return stopTree(child, pid)
  }
  try {
    await untilRight(plan, child, port, startedAt, signal)
  } catch (error) {
    await stop()
    throw error
  }
  return { name: plan.name, plan, port, grpcPort, pid, startMs: performance.now() - startedAt, pause, resume, stop }
}

async function untilRight(
  plan: ServerPlan,
  child: ChildProcess,
  port: number,
  startedAt: number,
  signal: AbortSignal,
): Promise<void> {
  let last = ''
  const refused = () => {
    const log = readFileSync(plan.logFile, 'utf8').trim().split('\n').slice(-8).join('\n')
    return `the server ${plan.name} did not come up; its last words:\n${log}${last}`
  }
  while (performance.now() - startedAt < (plan.longestStartMs ?? LONGEST_START_MS)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new ServingError('unavailable', refused())
    const verdict = await askFirst(plan, port, signal).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET' || error.code === 'EPIPE') return undefined
      throw error
    })
    if (verdict !== undefined) {
      const { wrong, isNotYet } = verdict
      if (wrong === undefined) return
      if (!isNotYet) throw new ServingError('internal', `${plan.name} answers wrongly: ${wrong}`)
      last = `; it answers ${wrong}`
    }
    await sleep(ASK_EVERY_MS, undefined, { signal })
  }
  throw new ServingError('unavailable', refused())
}

/** Asks the first of what a server can be asked, by HTTP where it speaks that. */
async function askFirst(
  { name, exchanges, grpcExchanges }: ServerPlan,
  port: number,
  signal: AbortSignal,
): Promise<{ wrong: string | undefined; isNotYet: boolean }> {
  const [exchange] = exchanges.values()
  if (exchange !== undefined) {
    const answer = await ask(port, exchange, signal)
    return { wrong: exchange.check(answer), isNotYet: NOT_YET.has(answer.status) }
  }
  const [grpcExchange] = grpcExchanges?.values() ?? []
  if (grpcExchange === undefined) throw new Error(`${name} has nothing that it can be asked; this is a bug`)
  const answer = await askGrpc(port, grpcExchange, signal)
  return { wrong: grpcExchange.check(answer), isNotYet: NOT_YET_GRPC.has(answer.status) }
}

/** Asks the tree's first process to end, and kills what is left of the tree when that takes too long. */
async function stopTree(child: ChildProcess, pid: number): Promise<void> {
  const tree = treeOf(pid)
  // our own child stays a zombie until its exit is seen, so that one is asked of `child`
  const isThere = (each: number) =>
    each === pid ? child.exitCode === null && child.signalCode === null : kill(each, 0)
  const untilGone = async () => {
    const before = performance.now() + LONGEST_STOP_MS
    while (tree.some(isThere) && performance.now() < before) await sleep(10)
  }
  kill(pid, 'SIGTERM')
  await untilGone()
  for (const each of tree) if (isThere(each)) kill(each, 'SIGKILL')
  await untilGone()
  roots.delete(pid)
}

/** @returns whether the process was there */
function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Our environment without what would change how a server behaves. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SLIPWAY_|NODE_|PYTHON|UVICORN_|OMP_|OTEL_|MLSERVER_|BENTOML_|RAY_|MLFLOW_)/.test(name),
  )
  return Object.fromEntries(kept)
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
