import { join } from 'node:path'

/** The repository. */
export const ROOT = join(import.meta.dirname, '../..')

/** What the bench makes for itself: the peers' environment, logs, compiled models. Git does not see it. */
export const FOLDER = join(ROOT, '.bench')
