import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { RouteTable, RouteVariant } from '../../api/route-table.ts'
import type { Principal } from '../../auth/authorizer.ts'
import { ALL_PROJECTS, type PlatformPrincipal } from '../../auth/permissions.ts'
import { createPlatformAuthorizer } from '../../auth/platform-authorizer.ts'
import { ServingError } from '../../core/errors.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'
import { grpcFailure } from '../../protocols/oip-grpc/status.ts'
import { json, retryHeaders, type Handle, type WireRequest, type WireResponse } from '../../protocols/protocol.ts'
import type { RouterOptions } from '../../protocols/router.ts'
import { choose } from '../../runtime/choose.ts'
import { createDescriber } from '../../runtime/endpoints/describe.ts'
import { createEndpointPlane, type Caller, type EndpointPlane } from '../../runtime/endpoints/endpoint-plane.ts'
import type { LocalPlane } from '../../runtime/local-plane.ts'
import type { Operations } from '../../runtime/operations.ts'
import type { Call, DataPlane } from '../../runtime/plane.ts'
import { verifyBundle } from '../../bundle/open.ts'
import { openAnywhere, openHere } from '../data-plane.ts'
import { keyOf } from '../desired-state.ts'
import type { CrewSizes } from '../worker-pool.ts'
import type { CrewClient } from './crews.ts'
import { isQuarantined, type RunDeath } from '../run-deaths.ts'
import type { DesiredModel, RunnerSettings } from '../settings.ts'
import { log } from '../log.ts'
import { BUILD } from '../version.ts'
import { copiesIn, planModel } from '../plan-model.ts'
import { recallProfile } from '../profile.ts'
import { createArrivals } from './arrivals.ts'
import { linkToControl, type ControlLink } from './control-link.ts'
import { readMasterKey } from './data-folder.ts'
import {
  createProjectFinder,
  NO_PROJECTS,
  PROJECT_HEADER,
  readDirectory,
  stampOfDirectory,
  type ProjectFinder,
} from './directory.ts'
import { openGate, type Gate } from './gate.ts'
import { createOwnBundles } from './intake/own-bundles.ts'
import { createRunnerMonitor, type RunnerMonitor } from './monitor/runner-monitor.ts'
import { namesAnother, operationsOfProject, refuseOtherProject } from './one-project.ts'
import { openWhole } from './open-whole.ts'
import { openQuotaGate } from './quota-gate.ts'
import { tellingRefusals } from './refusals.ts'
import { createRouteFiles } from './route-files.ts'
import { gateOf, QUOTAS_FOLDER, type PlatformRunner } from './settings.ts'

export interface RunnerPartOptions {
  readonly platform: PlatformRunner
  readonly settings: RunnerSettings
  readonly plane: LocalPlane
  /** Asks for processes of models' own. */
  readonly crews: CrewClient
  /** Told of processes that hang. */
  readonly onSuspect: (socket: string, why: 'silent' | 'damaged') => void
}

/** What makes a runner one of the platform: it reads what it serves, routes, checks keys, and tells control how it is. */
export interface RunnerPart {
  readonly endpoints: EndpointPlane
  /** For this process's snapshot. */
  readonly metrics: RunnerMonitor['metrics']
  /** Takes what the code of a version printed, here or in a process of its own. */
  readonly printed: RunnerMonitor['printed']
  readonly crews: CrewClient
  /** Runs these versions in processes of their own from now on: runners died while they ran them. */
  quarantine(versions: readonly RunDeath[]): void
  readonly authorize: NonNullable<RouterOptions['authorize']>
  readonly planeFor: NonNullable<RouterOptions['planeFor']>
  /** Of the operations of V2, those that control alone may do refused. */
  restrict(operations: Operations): Operations
  /** Answers by `own` what is for this project, and hands over the rest. */
  readonly handing: (wire: 'http' | 'grpc', own: Handle) => Handle
  /** Lets heads of calls pass that are for other projects, whose runners decide. */
  readonly authorizeHead: NonNullable<RouterOptions['authorize']>
  /** Follows the project's table. @returns once what it wants here is loaded, or has failed, or takes too long */
  begin(): Promise<void>
  /** Tells control nothing more: another has taken its place, or is about to. */
  leave(): void
  close(): Promise<void>
}

