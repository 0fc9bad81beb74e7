import type { Handlers } from './call.ts'
import { createCaptureHandlers } from './captures.ts'
import type { ApiOptions } from './doors.ts'
import { createEndpointHandlers } from './endpoints.ts'
import { createEventHandlers } from './events.ts'
import type { Keyring } from './keyring.ts'
import { createKeyHandlers } from './keys.ts'
import { createModelHandlers } from './models.ts'
import { createPlatformHandlers } from './platform.ts'
import { createProjectHandlers } from './projects.ts'
import { createRolloutHandlers } from './rollouts.ts'
import { createUploadHandlers } from './uploads.ts'
import { createVersionHandlers } from './versions.ts'

/** What each route does. */
export function createHandlers(options: ApiOptions, keyring: Keyring): Handlers {
  return {
    ...createPlatformHandlers(options),
    ...createProjectHandlers(options),
    ...createModelHandlers(options),
    ...createVersionHandlers(options),
    ...createUploadHandlers(options),
    ...createEndpointHandlers(options),
    ...createRolloutHandlers(options),
    ...createKeyHandlers(options, keyring),
    ...createEventHandlers(options),
    ...createCaptureHandlers(options),
  }
}
