import { rename, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createAuthorizer, type Authorizer } from '../auth/authorizer.ts'
import { ServingError } from '../core/errors.ts'
import { enginesNamed } from '../engines/index.ts'
import { leaveMarks } from '../engines/onnxruntime/run-marks.ts'
import { createHttpHost, type HttpHost } from '../hosts/http/http-host.ts'
import type { Answered, Handle } from '../protocols/protocol.ts'
import { createMetricsProtocol } from '../protocols/metrics/metrics.ts'
import { createBodyMemory } from '../runtime/body-memory.ts'
import type { LocalPlane } from '../runtime/local-plane.ts'
import type { DataPlane } from '../runtime/plane.ts'
import { servePlane, type FrameServer } from '../runtime/remote/index.ts'
import { renderMetrics } from '../telemetry/render.ts'
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts'
import { readTraceSettings } from '../telemetry/trace-settings.ts'
import { createApplier, type Applier, type LoadOutcome } from './apply-models.ts'
import { createAskingOperations, type AskingOperations } from './ask-supervisor.ts'
import { createCollector, type Collector } from './collect.ts'
import { createDesk, createPlane, openAnywhere } from './data-plane.ts'
import type { Models } from './desired-state.ts'
import type { Grpc } from './grpc.ts'
import type { GateServer } from './platform/gate.ts'
import type { RunnerPart } from './platform/runner-part.ts'
import { gateOf, type PlatformRunner } from './platform/settings.ts'
import { listenOn, type BoundAddress } from './listening.ts'
import { createAccessLog, droppedLogLines, log, setLogLevel, setLogSettings } from './log.ts'
import {
  ALIVE_INTERVAL_MS,
  GRPC_LISTENING_FD,
  LISTENING_FD,
  type Failure,
  type FromRunner,
  type RunnerSettings,
  type RunnerStart,
  type ToRunner,
} from './settings.ts'
import { leaveSocketFolder } from './socket-folder.ts'
import { tidyUp } from './tidy.ts'
import { VERSION } from './version.ts'

type Apply = Extract<ToRunner, { type: 'apply' }>

/** What stands in a runner once it has been told its settings. */
interface Parts {
  readonly start: RunnerStart
  readonly plane: LocalPlane
  /** Answers requests of HTTP. */
  readonly handle: Handle
  readonly applier: Applier
  readonly host: HttpHost
  readonly grpc: Grpc | undefined
  readonly authorizer: Authorizer | undefined
  /** Of a runner of the platform. */
  readonly platform: RunnerPart | undefined
  readonly collector: Collector
  readonly asking: AskingOperations
  /** Models that are known and not served at present. */
  readonly unloaded: Set<string>
  readonly telemetry: Telemetry
}

/**
 * The process that answers requests: told its settings and its models over the channel to the supervisor, it loads the
 * models, takes over the listening socket that it inherited, and serves until told to drain or until the supervisor is
 * gone.
 */
