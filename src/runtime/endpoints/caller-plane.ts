import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { DataPlane, PredictContext, Prediction, ServedModel } from '../plane.ts'
import { Trials } from '../remote/index.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import { EndpointModel, type Variant } from './endpoint.ts'
import type { PlaneState } from './plane-state.ts'
import type { Replica } from './replica.ts'
import type { Caller } from './types.ts'

/** Other holders that had no room are not asked for so long (ms): when all are full, a refusal costs one process, not two. */
const PEERS_FULL_MS = 50

/** The plane as one request sees it. */
export class CallerPlane implements DataPlane {
  readonly #state: PlaneState
  readonly #caller: Caller
  #version: string | undefined

  constructor(state: PlaneState, caller: Caller) {
    this.#state = state
    this.#caller = caller
  }

  isReady(): boolean {
    return this.#state.plane.isReady()
  }

  models(): readonly ServedModel[] {
    return this.#visible().flatMap((name) => this.#state.endpoints.get(name)?.variants.map(({ model }) => model) ?? [])
  }

  model(name?: string, version?: string): ServedModel {
    this.#version = version
    const wanted = name ?? this.#onlyName()
    const endpoint = this.#maySee(wanted) ? this.#state.endpoints.get(wanted) : undefined
    if (endpoint === undefined) throw this.#unknown(wanted)
    return endpoint.choose(this.#caller, version, this.#state.random).model
  }

  async predict(model: ServedModel, inputs: Tensors, context: PredictContext): Promise<Prediction> {
    const state = this.#state
    const variant = this.#variantOf(model)
    const { replica, traffic } = variant
    const begunMs = state.now()
    replica.lastUsedMs = begunMs
    if (context.isProbe === true) return await this.#run(variant, inputs, context, begunMs)
    if (context.call !== undefined) context.call.isCounted = true
    traffic.enter(begunMs)
    try {
      const prediction = await this.#run(variant, inputs, context, begunMs)
      const endedMs = state.now()
      const { call } = context
      if (call !== undefined) call.model = variant.model
      traffic.answered(endedMs, endedMs - begunMs, call?.timing?.rows ?? rowsOf(inputs))
      this.#count('ok')
      if (variant.endpoint.shadows.length > 0)
        state.shadows.copy(variant.endpoint.shadows, inputs, prediction.outputs, endedMs - begunMs)
      if (state.observe !== undefined && variant.endpoint.isCaptured)
        this.#observe(variant, inputs, context, endedMs - begunMs, prediction.outputs, undefined)
      return prediction
    } catch (thrown) {
      const error = ServingError.from(thrown)
      const endedMs = state.now()
      if (context.call !== undefined) context.call.model = variant.model
      traffic.failed(endedMs, error.code)
      this.#count(error.code)
      if (state.observe !== undefined) this.#observe(variant, inputs, context, endedMs - begunMs, undefined, error)
      throw error
    }
  }

  #run(variant: Variant, inputs: Tensors, context: PredictContext, begunMs: number): Promise<Prediction> {
    return variant.replica.isServing
      ? this.#runHere(variant, inputs, context, begunMs)
      : this.#runAway(variant, inputs, context, begunMs)
  }

