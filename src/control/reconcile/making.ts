import { VERSION_PHASES, type Problem, type VersionPhase } from '../../api/resources.ts'
import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import type { MadeVersion, Maker } from '../maker.ts'
import type { Kinds, Store, Stored, Writer } from '../store/store.ts'
import type { ReconcilerOptions } from './options.ts'
import { at } from './snapshot.ts'

export interface MakingDoors {
  readonly store: Store
  readonly maker: Maker
  readonly environment: Environment
  readonly options: ReconcilerOptions
  /** The store has changed: pass soon. */
  readonly poke: () => void
}

/** Makes versions beside the passes: these start and stop, it goes on between them. */
export interface Making {
  /** Starts what waits and has room, stops what nobody wants any more. @param versions those that are pending or being made */
  pass(versions: readonly Stored<'version'>[], attempt: Attempt): Promise<void>
  /** Stops all of it; nothing is recorded, so that the next process makes them again. */
  stop(): Promise<void>
}

/** Does work of a resource unless it backs off; what fails stays with it. */
export type Attempt = (resource: string, work: () => Promise<void>) => Promise<void>

interface Job {
  readonly uid: string
  readonly stop: AbortController
  readonly done: Promise<void>
}

/** Why work ends; said so that no exception with its stack is made for it. */
const STOPPED = 'stopped'

/** Time between two records of how far a phase is (ms). */
const PROGRESS_EVERY_MS = 500

