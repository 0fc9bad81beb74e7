import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from '../../../src/api/resources.ts'
import { uploadFile } from '../../../src/client/upload-file.ts'
import { ServingError } from '../../../src/core/errors.ts'
import type { BenchModel } from '../models.ts'
import { memoryBytes, proportionalBytes, treeOf } from '../proc.ts'
import { ask, v2Exchange, type Exchange } from '../question.ts'
import type { IdleFacts } from '../results.ts'
import { PROJECT, until, type RunningPlatform } from './running.ts'

const PREFIX = 'idle-'

/** Endpoints that are put at once: so many clients wait side by side. */
const AT_ONCE = 8

/** How long an endpoint is without a request before it has no replica (ms). */
const IDLE_TIMEOUT_MS = 3000

/** How long the platform may take to deploy all of them, and to scale all of them to zero (ms). */
const LONGEST_DEPLOY_MS = 300_000
const LONGEST_IDLING_MS = 60_000

/**
 * Deploys many endpoints of one small model, each by a change of its own, waits until none of them has a replica, and reads
 * the memory of all processes; then wakes some of them, one after the other.
 * @param woken how many
 */
export async function measureIdle(
  platform: RunningPlatform,
  model: BenchModel,
  { endpoints, woken }: { readonly endpoints: number; readonly woken: number },
  signal: AbortSignal,
): Promise<IdleFacts> {
  const emptyBytes = memoryBytes(treeOf(platform.pid))
  const version = await makeVersion(platform, model, signal)
  const names = Array.from({ length: endpoints }, (_, i) => `${PREFIX}${String(i).padStart(4, '0')}`)
  const begun = performance.now()
  await putAll(platform, names, { model: model.name, version }, signal)
  const putMs = performance.now() - begun
  await until('all endpoints answer', LONGEST_DEPLOY_MS, signal, async () => {
    const all = await listed(platform, signal)
    return all.length === endpoints && all.every(({ servedRevision }) => servedRevision !== undefined)
  })
  const allMs = performance.now() - begun
  await until('no endpoint has a replica', LONGEST_IDLING_MS, signal, async () => {
    const all = await listed(platform, signal)
    return all.every(({ variants }) => variants.every(({ replicas }) => replicas.desired + replicas.ready === 0))
  })
  await sleep(1000, undefined, { signal })
  const tree = treeOf(platform.pid)
  const memory = { memoryBytes: memoryBytes(tree), proportionalBytes: proportionalBytes(tree) }
  const step = Math.max(1, Math.floor(endpoints / woken))
  const wakeMs = await wakeEach(platform, model, names.filter((_, i) => i % step === 0).slice(0, woken), signal)
  return { endpoints, emptyBytes, ...memory, putMs, allMs, wakeMs }
}

/** All of those endpoints, as the platform tells them: one page of them. */
async function listed({ client }: RunningPlatform, signal: AbortSignal): Promise<readonly Endpoint[]> {
  const query = { prefix: PREFIX, limit: 1000 }
  return (await client.call('listEndpoints', { params: { project: PROJECT }, query, signal })).items
}

/** A version of the model, ready. */
export async function makeVersion(
  { client }: RunningPlatform,
  model: BenchModel,
  signal: AbortSignal,
): Promise<number> {
  const upload = await uploadFile(client, model.file, { project: PROJECT, signal })
  const { number } = await client.call('createVersion', {
    params: { project: PROJECT, model: model.name },
    body: { source: { type: 'upload', upload: upload.name }, fileName: upload.fileName },
    signal,
  })
  const params = { project: PROJECT, model: model.name, version: number }
  await until('the version is ready', 60_000, signal, async () => {
    const { state, problem } = await client.call('getVersion', { params, signal })
    if (state === 'failed') throw new ServingError('internal', problem?.message ?? 'the version failed')
    return state === 'ready'
  })
  return number
}

/** Several clients side by side put them. */
export async function putAll(
  { client }: RunningPlatform,
  names: readonly string[],
  { model, version }: { readonly model: string; readonly version: number },
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...names]
  const variants = [{ model, version, scaling: { minReplicas: 0, idleTimeoutMs: IDLE_TIMEOUT_MS } }]
  const putNext = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      await client.call('putEndpoint', {
        params: { project: PROJECT, endpoint: name },
        body: { spec: { variants } },
        signal,
      })
  }
  await Promise.all(Array.from({ length: AT_ONCE }, putNext))
}

/**
 * Asks each endpoint once, on a connection of its own: it has no replica then.
 * @returns from the request to its right answer (ms)
 */
export async function wakeEach(
  { port, key }: RunningPlatform,
  model: BenchModel,
  names: readonly string[],
  signal: AbortSignal,
): Promise<number[]> {
  const [question] = model.questions
  if (question === undefined) throw new Error(`${model.name} has no question; this is a bug`)
  const headers = { authorization: `Bearer ${key}` }
  const took: number[] = []
  for (const name of names) {
    const exchange: Exchange = { ...v2Exchange(question, headers), path: `/v2/models/${name}/infer` }
    const begun = performance.now()
    const answer = await ask(port, exchange, signal)
    took.push(performance.now() - begun)
    const wrong = exchange.check(answer)
    if (wrong !== undefined) throw new ServingError('internal', `endpoint ${name} answers wrongly: ${wrong}`)
    await sleep(20, undefined, { signal })
  }
  return took
}
