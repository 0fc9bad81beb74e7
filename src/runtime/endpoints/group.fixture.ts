import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RouteEndpoint, RouteTable, RouteVariant } from '../../api/route-table.ts'
import { placeReplicas } from '../../api/route-table.ts'
import type { OpenBundle } from '../../bundle/open.ts'
import { ServingError } from '../../core/errors.ts'
import { tensorsOf } from '../../engines/golden.ts'
import { tensor, type Tensors } from '../../tensor/tensor.ts'
import { choicesOf } from '../choices.fixture.ts'
import { createLocalPlane, type LocalPlane } from '../local-plane.ts'
import type { DataPlane, PredictContext } from '../plane.ts'
import { servePlane, type FrameServer } from '../remote/index.ts'
import { timesBundle, timesEngine, type TimesEngine } from '../times-bundle.fixture.ts'
import { createEndpointPlane, type Caller, type EndpointPlane, type EndpointPlaneOptions } from './endpoint-plane.ts'

const bundles = new Map<number, OpenBundle>()

/** The version that multiplies with `factor`. */
export function versionOf(factor: number): OpenBundle {
  let bundle = bundles.get(factor)
  if (bundle === undefined) bundles.set(factor, (bundle = timesBundle({ factor, recordedFactor: Math.abs(factor) })))
  return bundle
}

/** A variant of the version that multiplies with `factor`, which is its number too. */
export function variantOf(factor: number, more: Partial<RouteVariant> = {}): RouteVariant {
  return {
    name: `v${factor}`,
    model: 'times',
    number: factor,
    digest: versionOf(factor).digest,
    folder: String(factor),
    isOurs: true,
    labels: [],
    weight: 1,
    isolation: 'runner',
    replicas: 1,
    maxReplicas: 4,
    targetInFlight: 8,
    memoryBytes: 1000,
    loadMs: 20,
    ...more,
  }
}

export function endpointOf(name: string, ...variants: readonly RouteVariant[]): RouteEndpoint {
  return { name, isPaused: false, variants }
}

let revision = 0

export function tableOf(...endpoints: readonly RouteEndpoint[]): RouteTable {
  return { formatVersion: 1, project: 'default', revision: ++revision, endpoints, keys: [] }
}

/** One row, whose first answer is `3 * factor`. */
export const ROW: Tensors = new Map([['x', tensor('FP64', [1, 2], Float64Array.of(3, 4))]])

export interface Runner {
  readonly endpoints: EndpointPlane
  readonly plane: LocalPlane
  readonly engine: TimesEngine
  /** Names of the events that it told of, with their endpoints. */
  readonly events: string[]
  /** Versions that were opened, by factor. */
  readonly opened: number[]
  /** Opening waits for this. */
  gate: Promise<void> | undefined
  /** Opening throws this. */
  refusal: ServingError | undefined
  /** The first answer of a request, divided by what it was asked. */
  ask(endpoint?: string, how?: { version?: string; caller?: Caller; context?: PredictContext }): Promise<number>
  /** The same as a promise of the stable code of its failure. */
  failure(
    endpoint: string,
    how?: { version?: string; caller?: Caller; context?: PredictContext },
  ): Promise<ServingError>
  /** Its socket goes away at once, with all connections; `revive` has it again. */
  kill(): Promise<void>
  revive(): Promise<void>
}

export interface Group {
  readonly runners: readonly Runner[]
  apply(table: RouteTable): void
  /** The runner that is the first to hold a version, and another one. */
  orderOf(endpoint: string, factor: number): readonly Runner[]
  close(): Promise<void>
}

/** Runners of a group in this process, over real Unix sockets. */
export async function createGroup(count: number, more: Partial<EndpointPlaneOptions> = {}): Promise<Group> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-group-'))
  const peerSockets = Array.from({ length: count }, (_, i) => join(folder, `${i}.sock`))
  const runners = await Promise.all(peerSockets.map((_, index) => createRunner(index, count, peerSockets, more)))
  return {
    runners,
    apply: (table) => runners.forEach(({ endpoints }) => endpoints.apply(table)),
    orderOf: (endpoint, factor) =>
      placeReplicas(endpoint, versionOf(factor).digest, count).map((index) => runners[index] as Runner),
    async close() {
      for (const { endpoints } of runners) await endpoints.close()
      for (const runner of runners) {
        await runner.kill()
        await runner.plane.close()
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function createRunner(
  index: number,
  count: number,
  peerSockets: readonly string[],
  more: Partial<EndpointPlaneOptions>,
): Promise<Runner> {
  const engine = timesEngine()
  const now = more.now ?? (() => performance.now())
  const choices = choicesOf({ maxBatchRows: 64, maxQueueRows: 20_000, maxQueueDelayMs: 30_000 })
  const plane = createLocalPlane({ engines: [engine], choose: () => choices, timeoutMs: 10_000, now })
  plane.setReady(true)
  const runner = { gate: undefined, refusal: undefined } as unknown as Runner
  const events: string[] = []
  const opened: number[] = []
  const endpoints = createEndpointPlane({
    project: 'default',
    index,
    count,
    life: 'life',
    plane,
    async open(_endpoint, { number }) {
      opened.push(number)
      await runner.gate
      if (runner.refusal !== undefined) throw runner.refusal
      return { bundle: versionOf(number), options: { choices } }
    },
    describe({ number }) {
      const { signature, example, batching } = versionOf(number).manifest
      return { signature, example: tensorsOf(example, 'example'), batching, engines: ['times'], choices }
    },
    peerSockets,
    now,
    wallNow: () => 1_700_000_000_000 + now(),
    random: Math.random,
    memoryBytes: () => 1_000_000,
    lingerMs: 50,
    lookEveryMs: 20,
    onEvent: ({ event, endpoint }) => events.push(`${event} ${endpoint}`),
    ...more,
  })
  let frames: FrameServer | undefined
  const revive = async () => {
    const server = createServer()
    frames = servePlane(server, endpoints.peers)
    await new Promise<void>((resolve) => void server.listen(peerSockets[index], resolve))
  }
  await revive()
  const ask: Runner['ask'] = (endpoint, { version, caller = { headers: {} }, context = {} } = {}) =>
    askOf(endpoints.planeFor(caller), endpoint, version, context)
  return Object.assign(runner, {
    endpoints,
    plane,
    engine,
    events,
    opened,
    ask,
    failure: (endpoint: string, how: Parameters<Runner['ask']>[1]) =>
      ask(endpoint, how).then(
        (answer) => {
          throw new Error(`it answered ${answer}`)
        },
        (error: unknown) => ServingError.from(error),
      ),
    revive,
    kill: async () => {
      await frames?.drain(0)
      frames = undefined
    },
  })
}

async function askOf(
  plane: DataPlane,
  endpoint: string | undefined,
  version: string | undefined,
  context: PredictContext,
): Promise<number> {
  const wanted = { outputs: ['product'], ...context }
  const { outputs } = await plane.predict(plane.model(endpoint, version), ROW, wanted)
  return Number(outputs.get('product')?.data[0]) / 3
}

/** Waits until something is so, for 5 s at most. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`it has not come about: ${holds.toString()}`)
    await new Promise((resolve) => void setTimeout(resolve, 2))
  }
}
