import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ServingError } from '../../src/core/errors.ts'
import { quote } from '../../src/core/text.ts'
import type { GrpcExchange } from './grpc-question.ts'
import type { Load } from './load.ts'

export interface GrpcTarget {
  readonly name: string
  readonly port: number
  readonly exchange: GrpcExchange
  /** Bytes of a right answer, prefix and all. */
  readonly answerBytes: number
}

/** How much longer than asked h2load may take before it is ended (s). */
const GRACE_SECONDS = 20

/**
 * Version of h2load on this machine.
 * @throws {ServingError} `unavailable` when there is none
 */
export function findH2load(): string {
  const { stdout, error } = spawnSync('h2load', ['--version'], { encoding: 'utf8' })
  if (error !== undefined)
    throw new ServingError(
      'unavailable',
      'there is no h2load to make load with by gRPC: `apt-get install nghttp2-client` on Debian, or measure without gRPC by --quick or --cells',
    )
  return /nghttp2\/(\S+)/.exec(stdout)?.[1] ?? 'unknown'
}

/**
 * Loads a server by gRPC: so many requests at once on each connection, each sent when one before it is answered.
 * @param folder for what h2load reads and writes
 * @throws {ServingError} `internal` when any request failed, or was answered with less than a whole answer
 */
export async function loadGrpc(
  { name, port, exchange, answerBytes }: GrpcTarget,
  {
    connections,
    streams,
    seconds,
  }: { readonly connections: number; readonly streams: number; readonly seconds: number },
  folder: string,
  signal: AbortSignal,
): Promise<Load> {
  mkdirSync(folder, { recursive: true })
  const body = join(folder, `${name}.bin`)
  const times = join(folder, `${name}.tsv`)
  writeFileSync(body, exchange.frame)
  writeFileSync(times, '')
  const metadata = { 'content-type': 'application/grpc', te: 'trailers', ...exchange.metadata }
  const headers = Object.entries(metadata).flatMap(([key, value]) => ['-H', `${key}: ${value}`])
  const size = ['-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`]
  const url = `http://127.0.0.1:${port}${exchange.path}`
  const child = spawn('h2load', [...size, '-d', body, '--log-file', times, ...headers, url], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    timeout: (seconds + GRACE_SECONDS) * 1000,
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve())
  })
  return parseH2load(text, readFileSync(times, 'utf8'), answerBytes)
}

/**
 * A failure of gRPC is a usual answer of HTTP, which h2load counts as such: but it has no message, so that the bytes of
 * all messages tell it.
 * @param text what h2load printed
 * @param times its log: for each answer when it was asked (us of the clock), the status of HTTP, how long it took (us)
 * @param answerBytes of a right answer
 */
export function parseH2load(text: string, times: string, answerBytes: number): Load {
  const counts = /^requests: .*/m.exec(text)?.[0]
  const statuses = /^status codes: .*/m.exec(text)?.[0] ?? ''
  const dataBytes = Number(/^traffic: .*\((\d+)\) data$/m.exec(text)?.[1])
  if (counts === undefined) throw new ServingError('internal', `h2load told nothing: ${quote(text.slice(-300), 300)}`)
  const started = countOf(counts, 'started')
  const done = countOf(counts, 'done')
  const kinds = ['failed', 'errored', 'timeout'].map((kind) => [kind, countOf(counts, kind)] as const)
  const codes = ['3xx', '4xx', '5xx'].map((kind) => [kind, countOf(statuses, kind)] as const)
  const failed = [...kinds, ...codes].filter(([, count]) => count !== 0)
  if (failed.length > 0)
    throw new ServingError(
      'internal',
      `of ${done} requests some failed: ${failed.map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
    )
  const took = readTimes(times)
  if (done === 0) throw new ServingError('internal', 'h2load had no answer at all')
  if (took.micros.length !== done)
    throw new ServingError('internal', `h2load had ${done} answers and tells the times of ${took.micros.length}`)
  if (!(dataBytes >= done * answerBytes && dataBytes <= started * answerBytes))
    throw new ServingError(
      'internal',
      `${done} to ${started} answers of ${answerBytes} bytes came as ${dataBytes} bytes: some were failures of gRPC`,
    )
  const atShare = (share: number) => (took.micros[Math.min(done - 1, Math.floor(done * share))] ?? NaN) / 1000
  return { requests: done, started, seconds: took.seconds, p50Ms: atShare(0.5), p99Ms: atShare(0.99) }
}

/** @returns NaN where the line does not say it */
function countOf(line: string, kind: string): number {
  return Number(new RegExp(`(\\d+) ${kind}\\b`).exec(line)?.[1])
}

/** Latencies in their order (us), and the time from the first request to the last answer. */
function readTimes(text: string): { micros: Float64Array; seconds: number } {
  const lines = text.split('\n').filter((line) => line !== '')
  const micros = new Float64Array(lines.length)
  let first = Infinity
  let last = 0
  lines.forEach((line, i) => {
    const [at = NaN, , lasted = NaN] = line.split('\t').map(Number)
    micros[i] = lasted
    first = Math.min(first, at)
    last = Math.max(last, at + lasted)
  })
  return { micros: micros.sort(), seconds: (last - first) / 1e6 }
}