/** A runner answers after so long, whatever is still being loaded (ms). */
const MOST_START_MS = 20_000
/** How often the table's file is looked at, for whoever has not been told (ms). */
const LOOK_EVERY_MS = 2000

export async function createRunnerPart(options: RunnerPartOptions): Promise<RunnerPart> {
  const { platform, settings, plane, crews } = options
  const { project, index, count, peerSockets } = platform
  const now = () => performance.now()
  const wallNow = () => Date.now()
  const files = createRouteFiles(platform.routesFolder)
  const own = createOwnBundles(platform.dataFolder, BUILD)
  const authorizer = createPlatformAuthorizer({
    keys: [],
    masterKey: await readMasterKey(platform.masterKeyFile),
    now,
    calendarNow: wallNow,
    project,
  })
  const quotas = await openQuotaGate(join(platform.dataFolder, QUOTAS_FOLDER, `${project}-${index}.json`), count, {
    now,
    calendarNow: wallNow,
  })
  let link: ControlLink | undefined
  let stamp: string | undefined
  let directoryStamp: string | undefined
  let projectOf: ProjectFinder = createProjectFinder(NO_PROJECTS)
  const gates = new Map<string, Gate>()
  /** Versions in processes of their own that are loaded here, and how many of these they were to have last. */
  const isolated = new Map<string, { readonly model: DesiredModel; replicas: number }>()
  /** Why versions that are to run here run in processes of their own, by `keyOf`. */
  const quarantined = new Map(platform.quarantined.map((death) => [keyOf(death), noteOf(death)]))
  /** Tables are taken over one after the other. */
  let turn = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  const monitor = createRunnerMonitor({
    project,
    index,
    dataFolder: platform.dataFolder,
    now,
    wallNow,
    counters: () => endpoints.counters(),
    isControlUp: () => link?.isConnected === true,
    writeLog: (message) => link?.log(message) === true,
  })
  function noting<T>(decide: () => T): T {
    try {
      return decide()
    } catch (error) {
      monitor.refused(error)
      throw error
    }
  }

  const authorizeHere: RunnerPart['authorize'] = (request, access) =>
    noting(() => authorizer.authorize(request, access))

  const authorize: RunnerPart['authorize'] = (request, access) =>
    noting(() => {
      const principal = authorizer.authorize(request, access)
      refuseOtherProject(principal, request, project)
      return principal
    })

  /** @throws {ServingError} `permission_denied` for a key that is good, but not for the project that the request names */
  function refuseForeign(request: WireRequest, other: string | undefined): void {
    if (request.headers[PROJECT_HEADER] === undefined) return
    if (projectOf.isOfAnother(request)) throw namesAnother()
    if (other === undefined || projectOf.ofKey(request) !== undefined) return // it is said there whether it is good
    let principal: PlatformPrincipal
    try {
      principal = authorizer.authenticate(request)
    } catch {
      return // so is what a stranger may do
    }
    if (principal.project !== ALL_PROJECTS) throw namesAnother()
  }

  const endpoints: EndpointPlane = createEndpointPlane({
    project,
    index,
    count,
    life: `${process.pid}-${wallNow()}`,
    plane,
    open: (endpoint, variant) =>
      openWhole(variant, () =>
        variant.isolation === 'process' || quarantined.has(keyOf({ name: endpoint, digest: variant.digest }))
          ? openIsolated(endpoint, variant)
          : openInside(endpoint, variant),
      ),
    noteOf: (name, digest) => quarantined.get(keyOf({ name, digest })),
    describe: createDescriber(choose({ ...settings, cores: availableParallelism(), profile: undefined })),
    peerSockets,
    now,
    wallNow,
    random: Math.random,
    memoryBytes: () => process.memoryUsage.rss(),
    memoryBudgetBytes: platform.memoryBudgetBytes,
    timeoutMs: settings.timeoutMs,
    onEvent: (event) => {
      link?.event(event)
      link?.poke()
    },
    observe: monitor.observe,
  })

  const arrivals = createArrivals({
    isComing: (model) => endpoints.isComing(model),
    timeoutMs: settings.timeoutMs,
    now,
  })

  function planeOf(principal: Principal, headers: Caller['headers'], call: Call): DataPlane {
    const seen = endpoints.planeFor({ principal, headers })
    const own = endpoints.hasComing ? arrivals.watch(seen, call) : seen
    const guarded = quotas.guard(own, principal)
    return guarded === own ? own : monitor.watch(guarded, principal)
  }

  /** The table may be of another build, which wrote the bundle: that one's word does not hold for this one. */
  async function modelOf(name: string, { folder, digest, isOurs, labels }: RouteVariant): Promise<DesiredModel> {
    return { folder, digest, isOurs: isOurs && (await own.has(digest)), name, labels, isDefault: true }
  }

  async function openInside(name: string, variant: RouteVariant): ReturnType<typeof openHere> {
    const { bundle } = await openHere(await modelOf(name, variant))
    const profile = await recallProfile(variant.digest, platform.dataFolder)
    return { bundle, options: planModel({ profile, manifest: bundle.manifest }, settings, copiesIn(count, variant)) }
  }

  /** Its processes are the supervisor's, which all runners of the project share. */
  async function openIsolated(name: string, variant: RouteVariant): ReturnType<typeof openHere> {
    const { folder, digest } = variant
    const profile = await recallProfile(digest, platform.dataFolder)
    const bundle = await verifyBundle(folder, digest)
    const model = {
      ...(await modelOf(name, variant)),
      ...planModel({ profile, manifest: bundle.manifest }, settings, Math.max(1, variant.replicas)),
    }
    const replicas = await crews.ask(model, sizesOf(variant))
    const opened = await openAnywhere({ ...model, replicas }, settings, options.onSuspect)
    isolated.set(keyOf(model), { model, replicas: variant.replicas })
    const program = opened.options.program
    if (program === undefined) return opened
    const release = () => {
      isolated.delete(keyOf(model))
      crews.leave(model)
      program.release()
    }
    return {
      ...opened,
      options: { ...opened.options, program: { ...program, run: program.run.bind(program), release } },
    }
  }

  /** How many processes isolated versions have is as the table says, also while they are loaded. */
  function resizeIsolated(table: RouteTable): void {
    for (const { name, variants } of table.endpoints)
      for (const variant of variants) {
        const known = isolated.get(keyOf({ name, digest: variant.digest }))
        if (known === undefined || known.replicas === variant.replicas) continue
        known.replicas = variant.replicas
        crews
          .ask(known.model, sizesOf(variant))
          .catch((error: unknown) => log('error', 'a model has not got its processes', { endpoint: name, error }))
      }
  }

  /** Tells control of runners that died: of this one's life before, or of others'. */
  function tellOfDeaths(): void {
    for (const death of platform.deaths) {
      const { name: endpoint, digest, how, deaths } = death
      const isApart = isQuarantined(death)
      const first = `a runner died (${how}) while it ran version ${digest.slice(0, 12)}`
      link?.event({
        type: 'event',
        project,
        endpoint,
        event: isApart ? 'version-quarantined' : 'runner-died',
        level: 'error',
        message: isApart ? `${first}, time ${deaths}: ${noteOf(death)}` : first,
        details: { digest, how, deaths },
      })
    }
  }

  async function look(): Promise<void> {
    const found = await files.stamp(project)
    if (found === stamp) return
    const isLost = found === undefined
    stamp = found
    // what is served goes on: control writes the table again
    if (isLost) return log('error', 'the route table is gone, what was served goes on', { project })
    const table = (await files.read(project)) ?? emptyTable(project)
    authorizer.replaceKeys(table.keys)
    quotas.retain(new Set(table.keys.map(({ uid }) => uid)))
    monitor.follow(table)
    endpoints.apply(table)
    arrivals.look()
    resizeIsolated(table)
    link?.poke()
  }

  function follow(): Promise<void> {
    turn = turn
      .then(lookAtDirectory)
      .then(look)
      .catch((error: unknown) => {
        stamp = undefined // looked at again
        log('error', 'the route table could not be read, what was served goes on', { project, error })
      })
    return turn
  }

  async function lookAtDirectory(): Promise<void> {
    const found = await stampOfDirectory(platform.routesFolder)
    if (!platform.isFront || found === directoryStamp) return
    directoryStamp = found
    const directory = await readDirectory(platform.routesFolder).catch((error: unknown) => {
      log('error', 'it cannot be read which project a key belongs to, what was known goes on', { error })
    })
    if (directory === undefined) return
    for (const [name, gate] of gates)
      if (!directory.projects.includes(name)) {
        gates.delete(name)
        gate.close()
      }
    for (const name of directory.projects)
      if (!gates.has(name)) gates.set(name, openGate(gateOf(platform.gateFolder, name)))
    projectOf = createProjectFinder(directory)
  }

  return {
    endpoints,
    crews,
    metrics: monitor.metrics,
    printed: monitor.printed,
    quarantine(versions) {
      for (const death of versions) {
        const isNew = !quarantined.has(keyOf(death))
        quarantined.set(keyOf(death), noteOf(death))
        if (isNew) endpoints.reopen(death.name, death.digest)
      }
    },
    authorize,
    handing: (wire, handle) => {
      const own = tellingRefusals(arrivals.holding(handle), (call, code) => endpoints.refused(call, code))
      if (!platform.isFront) return own
      return (request, plane, call) => {
        const other = projectOf(request)
        try {
          refuseForeign(request, other)
        } catch (error) {
          return Promise.resolve(failureOf(wire, ServingError.from(error)))
        }
        if (other === undefined) return own(request, plane, call)
        const gate = gates.get(other)
        if (gate === undefined)
          return Promise.resolve(failureOf(wire, new ServingError('not_found', 'there is no endpoint in this project')))
        return gate.ask(wire, request, call).then(
          (answer) => {
            call.isAnsweredElsewhere = true
            return answer
          },
          (error: unknown) => failureOf(wire, ServingError.from(error)),
        )
      }
    },
    authorizeHead: (request, access) => {
      const other = projectOf(request)
      noting(() => refuseForeign(request, other))
      if (other === undefined) return authorize(request, access)
      // whether its own key is good there is said there; a key of the whole platform is known here too, and a stranger's nowhere
      if (projectOf.ofKey(request) === undefined) authorizeHere(request, access)
      return { name: other, uid: `project ${other}`, project: other }
    },
    // who is nobody asks for health alone, which is the process's own
    planeFor: (_plane, request, call) =>
      call.principal === undefined ? nothingOf(plane) : planeOf(call.principal, request.headers, call),
    restrict: (operations) => operationsOfProject(operations, () => endpoints.planeFor({ headers: {} }).models()),
    async begin() {
      await follow()
      link = linkToControl({
        socket: platform.controlSocket,
        status: () => ({ ...endpoints.status(), demand: quotas.demand(), usedToday: quotas.usedToday() }),
        onShares: (shares, days) => quotas.setShares(shares, days),
        onRollouts: (of, rollouts) => {
          if (of === project) monitor.setRollouts(rollouts)
        },
        onChange: (changed) => {
          if (changed === undefined || changed === project) void follow()
        },
      })
      tellOfDeaths()
      timer = setInterval(() => void follow(), LOOK_EVERY_MS).unref()
      const patience = new AbortController()
      await Promise.race([endpoints.ready, wait(MOST_START_MS, undefined, { ref: false, signal: patience.signal })])
      patience.abort()
    },
    leave: () => link?.close(),
    async close() {
      clearInterval(timer)
      link?.close()
      arrivals.close()
      for (const gate of gates.values()) gate.close()
      await quotas.close()
      await endpoints.close()
      await monitor.close()
    },
  }
}

