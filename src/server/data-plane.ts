import { hideKeys } from '../core/text.ts'
import { availableParallelism } from 'node:os'
import { openBundle, verifyBundle, type OpenBundle } from '../bundle/open.ts'
import type { Engine } from '../engines/engine.ts'
import { enginesNamed } from '../engines/index.ts'
import { allProtocols, type PlatformRoutes } from '../protocols/index.ts'
import type { OipRestOptions } from '../protocols/oip-rest/oip-rest.ts'
import type { Handle, Protocol } from '../protocols/protocol.ts'
import { createFrontDesk, type FrontDesk, type RouterOptions } from '../protocols/router.ts'
import type { Choices } from '../runtime/choices.ts'
import { choose } from '../runtime/choose.ts'
import { createLocalPlane, type LocalPlane, type LocalPlaneOptions } from '../runtime/local-plane.ts'
import type { Operations } from '../runtime/operations.ts'
import { connectReplicas, type ReplicaOptions } from '../runtime/remote/index.ts'
import { createApplier, type Loadable } from './apply-models.ts'
import type { Models } from './desired-state.ts'
import { log } from './log.ts'
import { moreEngines } from './code-engines.ts'
import type { DesiredModel, OipSettings, PlaneSettings } from './settings.ts'
import { validateBundle } from './validate-bundle.ts'
import { VERSION } from './version.ts'

/**
 * An empty data plane.
 * @param more what is known of runs and of models only to the process that serves them
 */
export function createPlane(
  settings: PlaneSettings,
  more: Pick<LocalPlaneOptions, 'onRun' | 'onOutput' | 'isUnloaded'> = {},
): LocalPlane {
  const { engines, overrides, timeoutMs } = settings
  return createLocalPlane({
    engines: allEngines(engines, moreEngines(settings)),
    defaultModel: settings.defaultModel,
    choose: (profile) => choose({ profile, engines, overrides, cores: availableParallelism(), timeoutMs }),
    timeoutMs,
    now: () => performance.now(),
    ...more,
    onSwapped: ({ name, version }, error) => {
      if (error === undefined)
        log('info', 'the optimised model has taken over', { event: 'model_optimized', name, version })
      else log('error', 'an optimised model could not take over, the one before goes on', { name, version, error })
    },
  })
}

/** The engines that are named, and those for code, which its bundles name themselves. */
function allEngines(names: readonly string[], more: readonly Engine[]): readonly Engine[] {
  const named = enginesNamed(names, more)
  return [...named, ...more.filter((engine) => !named.includes(engine))]
}

/**
 * A data plane with models loaded in this process, ready.
 * @throws {ServingError} why the first of them could not be loaded
 */
export async function startDataPlane(
  settings: PlaneSettings,
  models: Models,
  onRun?: LocalPlaneOptions['onRun'],
): Promise<LocalPlane> {
  const plane = createPlane(settings, { onRun })
  try {
    for (const { error } of await createApplier(plane, (model) => openHere(model)).apply(models))
      if (error !== undefined) throw error
  } catch (error) {
    await plane.close()
    throw error
  }
  plane.setReady(true)
  return plane
}

/** A version as it is loaded in this process: its graphs validated and written anew, unless that is what they are. */
export async function openHere({ folder, digest, isOurs, choices, curve }: DesiredModel): Promise<Loadable> {
  const bundle = await openBundle(folder, digest)
  return { bundle: isOurs === true ? bundle : validateBundle(bundle), options: { choices, curve } }
}

/** Most requests for a version that one runner has under way in another, which batches them. */
const MAX_FORWARDED = 64

/**
 * A version as a runner loads it: in its own process, or with a program that runs where the supervisor says.
 * @param onSuspect told of processes that hang
 */
export async function openAnywhere(
  model: DesiredModel,
  settings: PlaneSettings,
  onSuspect: NonNullable<ReplicaOptions['onSuspect']>,
): Promise<Loadable> {
  const { replicas, holder, name, digest } = model
  const sockets = replicas?.sockets ?? (holder === undefined ? undefined : [holder.socket])
  if (sockets === undefined) return openHere(model)
  const own = model.choices ?? choose({ ...settings, cores: 1 })
  const runs = replicas === undefined ? MAX_FORWARDED : sockets.length * own.concurrency.value
  const choices: Choices = {
    ...own,
    plan: { value: 'off-loop', reason: 'it runs in another process' },
    concurrency: {
      value: runs,
      reason: replicas === undefined ? 'the other runner queues' : 'on all of its processes',
    },
    start: { value: 'optimized', reason: 'it is loaded elsewhere' },
  }
  const program = connectReplicas({
    sockets,
    engines: replicas?.engines ?? own.engines.value.slice(0, 1),
    maxRunMs: settings.timeoutMs,
    now: () => performance.now(),
    onSuspect,
    model: { name, version: digest },
    canRunOffLoop: true,
  })
  return {
    bundle: await openWithoutFiles(model),
    options: { choices, curve: model.curve, program, isCountedElsewhere: replicas === undefined },
  }
}

/** What can be said of a bundle without loading it: every file is checked, none is kept. */
async function openWithoutFiles({ folder, digest }: DesiredModel): Promise<OpenBundle> {
  return { ...(await verifyBundle(folder, digest)), files: new Map() }
}

export interface HandleOptions {
  readonly authorize?: RouterOptions['authorize']
  readonly authorizeHead?: RouterOptions['authorizeHead']
  readonly planeFor?: RouterOptions['planeFor']
  readonly memory?: RouterOptions['memory']
  readonly maxBodyBytes?: RouterOptions['maxBodyBytes']
  readonly platformRoutes?: PlatformRoutes
  /** What an operator may ask of the server. */
  readonly operations?: Operations | undefined
  readonly oip?: OipSettings | undefined
  /** Protocols that this process alone can answer, besides those of every server. */
  readonly protocols?: readonly Protocol[]
}

/** @returns what the protocol takes of the settings */
export function oipOptions(settings?: OipSettings): Pick<OipRestOptions, 'serverName' | 'timeoutMs'> {
  return settings === undefined ? {} : { serverName: settings.serverName, timeoutMs: settings.timeoutMs }
}

/** The way from a wire request to an answer: every protocol, with failures of ours in the log. */
export function createHandle(options: HandleOptions = {}): Handle {
  return createDesk(options).handle
}

/** The same with what decides on requests by their heads. */
export function createDesk(options: HandleOptions): FrontDesk {
  const { authorize, planeFor, maxBodyBytes, platformRoutes, operations, oip, protocols = [] } = options
  return createFrontDesk({
    protocols: [
      ...allProtocols(VERSION, platformRoutes, operations, authorize !== undefined, oipOptions(oip)),
      ...protocols,
    ],
    onFailure: (error, request) =>
      log('error', 'request failed', { method: request.method, path: hideKeys(request.path), error }),
    ...(authorize === undefined ? {} : { authorize }),
    ...(planeFor === undefined ? {} : { planeFor }),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
    authorizeHead: options.authorizeHead,
    memory: options.memory,
  })
}