  /** Runs it in this process; once more elsewhere when that fails and others hold it too. */
  async #runHere(variant: Variant, inputs: Tensors, context: PredictContext, begunMs: number): Promise<Prediction> {
    const state = this.#state
    const { replica, model } = variant
    replica.inFlight++
    try {
      const prediction = await state.plane.predict(model, inputs, context)
      replica.note(false)
      return prediction
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'overloaded') return await this.#runWhereThereIsRoom(variant, inputs, context, begunMs, error)
      if (error.code !== 'internal' && error.code !== 'unavailable') throw error
      // it went out of memory between the look and the run
      if (replica.local === undefined) return await replica.away.take(model, inputs, context, begunMs, false)
      replica.note(true)
      if (!replica.hasPeers(1) || !this.#mayRetry(replica, error)) throw error
      const trials = new Trials()
      trials.runs = 1
      return await replica.away.sendAway(model, inputs, context, begunMs, trials)
    } finally {
      replica.inFlight--
      state.retries.earn()
    }
  }

  /** Connections are spread unevenly, and so is what comes by them: another holder may have room, unless it had none just now. */
  async #runWhereThereIsRoom(
    variant: Variant,
    inputs: Tensors,
    context: PredictContext,
    begunMs: number,
    refusal: ServingError,
  ): Promise<Prediction> {
    const { replica, model } = variant
    const { now } = this.#state
    if (!replica.hasPeers(1) || now() < replica.peersFullUntilMs || !replica.away.isReachable()) throw refusal
    try {
      return await replica.away.sendAway(model, inputs, context, begunMs, new Trials())
    } catch (thrown) {
      const { code } = ServingError.from(thrown)
      if (code !== 'overloaded' && code !== 'deadline_exceeded') throw thrown
      replica.peersFullUntilMs = now() + PEERS_FULL_MS
      throw refusal
    }
  }

  /** Waits until somebody can run it, here or elsewhere; once more when it fails elsewhere and yet others hold it. */
  async #runAway(variant: Variant, inputs: Tensors, context: PredictContext, begunMs: number): Promise<Prediction> {
    const { replica, model } = variant
    const trials = new Trials()
    try {
      return await replica.away.take(model, inputs, context, begunMs, false, trials)
    } catch (thrown) {
      const error = ServingError.from(thrown)
      const isOpen = error.code === 'internal' && trials.mayRun
      if (!isOpen || !replica.hasPeers(2) || !this.#mayRetry(replica, error)) throw error
      return await replica.away.sendAway(model, inputs, context, begunMs, trials)
    } finally {
      this.#state.retries.earn()
    }
  }

  /** What ended the processes that ran it is not tried again. */
  #mayRetry(replica: Replica, { details }: ServingError): boolean {
    return details['reason'] !== 'killed_worker' && replica.away.isReachable() && this.#state.retries.take()
  }

  /** The one that was chosen, or another in its place when the table has lost it since. */
  #variantOf(model: ServedModel): Variant {
    let variant = model instanceof EndpointModel ? model.variant : undefined
    if (variant === undefined || (!variant.replica.isInTable && variant.replica.local === undefined)) {
      const again = this.model(model.name, this.#version)
      variant = again instanceof EndpointModel ? again.variant : undefined
    }
    if (variant === undefined) throw new Error('a model without a variant was routed to; this is a bug')
    return variant
  }

  #observe(
    variant: Variant,
    inputs: Tensors,
    { call }: PredictContext,
    ms: number,
    outputs: Tensors | undefined,
    error: ServingError | undefined,
  ): void {
    const { observe } = this.#state
    if (observe === undefined) return
    const { model, spec } = variant
    const { principal } = this.#caller
    // the answer goes first
    setImmediate(observe, { endpoint: model.name, variant: spec, principal, inputs, outputs, error, model, ms, call })
  }

  #count(code: string): void {
    const { principal } = this.#caller
    if (principal !== undefined) this.#state.keys.count(principal.name, code)
  }

  #maySee(name: string): boolean {
    const endpoints = this.#caller.principal?.endpoints
    return endpoints === undefined || endpoints.has(name)
  }

  #visible(): readonly string[] {
    const { names } = this.#state
    return this.#caller.principal?.endpoints === undefined ? names : names.filter((name) => this.#maySee(name))
  }

  #onlyName(): string {
    const [only, second] = this.#visible()
    if (only === undefined) throw new ServingError('not_found', 'there are no endpoints')
    if (second !== undefined)
      throw new ServingError(
        'invalid_argument',
        `the request names no model, and there is ${quoteList(this.#visible())}`,
      )
    return only
  }

  /** Clients know Triton's words for it. What the caller may not see is not there. */
  #unknown(name: string): ServingError {
    const names = this.#visible()
    const there = names.length === 0 ? 'are none' : `is ${quoteList(names)}`
    return new ServingError('not_found', `Request for unknown model: ${quote(name)}; there ${there}`, {
      details: { model: name },
    })
  }
}

function rowsOf(inputs: Tensors): number {
  for (const { shape } of inputs.values()) return shape[0] ?? 1
  return 1
}
