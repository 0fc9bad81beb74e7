import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ServingError } from '../../src/core/errors.ts'
import { quote } from '../../src/core/text.ts'
import type { Exchange } from './question.ts'

/** What a load maker saw in one go. */
export interface Load {
  /** Those that were answered. */
  readonly requests: number
  /** With those that were under way at the end, where the load maker tells. */
  readonly started?: number
  /** From the first request to the last answer. */
  readonly seconds: number
  /** The latency that half of the requests had at most (ms), and 99 in 100. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Begins the line that our script makes wrk print at the end. */
const MARK = 'slipway-bench '

/**
 * Version of wrk on this machine.
 * @throws {ServingError} `unavailable` when there is none
 */
export function findWrk(): string {
  const { stdout, error } = spawnSync('wrk', ['--version'], { encoding: 'utf8' })
  if (error !== undefined)
    throw new ServingError('unavailable', 'there is no wrk to make load with: `apt-get install wrk` on Debian')
  return /^wrk (\S+)/.exec(stdout)?.[1] ?? 'unknown'
}

/** Writes the script by which wrk sends a request, and tells its findings as one line of JSON. */
export function writeScript(path: string, { body, headers }: Pick<Exchange, 'body' | 'headers'>): void {
  if (body.includes(']==]')) throw new Error('the body would end the script of wrk early; this is a bug')
  mkdirSync(dirname(path), { recursive: true })
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  )
  writeFileSync(
    path,
    `wrk.method = "POST"
wrk.body = [==[${body}]==]
${lines.join('\n')}
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '${MARK}{"requests":%d,"micros":%d,"p50":%.0f,"p99":%.0f,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
`,
  )
}

/**
 * Loads a server: as many requests at once as connections, each sent when the one before it is answered.
 * @throws {ServingError} `internal` when any request failed or was answered with a failure
 */
export async function load(
  target: { readonly port: number; readonly path: string; readonly script: string },
  connections: number,
  seconds: number,
  signal: AbortSignal,
): Promise<Load> {
  const { port, path, script } = target
  const url = `http://127.0.0.1:${port}${path}`
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url]
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'], signal })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve())
  })
  return parseLoad(text)
}

/** @param text what wrk printed */
export function parseLoad(text: string): Load {
  const line = text.split('\n').find((each) => each.startsWith(MARK))
  if (line === undefined) throw new ServingError('internal', `wrk told nothing: ${quote(text, 300)}`)
  const { requests, micros, p50, p99, ...errors } = JSON.parse(line.slice(MARK.length)) as Record<string, number>
  const failed = Object.entries(errors).filter(([, count]) => count > 0)
  if (failed.length > 0)
    throw new ServingError(
      'internal',
      `of ${requests} requests some failed: ${failed.map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
    )
  if (!requests || !micros) throw new ServingError('internal', 'wrk had no answer at all')
  return { requests, seconds: micros / 1e6, p50Ms: (p50 ?? NaN) / 1000, p99Ms: (p99 ?? NaN) / 1000 }
}
