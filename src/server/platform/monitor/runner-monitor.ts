import { join } from 'node:path'
import type { RouteTable } from '../../../api/route-table.ts'
import type { Principal } from '../../../auth/authorizer.ts'
import { ServingError } from '../../../core/errors.ts'
import type { PrintedBy } from '../../../engines/processes/events.ts'
import { HTTP_STATUS } from '../../../core/http-status.ts'
import { createKeyCounts, OTHER_KEYS } from '../../../runtime/endpoints/key-counts.ts'
import type { EndpointCounters, Observation } from '../../../runtime/endpoints/types.ts'
import type { PrintedOf } from '../../../runtime/local-plane.ts'
import type { DataPlane } from '../../../runtime/plane.ts'
import type { EndpointCounts, EndpointState, KeyCounts } from '../../../telemetry/endpoint-counts.ts'
import { CAPTURES_FOLDER } from './capture-names.ts'
import { createCaptureWriter } from './capture-writer.ts'
import { discreetTrace } from './discreet-trace.ts'
import { createEndpointTotals, statusesOf } from './endpoint-totals.ts'
import { createFailedRequests } from './failed-requests.ts'
import type { EndpointLogMessage } from './log-messages.ts'

export interface RunnerMonitorOptions {
  readonly project: string
  readonly index: number
  readonly dataFolder: string
  /** ms, never going back. */
  readonly now: () => number
  /** ms since 1970. */
  readonly wallNow: () => number
  readonly counters: () => EndpointCounters
  readonly isControlUp: () => boolean
  /** Tells control a line for an endpoint's log. @returns whether it was taken */
  readonly writeLog: (message: EndpointLogMessage) => boolean
}

/** What a runner of the platform tells of its endpoints besides their answers: captures, logs, metrics. */
export interface RunnerMonitor {
  readonly observe: (observation: Observation) => void
  /** The table that is about to be followed. */
  follow(table: RouteTable): void
  /** State of the last rollout, by endpoint. */
  setRollouts(rollouts: EndpointState['rollouts']): void
  /**
   * A line that the code of a version printed.
   * @param replica which of its own processes did, counted from 1; absent for one of the runner's
   */
  readonly printed: (of: PrintedOf, text: string, from: PrintedBy, replica?: number) => void
  /** A request that was refused before anybody knew whose it is. */
  readonly refused: (error: unknown) => void
  /** The plane of a caller with quotas, so that what these refuse is seen. */
  watch(plane: DataPlane, principal: Principal): DataPlane
  readonly metrics: () => { readonly counts: EndpointCounts; readonly state: EndpointState }
  close(): Promise<void>
}

/** Counts of an endpoint that was taken away are told for so long: whoever looks now and then sees the last of them (ms). */
const GONE_FOR_MS = 900_000
/** Keys that metrics tell apart; what comes after them is counted as `other`. */
const MOST_KEYS = 1000

