import { allProtocols } from '../protocols/index.ts'
import type { Handle } from '../protocols/protocol.ts'
import { createRouter } from '../protocols/router.ts'
import { openBundle } from '../bundle/open.ts'
import { enginesNamed } from '../engines/index.ts'
import { createLocalPlane, type LocalPlane } from '../runtime/local-plane.ts'
import { validateBundle } from './validate-bundle.ts'
import { log } from './log.ts'
import type { PlaneSettings } from './settings.ts'
import { VERSION } from './version.ts'

/** A data plane with the bundles of the settings loaded, ready. */
export async function startDataPlane(settings: PlaneSettings): Promise<LocalPlane> {
  const plane = createLocalPlane({
    engines: enginesNamed(settings.engines),
    defaultModel: settings.defaultModel,
    maxBatchRows: settings.maxBatchRows,
    maxQueueRows: settings.maxQueueRows,
    timeoutMs: settings.timeoutMs,
    now: () => performance.now(),
  })
  for (const { folder, digest, name } of settings.bundles)
    await plane.load(validateBundle(await openBundle(folder, digest)), name)
  plane.setReady(true)
  return plane
}

/** The way from a wire request to an answer: every protocol, with failures of ours in the log. */
export function createHandle(): Handle {
  return createRouter({
    protocols: allProtocols(VERSION),
    onFailure: (error, request) =>
      log('error', 'request failed', { method: request.method, path: request.path, error }),
  })
}