/** What is shown of a version that is in quarantine. */
function noteOf({ how, deaths }: RunDeath): string {
  return `it runs in processes of its own: ${deaths} runners died (${how}) while they ran it; deploy another version, or have all runners replaced (SIGUSR2) to try this one again`
}

function emptyTable(project: string): RouteTable {
  return { formatVersion: 1, project, revision: 0, endpoints: [], keys: [] }
}

/** The plane as strangers see it: whether the process is ready, and no endpoint. */
function nothingOf(plane: LocalPlane): DataPlane {
  const none = () => new ServingError('unauthenticated', 'a key is needed')
  return {
    isReady: () => plane.isReady(),
    models: () => [],
    model: () => {
      throw none()
    },
    predict: () => Promise.reject(none()),
  }
}

function failureOf(wire: 'http' | 'grpc', error: ServingError): WireResponse {
  if (wire === 'grpc') return grpcFailure(error)
  const { code, message } = error
  return json(HTTP_STATUS[code], { error: message, code }, retryHeaders(error))
}

/** Most processes of one isolated version. */
const MOST_ISOLATED = 16

function sizesOf({ replicas, maxReplicas }: RouteVariant): CrewSizes {
  return { now: replicas, most: Math.min(MOST_ISOLATED, Math.max(replicas, maxReplicas)) }
}