export function createRunnerMonitor(options: RunnerMonitorOptions): RunnerMonitor {
  const { project, index, now, wallNow } = options
  const captures = createCaptureWriter({
    folder: join(options.dataFolder, CAPTURES_FOLDER, project),
    life: `r${index}p${process.pid.toString(36)}t${wallNow().toString(36)}`,
    wallNow,
  })
  const totals = createEndpointTotals()
  const refusals = createKeyCounts({ most: MOST_KEYS })
  let table: RouteTable | undefined
  /** Endpoints that were taken away, and when. */
  const gone = new Map<string, number>()
  let discreet: ReadonlySet<string> = new Set()
  let rollouts: EndpointState['rollouts'] = []
  let lostLines = 0
  const source = `${project}-${index + 1}`
  const failures = createFailedRequests({ project, source, now, write })

  function write(message: EndpointLogMessage): void {
    if (!options.writeLog(message)) lostLines++
  }

  function noteFailure(
    endpoint: string,
    variant: string | undefined,
    error: ServingError,
    principal: Principal | undefined,
    ms: number | undefined,
  ): void {
    failures.note({ endpoint, variant, error, key: principal?.name, ms, isDiscreet: discreet.has(endpoint) })
  }

  function keyCounts(counted: EndpointCounters['keys']): KeyCounts[] {
    const keys = new Map<string, KeyCounts['codes']>()
    const add = (name: string, requests: Readonly<Record<string, number>>) => {
      const key = keys.size < MOST_KEYS || keys.has(name) ? name : OTHER_KEYS
      const sum = new Map(keys.get(key))
      for (const [status, times] of statusesOf(requests)) sum.set(status, (sum.get(status) ?? 0) + times)
      keys.set(
        key,
        [...sum].sort(([a], [b]) => a - b),
      )
    }
    for (const { key, requests } of [...counted, ...refusals.all()]) add(key, requests)
    return Array.from(keys, ([name, codes]) => ({ ...splitName(name), codes }))
  }

  return {
    observe(observation) {
      const { endpoint, variant, error, principal, ms } = observation
      if (error !== undefined) noteFailure(endpoint, variant.name, error, principal, ms)
      captures.observe(observation)
    },
    follow(next) {
      totals.take(options.counters()) // what the plane is about to forget
      for (const { name } of table?.endpoints ?? []) gone.set(name, now())
      for (const { name } of next.endpoints) gone.delete(name)
      for (const [name, sinceMs] of gone) if (now() - sinceMs > GONE_FOR_MS) gone.delete(name)
      table = next
      refusals.retain(new Set(['', ...next.keys.map(({ name }) => name)]))
      const specs = next.endpoints.flatMap(({ name, capture }) =>
        capture === undefined ? [] : [[name, capture] as const],
      )
      captures.follow(new Map(specs))
      discreet = new Set(specs.filter(([, { redact }]) => redact.length > 0).map(([name]) => name))
    },
    setRollouts(states) {
      rollouts = states
    },
    printed({ name, version, file }, text, { stream, pid, dropped, isTrace }, replica) {
      lostLines += dropped
      const message = isTrace && discreet.has(name) ? discreetTrace(text) : text
      if (message === undefined) return
      const endpoint = table?.endpoints.find((each) => each.name === name)
      const variants = endpoint?.variants.filter(({ digest }) => digest === version) ?? []
      const fields = {
        stream,
        version: variants[0]?.number,
        digest: version.slice(0, 12),
        file,
        ...(pid !== undefined && { process: pid }),
      }
      write({
        type: 'log',
        project,
        endpoint: name,
        // of two that share a version nobody knows for which it ran
        variant: variants.length === 1 ? variants[0]?.name : undefined,
        source: replica === undefined ? source : `worker-${replica}`,
        level: 'info',
        message,
        fields,
      })
    },
    refused(error) {
      const { code } = ServingError.from(error)
      if (HTTP_STATUS[code] < 500) refusals.count('', code)
    },
    watch: (plane, principal) => ({
      isReady: () => plane.isReady(),
      models: () => plane.models(),
      model: (name, version) => plane.model(name, version),
      async predict(model, inputs, context) {
        try {
          return await plane.predict(model, inputs, context)
        } catch (thrown) {
          const error = ServingError.from(thrown)
          // all others reached the endpoint, which has counted them
          if (error.details['reason'] === 'quota') {
            refusals.count(principal.name, error.code)
            noteFailure(model.name, undefined, error, principal, undefined)
          }
          throw thrown
        }
      },
    }),
    metrics() {
      const counters = options.counters()
      const variants = totals.take(counters)
      const counts: EndpointCounts = {
        project,
        variants,
        keys: keyCounts(counters.keys),
        captureDropped: captures.dropped(),
        logLinesDropped: lostLines,
      }
      return { counts, state: stateOf(counters) }
    },
    async close() {
      failures.close()
      await captures.close()
    },
  }

  function stateOf({ variants, replicas }: EndpointCounters): EndpointState {
    const routed = (table?.endpoints ?? []).flatMap((endpoint) =>
      endpoint.variants.map((variant) => ({ endpoint: endpoint.name, variant: variant.name, spec: variant })),
    )
    const byDigest = Map.groupBy(routed, ({ endpoint, spec }) => `${endpoint} ${spec.digest}`)
    const served = new Set(table?.endpoints.map(({ name }) => name))
    const late = Array.from(gone).flatMap(([name, sinceMs]) => (now() - sinceMs > GONE_FOR_MS ? [] : [name]))
    return {
      told: [...served, ...late],
      isControlUp: options.isControlUp(),
      inFlight: variants.map(({ endpoint, variant, inFlight }) => ({ endpoint, variant, requests: inFlight })),
      replicas: replicas.flatMap(({ endpoint, digest, state }) =>
        (byDigest.get(`${endpoint} ${digest}`) ?? []).map(({ variant }) => ({ endpoint, variant, state })),
      ),
      desired: routed.map(({ endpoint, variant, spec }) => ({ endpoint, variant, replicas: spec.replicas })),
      rollouts: rollouts.filter(({ endpoint }) => served.has(endpoint)),
    }
  }
}

/** `default/ci`: the project that a key belongs to, and its name there. */
function splitName(name: string): { readonly project: string; readonly key: string } {
  const at = name.indexOf('/')
  return at < 0 ? { project: '', key: name } : { project: name.slice(0, at), key: name.slice(at + 1) }
}