export function runRunner(): void {
  const assembled = Promise.withResolvers<Parts>()
  let peers: FrameServer | undefined
  let gate: GateServer | undefined
  let isListening = false
  let isDraining = false
  let hasFailed = false
  let models: Models = []
  /** What it is told to serve is brought about one after the other. */
  let turn = Promise.resolve()
  assembled.promise.catch(() => {}) // said where it happens

  process.on('message', (message: ToRunner) => {
    switch (message.type) {
      case 'prepare':
        return prepare(message.engines)
      case 'start':
        return start(message.start)
      case 'apply':
        turn = turn.then(() => apply(message)).catch(fail)
        return
      case 'tls':
        return use(({ host, grpc }) => {
          host.renewTls(message.tls)
          grpc?.renewTls(message.tls)
        })
      case 'keys':
        return use(({ authorizer }) => authorizer?.replaceKeys(message.keys))
      case 'snapshot':
        return use((parts) => report(parts, message.id))
      case 'collected':
        return use(({ collector }) => collector.receive(message.id, message.collected))
      case 'observe':
        return use(({ telemetry }) => {
          setLogSettings(message.observing.log)
          telemetry.setSampling(message.observing.traces)
        })
      case 'operated':
        return use(({ asking }) => asking.receive(message.id, message.answer))
      case 'crewed':
        return use(({ platform }) => platform?.crews.receive(message))
      case 'printed':
        return use(({ platform }) => platform?.printed(message.of, message.text, message.from, message.replica))
      case 'quarantine':
        return use(({ platform }) => platform?.quarantine(message.versions))
      case 'drain':
        return void drain(message.hasSuccessor)
    }
  })
  process.on('disconnect', () => {
    use(({ asking }) => asking.abandon())
    void drain(false, !hasFailed) // the supervisor is gone: finish what runs, and go
  })
  // a terminal sends these to the whole group; the supervisor says what they mean for a runner
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {})
  process.on('SIGTERM', () => void drain(false))

  function prepare(engines: readonly string[]): void {
    try {
      for (const engine of enginesNamed(engines)) engine.prepare?.()
    } catch {
      // the models, which need them, will say what is wrong
    }
  }

  function start(given: RunnerStart): void {
    if (given.marksFd !== undefined) leaveMarks(given.marksFd)
    const rssMiB = () => process.memoryUsage.rss() / 2 ** 20
    let longestRunMs = () => 0
    setInterval(
      () => tell({ type: 'alive', rssMiB: rssMiB(), longestRunMs: longestRunMs() }),
      ALIVE_INTERVAL_MS,
    ).unref()
    assemble(given).then(
      (parts) => {
        longestRunMs = () => parts.plane.longestRunMs()
        assembled.resolve(parts)
        if (parts.platform !== undefined) turn = turn.then(() => begin(parts)).catch(fail)
      },
      (error: unknown) => {
        assembled.reject(error)
        fail(error)
      },
    )
  }

  /** As soon as the parts are there. */
  function use(work: (parts: Parts) => void): void {
    assembled.promise
      .then(work)
      .catch((error: unknown) => log('error', 'what the supervisor said could not be done', { error }))
  }

  async function apply({ revision, models: wanted, unloaded }: Apply): Promise<void> {
    const parts = await assembled.promise
    if (isDraining) return
    parts.unloaded.clear()
    for (const name of unloaded) parts.unloaded.add(name)
    const outcomes = await parts.applier.apply(wanted)
    models = wanted
    for (const { name, digest, error } of outcomes)
      if (error?.code === 'internal') log('error', 'a model could not be loaded', { name, digest, error })
    if (!isListening) {
      const failed = outcomes.find(({ error }) => error !== undefined)?.error
      const hasNothing = failed !== undefined && parts.plane.models().length === 0
      if (failed !== undefined && (parts.start.mustLoadAll || hasNothing)) throw failed
      await listen(parts)
    }
    const ready = parts.plane.models().map(({ name, version, labels, engines }) => ({ name, version, labels, engines }))
    tell({ type: 'applied', revision, outcomes: outcomes.map(toMessage), models: ready })
    if (outcomes.length > 0) tidyUp(!isListening)
    if (!isListening) tell({ type: 'ready' })
    isListening = true
  }

  /** A runner of the platform finds out itself what it serves. */
  async function begin(parts: Parts): Promise<void> {
    if (isDraining) return
    // others of the group may hold what we are asked for, and the other way round: who waits for whom is said by nobody
    const { platform, start } = parts
    if (platform !== undefined && start.socket !== undefined)
      peers = await listenForPeers(platform.endpoints.peers, start.socket)
    await platform?.begin()
    if (isDraining) return
    gate = await listenAtGate(parts)
    await listen(parts)
    tidyUp(true)
    tell({ type: 'ready' })
    isListening = true
  }

  async function listen({ plane, host, grpc, start }: Parts): Promise<void> {
    if (start.socket !== undefined && peers === undefined) peers = await listenForPeers(plane, start.socket)
    plane.setReady(true)
    const { addresses } = start
    if (addresses.http === undefined) return
    await take(host.server, LISTENING_FD, addresses.http)
    if (grpc !== undefined && addresses.grpc !== undefined) await take(grpc.server, GRPC_LISTENING_FD, addresses.grpc)
  }

  function fail(thrown: unknown): void {
    if (hasFailed) return
    hasFailed = true
    const error = ServingError.from(thrown)
    if (error.code === 'internal') log('error', 'the runner could not start', { error })
    tell({ type: 'failed', ...failureOf(error) })
    process.exitCode = 1
    process.disconnect?.()
  }

  async function drain(hasSuccessor: boolean, isOrphan = false): Promise<void> {
    if (isDraining) return
    isDraining = true
    if (isListening) {
      const parts = await assembled.promise
      await finish(parts, hasSuccessor)
      const { socket } = parts.start
      if (isOrphan && socket !== undefined) {
        await peers?.drain(0)
        await leaveSocketFolder(dirname(socket))
      }
    }
    process.exit()
  }

  /** Answers what is under way, here and for other runners. */
  async function finish(parts: Parts, hasSuccessor: boolean): Promise<void> {
    const { plane, applier, start, platform } = parts
    platform?.leave()
    plane.setReady(false)
    await turn // what is being loaded is loaded first
    await gate?.drain()
    if (hasSuccessor) {
      await Promise.all([drainHosts(parts), peers?.drain(start.settings.drainTimeoutMs)])
      return await sayGoodbye(parts)
    }
    await drainHosts(parts)
    // the others drain too, and need what is held here until they are done; they are told so by the end of our connections
    await applier.apply(models.filter((model) => model.holder === undefined))
    await lastOf(peers)
    await sayGoodbye(parts)
  }
}

