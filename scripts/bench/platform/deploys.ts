import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { PlatformEvent } from '../../../src/api/resources.ts'
import { ServingError } from '../../../src/core/errors.ts'
import { ROOT } from '../paths.ts'
import { ask, checkStatus, type Exchange } from '../question.ts'
import type { DeployFacts } from '../results.ts'
import { PROJECT, type RunningPlatform } from './running.ts'

/** A pipeline of scalers, categories and gradient boosting, as joblib writes it. */
const FILE = join(ROOT, 'test/models/demo/fraud_pipeline_gb.joblib')

/** A row of it, by name as its columns are. */
const ROW =
  '{"instances":[{"amount":80,"hour":18,"country":"DE","device":"android","account_age_days":130,"failed_tries":0,"foreign":1}]}'

/** Events by which a part of a deploy ends, in this order; what comes before the first is the command's start and the upload. */
const PARTS = [
  ['start of the command, upload', 'version-created'],
  ['read, compiled, tried, measured, stored', 'version-ready'],
  ['loaded', 'rollout-step'],
  ['routed', 'rollout-promoted'],
] as const

/**
 * `slipway deploy` as a person gives it, then the first request: from the start of the command to the right answer.
 * @param entry what runs the command
 * @param endpoint its name; each name's model is read, compiled and tried anew
 * @throws {ServingError} `internal` when the command or the request fails
 */
export async function measureDeploy(
  platform: RunningPlatform,
  entry: string,
  endpoint: string,
  signal: AbortSignal,
): Promise<DeployFacts> {
  const { client, port, key, dataFolder } = platform
  const params = { project: PROJECT }
  const { after } = await client.call('listEvents', { params, query: { after: -1, wait: 0 }, signal })
  const exchange: Exchange = {
    path: `/v1/models/${endpoint}:predict`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: ROW,
    check: checkStatus,
  }
  const beganAtMs = Date.now()
  const begun = performance.now()
  await runDeploy(entry, ['deploy', FILE, '--endpoint', endpoint, '--data', dataFolder, '--json'], signal)
  const commandMs = performance.now() - begun
  const answer = await ask(port, exchange, signal)
  const totalMs = performance.now() - begun
  const wrong = exchange.check(answer)
  if (wrong !== undefined) throw new ServingError('internal', `endpoint ${endpoint} answers wrongly: ${wrong}`)
  const { items } = await client.call('listEvents', { params, query: { after, wait: 0, limit: 1000 }, signal })
  return { totalMs, parts: partsOf(items, { beganAtMs, commandMs, totalMs }) }
}

/**
 * Splits a deploy at the platform's events; a part of which nothing was told has no time of its own.
 * @param times when the command began (ms since 1970), how long it took and when the answer came (ms)
 */
export function partsOf(
  events: readonly Pick<PlatformEvent, 'type' | 'atMs'>[],
  { beganAtMs, commandMs, totalMs }: { beganAtMs: number; commandMs: number; totalMs: number },
): DeployFacts['parts'] {
  const endOf = new Map(events.map(({ type, atMs }) => [type, atMs - beganAtMs]))
  let reached = 0
  const parts = PARTS.map(([name, event]) => {
    const end = Math.max(reached, endOf.get(event) ?? reached)
    const ms = end - reached
    reached = end
    return { name, ms }
  })
  return [
    ...parts,
    // the last word of the platform and the end of the command may be seen in either order
    { name: 'end of the command', ms: Math.max(0, commandMs - reached) },
    { name: 'first answer', ms: totalMs - commandMs },
  ]
}

function runDeploy(entry: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'ignore', 'pipe'], signal })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new ServingError('internal', `slipway deploy ended with ${code}: ${said.trim()}`))
    })
  })
}
