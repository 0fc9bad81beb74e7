import { ServingError } from '../core/errors.ts'
import { reportInitError, runLambda } from '../hosts/lambda/runtime-api.ts'
import { createHandle, startDataPlane } from './data-plane.ts'
import type { Models } from './desired-state.ts'
import { log } from './log.ts'
import type { PlaneSettings } from './settings.ts'

/** Serves the models as a Lambda function: one process, one invocation at a time, until the sandbox ends it. */
export async function serveLambda(
  api: string,
  settings: PlaneSettings,
  models: Models,
  signal: AbortSignal,
): Promise<void> {
  const plane = await startDataPlane(settings, models).catch(async (thrown: unknown) => {
    const error = ServingError.from(thrown)
    await reportInitError(api, error)
    throw error
  })
  const logFailure = (message: string, error?: unknown) => log('error', message, { error })
  await runLambda({ api, handle: createHandle(), plane, signal, now: () => Date.now(), log: logFailure })
  await plane.close()
}