async function take(server: Server, fd: number, address: BoundAddress): Promise<void> {
  await listenOn(server, fd, address)
  server.on('error', (error: Error) => log('error', 'listening socket', { error }))
}

async function drainHosts({ host, grpc }: Parts): Promise<void> {
  await Promise.all([host.drain(), grpc?.drain()])
}

/** Waits until the other runners have gone. */
async function lastOf(peers: FrameServer | undefined): Promise<void> {
  for (;;) {
    if (peers === undefined || peers.connections === 0) return
    await setTimeout(20)
  }
}

/** What was counted and traced last is told before the end. */
async function sayGoodbye(parts: Parts): Promise<void> {
  await parts.platform?.close()
  report(parts, 0)
  await parts.telemetry.close()
}

function report({ telemetry }: Parts, id: number): void {
  tell({ type: 'snapshot', id, snapshot: telemetry.snapshot() })
}

/** Everything that a runner is made of. The one place where what stands around the plane is plugged in. */
async function assemble(start: RunnerStart): Promise<Parts> {
  const { settings, tls, keys } = start
  setLogLevel(settings.logLevel)
  const now = () => performance.now()
  const epochNow = () => Date.now()
  const traces = readTraceSettings(process.env)
  for (const warning of traces.warnings) log('warn', warning)
  const telemetry: Telemetry = await createTelemetry({
    process: start.name,
    version: VERSION,
    now,
    epochNow,
    gauges: () => plane.gauges(),
    isReady: () => plane.isReady(),
    endpoints: () => platform?.metrics(),
    accessLog: settings.accessLog ? createAccessLog() : undefined,
    droppedLogLines,
    traces: traces.settings,
    warn: (message, fields) => log('warn', message, fields),
  })
  const unloaded = new Set<string>()
  const plane = createPlane(settings, {
    onRun: (run) => telemetry.onRun(run),
    isUnloaded: (name) => unloaded.has(name),
    // of the platform's endpoints, each has a log of its own
    onOutput: start.platform && ((of, text, from) => platform?.printed(of, text, from)),
  })
  const applier = createApplier(plane, (model) =>
    openAnywhere(model, settings, (socket, why) => tell({ type: 'suspect', socket, why })),
  )
  const collector = createCollector((id) => tell({ type: 'collect', id }))
  const asking = createAskingOperations(
    (id, operation) => tell({ type: 'operate', id, operation }),
    async () => (await collector.collect())?.snapshots,
  )
  const platform = start.platform && (await assemblePlatform(start.platform, settings, plane))
  const operations = platform?.restrict(asking.operations) ?? asking.operations
  const metrics = createMetricsProtocol(async () => {
    const collected = await collector.collect()
    return renderMetrics(collected?.snapshots ?? [telemetry.snapshot()], collected?.counters)
  })
  const authorizer = keys && createAuthorizer(keys, { now, calendarNow: epochNow })
  const authorize = platform?.authorize ?? authorizer?.authorize
  const onAnswered = (answered: Answered) => {
    if (answered.call.isAnsweredElsewhere !== true) telemetry.onAnswered(answered)
  }
  const memory = createBodyMemory(settings.bodyMemoryMiB * 2 ** 20, now)
  const { handle, door } = createDesk({
    protocols: [metrics],
    operations,
    oip: settings,
    maxBodyBytes: settings.http.maxBodyBytes,
    platformRoutes: settings.platformRoutes,
    ...(authorize && { authorize }),
    ...(platform && { planeFor: platform.planeFor, authorizeHead: platform.authorizeHead }),
    memory,
  })
  const host = createHttpHost({
    handle: platform?.handing('http', handle) ?? handle,
    plane,
    door,
    memory,
    ...settings.http,
    ...(tls && { tls }),
    onAnswered,
    onDefect: (error) => log('error', 'an answer could not be sent', { error }),
  })
  // who does not speak gRPC is spared its tables
  const grpc =
    settings.grpc &&
    (await import('./grpc.ts')).createGrpc({
      settings: settings.grpc,
      oip: settings,
      operations,
      http: settings.http,
      plane,
      memory,
      authorize,
      platform,
      tls,
      onAnswered,
    })
  return { start, plane, handle, applier, host, grpc, authorizer, platform, collector, asking, unloaded, telemetry }
}