export function createMaking(doors: MakingDoors): Making {
  const { store, environment, options, poke } = doors
  const jobs = new Map<string, Job>()
  const ending = new AbortController()

  async function pass(versions: readonly Stored<'version'>[], attempt: Attempt): Promise<void> {
    const wanted = new Map(versions.map((version) => [at(version.project, version.name), version]))
    for (const [place, job] of jobs) {
      const version = wanted.get(place)
      if (version === undefined || version.uid !== job.uid || version.document.isCancelled) job.stop.abort(STOPPED)
    }
    const idle = versions.filter((version) => !jobs.has(at(version.project, version.name)))
    for (const version of idle.filter(({ document }) => document.isCancelled))
      await attempt(`version ${at(version.project, version.name)}`, () =>
        finish(version, { state: 'cancelled' }, 'version-cancelled', 'it was cancelled before it was ready'),
      )
    const busy = (project: string) => [...jobs.keys()].filter((place) => place.startsWith(`${project}/`)).length
    const queue = idle
      .filter(({ document }) => !document.isCancelled)
      .toSorted((a, b) => busy(a.project) - busy(b.project) || a.createdAtMs - b.createdAtMs)
    for (const version of queue) {
      if (version.document.state === 'making' && options.plantedBug === 'orphan-making') continue
      if (jobs.size >= options.makeAtMost) return
      await attempt(`version ${at(version.project, version.name)}`, () => start(version))
    }
  }

  async function start(version: Stored<'version'>): Promise<void> {
    const { attempts } = version.document
    if (attempts >= options.makeAttempts) {
      const message =
        `each of ${attempts} tries to make it ended with the control process: the file may be what ends it. ` +
        'The log of that process says how it ended; upload the file again to try once more'
      await finish(
        version,
        { state: 'failed', problem: { code: 'internal', message, details: { reason: 'attempts', attempts } } },
        'version-failed',
        message,
      )
      return
    }
    const stored = await store.transact(async (tx) => {
      const begun = await tx.update('version', version.project, version.name, version.etag, {
        ...version.document,
        state: 'making',
        attempts: attempts + 1,
      })
      await told(tx, begun, 'version-started', 'info', `begins to make it, try ${attempts + 1}`)
      return begun
    })
    const place = at(version.project, version.name)
    const stop = new AbortController()
    const done = work(stored, AbortSignal.any([stop.signal, ending.signal])).finally(() => {
      jobs.delete(place)
      poke()
    })
    jobs.set(place, { uid: version.uid, stop, done })
  }

  /** Never rejects: what cannot be recorded now is tried again until control ends. */
  async function work(version: Stored<'version'>, signal: AbortSignal): Promise<void> {
    const limit = new AbortController()
    const overtime = Promise.withResolvers<never>()
    overtime.promise.catch(() => undefined)
    const done = new AbortController()
    void watchTime(limit, overtime.reject, AbortSignal.any([signal, done.signal]))
    const progress = createProgress(doors, version, AbortSignal.any([signal, done.signal]))
    try {
      const made = await Promise.race([
        doors.maker.make(version.document, AbortSignal.any([signal, limit.signal]), (phase, share) =>
          progress.onPhase(phase, share),
        ),
        stopped(signal),
        overtime.promise,
      ])
      done.abort(STOPPED)
      await progress.settled()
      await record(version, () => succeed(version, made), ending.signal)
    } catch (error) {
      done.abort(STOPPED)
      await progress.settled()
      if (ending.signal.aborted) return
      if (signal.aborted) return record(version, () => cancelled(version), ending.signal)
      if (!(error instanceof ServingError))
        environment.log('error', 'a version could not be made, and the maker does not say why', {
          version: at(version.project, version.name),
          error,
        })
      await record(version, () => fail(version, problemOf(error)), ending.signal)
    }
  }

  /** Ends a maker that takes for ever. */
  async function watchTime(
    limit: AbortController,
    reject: (reason: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await environment.sleep(options.makeTimeoutMs, signal)
    if (signal.aborted) return
    limit.abort(STOPPED)
    const minutes = Math.round(options.makeTimeoutMs / 60_000)
    reject(new ServingError('deadline_exceeded', `it was not made within ${minutes} minutes, the most it may take`))
  }

  /** A maker that was told to stop and does not is left behind. */
  async function stopped(signal: AbortSignal): Promise<never> {
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    await environment.sleep(options.stopGraceMs, ending.signal)
    throw new ServingError('cancelled', 'it was stopped')
  }

  /** Records an outcome, again and again while the store is away. */
  async function record(version: Stored<'version'>, write: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (let delayMs = 200; !signal.aborted; delayMs = Math.min(delayMs * 2, 5000)) {
      try {
        return await write()
      } catch (error) {
        const { code } = ServingError.from(error)
        if (code === 'not_found') return // deleted meanwhile
        if (code !== 'conflict')
          environment.log('warn', 'what became of a version could not be recorded yet', {
            version: at(version.project, version.name),
            error,
          })
        if (code !== 'conflict') await environment.sleep(delayMs, signal)
      }
    }
  }

  async function succeed(version: Stored<'version'>, made: MadeVersion): Promise<void> {
    await store.transact(async (tx) => {
      const now = await currently(tx, version)
      if (now === undefined) return
      const { phase: _phase, progress: _progress, ...document } = now.document
      const { bundle, folder, isOurs, warnings } = made
      const ready = { ...document, state: 'ready' as const, bundle, folder, isOurs, warnings }
      await tx.update('version', now.project, now.name, now.etag, ready)
      await told(tx, now, 'version-ready', 'info', `it is ready, ${bundle.digest.slice(0, 12)}`, {
        digest: bundle.digest,
        warnings,
      })
    })
  }

  async function fail(version: Stored<'version'>, problem: Problem): Promise<void> {
    await store.transact(async (tx) => {
      const now = await currently(tx, version)
      if (now === undefined) return
      const { progress: _progress, ...document } = now.document
      await tx.update('version', now.project, now.name, now.etag, { ...document, state: 'failed', problem })
      await told(tx, now, 'version-failed', 'error', problem.message, { ...problem })
    })
  }

  async function cancelled(version: Stored<'version'>): Promise<void> {
    await store.transact(async (tx) => {
      const now = await currently(tx, version)
      if (now === undefined) return
      const { phase: _phase, progress: _progress, ...document } = now.document
      await tx.update('version', now.project, now.name, now.etag, { ...document, state: 'cancelled' })
      await told(tx, now, 'version-cancelled', 'warning', 'it was cancelled while it was being made')
    })
  }

  /** The record as it is now, where it is still the one that is being made. */
  async function currently(tx: Writer, { project, name, uid }: Stored<'version'>) {
    const now = await tx.get('version', project, name)
    return now?.uid === uid && now.document.state === 'making' ? now : undefined
  }

  async function finish(
    version: Stored<'version'>,
    change: Partial<Kinds['version']>,
    type: string,
    message: string,
  ): Promise<void> {
    await store.transact(async (tx) => {
      const { phase: _phase, progress: _progress, ...document } = version.document
      await tx.update('version', version.project, version.name, version.etag, { ...document, ...change })
      await told(tx, version, type, change.state === 'failed' ? 'error' : 'warning', message)
    })
    poke()
  }

  return {
    pass,
    async stop() {
      ending.abort(STOPPED)
      await Promise.all([...jobs.values()].map((job) => job.done))
    },
  }
}

/** Writes how far a version is: each phase as it begins, and its progress now and then; one write at a time. */
function createProgress({ store, environment }: MakingDoors, version: Stored<'version'>, signal: AbortSignal) {
  let wanted: { phase: VersionPhase; progress: number | undefined } | undefined
  let written: VersionPhase | undefined
  let writing: Promise<void> | undefined

  async function write(): Promise<void> {
    while (wanted !== undefined && !signal.aborted) {
      const { phase, progress } = wanted
      wanted = undefined
      try {
        await store.transact(async (tx) => {
          const now = await tx.get('version', version.project, version.name)
          if (now?.uid !== version.uid || now.document.state !== 'making') return
          const { progress: _before, ...document } = now.document
          const document2 = { ...document, phase, ...(progress === undefined ? {} : { progress }) }
          await tx.update('version', now.project, now.name, now.etag, document2)
          if (phase !== written)
            await told(tx, now, 'version-phase', 'info', phase, { phase, place: VERSION_PHASES.indexOf(phase) })
        })
        written = phase
      } catch (error) {
        // How far it is, is for the eye: the outcome is what must not be lost.
        environment.log('warn', 'the phase of a version could not be recorded', { version: version.name, error })
      }
      await environment.sleep(PROGRESS_EVERY_MS, signal)
    }
    writing = undefined
  }

  return {
    onPhase(phase: VersionPhase, progress?: number) {
      wanted = { phase, progress }
      writing ??= write()
    },
    settled: async () => writing,
  }
}

async function told(
  tx: Writer,
  version: Stored<'version'>,
  type: string,
  level: 'info' | 'warning' | 'error',
  message: string,
  details: Record<string, unknown> = {},
): Promise<void> {
  const { project, name } = version
  await tx.addEvent({ project, kind: 'version', name, type, level, message, details })
}

function problemOf(error: unknown): Problem {
  const { code, message, details } = ServingError.from(error)
  const { logTail, ...others } = details
  const lines = Array.isArray(logTail) ? logTail.filter((line): line is string => typeof line === 'string') : undefined
  return { code, message, details: others, ...(lines === undefined ? {} : { logTail: lines }) }
}
