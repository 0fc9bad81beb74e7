import { createAuthorizer, type Authorizer } from '../auth/authorizer.ts'
import { readKeyFile } from '../auth/key-file.ts'
import { ServingError } from '../core/errors.ts'
import { reportInitError, runLambda } from '../hosts/lambda/runtime-api.ts'
import type { Handle } from '../protocols/protocol.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { createHandle, startDataPlane } from './data-plane.ts'
import type { Models } from './desired-state.ts'
import { createLocalOperations } from './local-operations.ts'
import { log } from './log.ts'
import type { PlaneSettings } from './settings.ts'

export interface LambdaSettings {
  /** Address of Lambda's runtime API. */
  readonly api: string
  readonly plane: PlaneSettings
  /** File of hashed keys; requests need none when absent. */
  readonly apiKeyFile: string | undefined
  readonly signal: AbortSignal
}

/**
 * Serves the models as a Lambda function: one process, one invocation at a time, until the sandbox ends it. Keys are read
 * once: the files of a function do not change while it runs.
 * @throws {ServingError} why a model could not be loaded or the keys not be read, after Lambda was told
 */
export async function serveLambda(settings: LambdaSettings, models: Models): Promise<void> {
  const { api, signal } = settings
  const metrics = createMetrics(performance.now())
  const start = async () => {
    const authorizer = await authorizerOf(settings.apiKeyFile)
    return { authorizer, plane: await startDataPlane(settings.plane, models, metrics.onRun) }
  }
  const { authorizer, plane } = await start().catch(async (thrown: unknown) => {
    const error = ServingError.from(thrown)
    await reportInitError(api, error)
    throw error
  })
  const logFailure = (message: string, error?: unknown) => log('error', message, { error })
  const series = () => metrics.series(Date.now() - performance.now())
  const handle = createHandle({
    ...(authorizer && { authorize: authorizer.authorize }),
    operations: createLocalOperations(plane, series),
    oip: settings.plane,
  })
  await runLambda({ api, handle: counting(handle, metrics), plane, signal, now: () => Date.now(), log: logFailure })
  await plane.close()
}

/** Counts what was answered. */
function counting(handle: Handle, metrics: Metrics): Handle {
  return async (request, plane, call) => {
    const receivedAtMs = performance.now()
    const answer = await handle(request, plane, call)
    const totalMs = performance.now() - receivedAtMs
    metrics.onAnswered({ request, call, status: answer.status, sentBytes: answer.body.length, receivedAtMs, totalMs })
    return answer
  }
}

async function authorizerOf(file: string | undefined): Promise<Authorizer | undefined> {
  if (file === undefined) return undefined
  const { keys, warnings } = await readKeyFile(file)
  for (const warning of warnings) log('warn', warning)
  return createAuthorizer(keys, { now: () => performance.now(), calendarNow: () => Date.now() })
}