/** Takes what the runners in front hand over. */
async function listenAtGate({
  platform,
  start,
  plane,
  handle,
  grpc,
  telemetry,
}: Parts): Promise<GateServer | undefined> {
  if (platform === undefined || start.platform === undefined || start.platform.isFront) return undefined
  const { serveGate } = await import('./platform/gate.ts')
  const server = createServer()
  const handles = { http: platform.handing('http', handle), grpc: grpc && platform.handing('grpc', grpc.handle) }
  const gate = serveGate(server, plane, handles, (answered) => telemetry.onAnswered(answered))
  await listenAtPath(server, gateOf(start.platform.gateFolder, start.platform.project))
  return gate
}

/** Loaded here: a server that is told what it serves is spared it. */
async function assemblePlatform(
  platform: PlatformRunner,
  settings: RunnerSettings,
  plane: LocalPlane,
): Promise<RunnerPart> {
  const { createRunnerPart } = await import('./platform/runner-part.ts')
  const { createCrewClient } = await import('./platform/crews.ts')
  return createRunnerPart({
    platform,
    settings,
    plane,
    crews: createCrewClient(tell),
    onSuspect: (socket, why) => tell({ type: 'suspect', socket, why }),
  })
}

/**
 * Listens for other runners. The socket is made beside its path and then takes its place: a process that had it before
 * removes only its own when it ends.
 */
async function listenForPeers(plane: DataPlane, path: string): Promise<FrameServer> {
  const server = createServer()
  const frames = servePlane(server, plane)
  await listenAtPath(server, path)
  return frames
}

async function listenAtPath(server: Server, path: string): Promise<void> {
  const own = `${path}.${process.pid}`
  await rm(own, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(own, resolve)
  })
  server.on('error', (error) => log('error', 'socket for other runners', { error }))
  await rename(own, path)
}

function toMessage({ name, digest, error }: LoadOutcome) {
  return { name, digest, ...(error && { failure: failureOf(error) }) }
}

function failureOf({ code, message, details }: ServingError): Failure {
  return { code, message, details }
}

/** @returns whether somebody listens: without a supervisor nobody does, and sending would end the process */
function tell(message: FromRunner): boolean {
  if (!process.connected) return false
  process.send?.(message)
  return true
}
