import type { Environment } from '../environment.ts'
import type { Fleet } from '../fleet.ts'
import type { Maker } from '../maker.ts'
import type { Store } from '../store/store.ts'
import type { ReconcilerOptions } from './options.ts'

export interface UpkeepDoors {
  readonly store: Store
  readonly fleet: Fleet
  readonly maker: Maker
  readonly environment: Environment
  readonly options: ReconcilerOptions
}

/** Takes away what nobody needs any more: uploads that have expired, files of no version, old events and audit entries. */
export async function upkeep({ store, maker, environment, options }: UpkeepDoors): Promise<void> {
  const nowMs = environment.wallMs()
  const { uploads, versions } = await store.read(async (tx) => ({
    uploads: await tx.all('upload'),
    versions: await tx.all('version'),
  }))
  // An upload that a version waits for is its source, however old it is.
  const needed = new Set<string>()
  const digests = new Set<string>()
  for (const { document } of versions) {
    if (document.bundle !== undefined) digests.add(document.bundle.digest)
    const isOpen = document.state === 'pending' || document.state === 'making'
    if (isOpen && document.source.type === 'upload') needed.add(`${document.project}/${document.source.upload}`)
  }
  const kept = new Set<string>()
  for (const upload of uploads) {
    const isNeeded = needed.has(`${upload.project}/${upload.name}`)
    if (isNeeded || upload.document.expiresAtMs > nowMs) {
      kept.add(upload.name)
      continue
    }
    await store.transact(async (tx) => {
      await tx.remove('upload', upload.project, upload.name, upload.etag)
      await tx.addEvent({
        project: upload.project,
        kind: 'upload',
        name: upload.name,
        type: 'upload-expired',
        level: 'info',
        message: upload.document.state === 'open' ? 'it was not completed in time' : 'no version used it in time',
        details: { fileName: upload.document.fileName },
      })
    })
  }
  await maker.sweep({ digests, uploads: kept })
  await store.sweep({ eventsMs: options.eventsKeptMs, auditMs: options.auditKeptMs, nowMs })
}

/** Takes away the tables of projects that are gone; their runners end with them. */
export async function retractGone(
  { fleet, environment }: UpkeepDoors,
  projects: readonly string[],
  forget: (project: string) => void,
): Promise<void> {
  // A store without a single project is one that was lost: what serves goes on until somebody has looked.
  if (projects.length === 0) return
  const known = new Set(projects)
  for (const project of await fleet.projects()) {
    if (known.has(project)) continue
    forget(project)
    await fleet.retract(project)
    environment.log('info', 'the project is gone: its routes are taken away', { project })
  }
}
