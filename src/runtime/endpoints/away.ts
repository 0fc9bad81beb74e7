import { ServingError } from '../../core/errors.ts'
import { createFitter } from '../fit-request.ts'
import type { PredictContext, Prediction, ServedModel } from '../plane.ts'
import { callerGone, deadlinePassed } from '../refusals.ts'
import { Trials } from '../remote/index.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import type { Replica } from './replica.ts'
import type { ReplicaHost } from './replica-host.ts'
import { AwayRequest } from './request.ts'
import type { Description, RemoteProgram } from './types.ts'
import { holdFull, isNobodyThere, wakeTooSlow, type Wake } from './waking.ts'

/** How long a request waits for a holder elsewhere before the version is loaded here in its place (ms). */
const STAND_IN_AFTER_MS = 300
/** How long those that wait for a load here do so before they are sent to other holders (ms). */
const PATIENCE_MS = 1000
/** Connections to other holders are kept so long without a request (ms). */
const KEEP_CONNECTED_MS = 60_000

/**
 * Requests for one version that no replica in this process could take as they came. They wait in a bounded line, with their
 * deadlines, for a load here or for a connection to those who hold it; or they are under way there. Each is answered once.
 */
export class Away {
  readonly #replica: Replica
  readonly #host: ReplicaHost
  #waiting: AwayRequest[] = []
  /** Under way elsewhere. */
  readonly #sent = new Set<AwayRequest>()
  #remote: RemoteProgram | undefined
  /** Where requests are still under way that were sent before the last change of holders. */
  #leaving: RemoteProgram | undefined
  #description: Description | undefined
  #fit: ReturnType<typeof createFitter> | undefined
  #lastSentMs = 0
  /** Since when nobody could be reached. */
  #nobodySinceMs: number | undefined

  constructor(replica: Replica, host: ReplicaHost) {
    this.#replica = replica
    this.#host = host
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.length
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#sent.size === 0
  }

  get isConnected(): boolean {
    return this.#remote !== undefined
  }

  /** Facts of the version, kept while requests go elsewhere. */
  get description(): Description | undefined {
    return this.#description
  }

  /** Whether a holder elsewhere can take a request now; connects where nothing is connected yet. */
  isReachable(): boolean {
    return this.#replica.otherHolders.length > 0 && this.#connected().available > 0
  }

  /**
   * Answers a request as soon as somebody can.
   * @param staysHere whether it is not to be sent elsewhere
   * @param trials where it was run before
   * @throws {ServingError} `invalid_argument` for what does not fit the version
   */
  take(
    model: ServedModel,
    given: Tensors,
    context: PredictContext,
    arrivedMs: number,
    staysHere: boolean,
    trials = new Trials(),
  ): Promise<Prediction> {
    const request = this.#request(model, given, context, arrivedMs, staysHere, trials)
    this.#send(request, arrivedMs)
    return request.answer.promise
  }

  /** Sends a request to another holder, one of which is reachable: to one that has not failed with it, where there is one. */
  sendAway(
    model: ServedModel,
    given: Tensors,
    context: PredictContext,
    arrivedMs: number,
    trials: Trials,
  ): Promise<Prediction> {
    const request = this.#request(model, given, context, arrivedMs, false, trials)
    this.#forward(request, this.#host.now())
    return request.answer.promise
  }

  #request(
    model: ServedModel,
    given: Tensors,
    context: PredictContext,
    arrivedMs: number,
    staysHere: boolean,
    trials: Trials,
  ): AwayRequest {
    this.#fit ??= createFitter(this.#replica.describe().signature)
    const fitted = this.#fit(given, context.outputs)
    const deadlineMs = arrivedMs + Math.min(context.timeoutMs ?? Infinity, this.#host.timeoutMs)
    const parts = { model, given, fitted, context, arrivedMs, deadlineMs, trials }
    const request = new AwayRequest(parts, staysHere, (late) => this.#onLate(late))
    this.#host.deadlines.watch(request)
    return request
  }

  /** Brings those who wait, or whom nobody answers, nearer to an answer. To be called while there are such. */
  proceed(now: number): void {
    const replica = this.#replica
    if (replica.local !== undefined) {
      if (this.#sent.size > 0 && this.#isNobodyThere(now)) this.#recall(now)
      for (const request of this.#takeWaiting()) this.#send(request, now)
      return
    }
    const isReachable = (this.#sent.size > 0 || this.#waiting.some(mayGo)) && this.isReachable()
    if (isReachable) this.#nobodySinceMs = undefined
    if (isReachable && !this.#isNearlyHere(now)) {
      const all = this.#waiting
      this.#waiting = all.filter((request) => request.staysHere)
      for (const request of all) if (!request.staysHere) this.#forward(request, now)
    }
    if (replica.isLoading || this.isIdle) return
    const error = replica.refusal(now)
    const isOurs = this.#waiting.length > 0 && (replica.mayLoad || !this.#waiting.every(mayGo))
    if (isOurs && error === undefined) return void replica.load()
    // those who were sent to a holder that has gone are called back once the version is loaded here
    const isLost = !isReachable && this.#isNobodyThere(now)
    if (isLost && error === undefined) return void replica.load()
    if (error === undefined) return
    const isHopeless = isLost || replica.otherHolders.length === 0
    const all = this.#waiting
    for (const request of all) if (isHopeless || request.staysHere) this.#end(request, error)
  }

  /** Ends all that wait, or are under way elsewhere. */
  end(error: ServingError): void {
    for (const request of [...this.#takeWaiting(), ...this.#sent]) this.#end(request, error)
  }

  /** Lets go of what the last request is long past of. */
  tidy(now: number): void {
    if (this.#remote !== undefined && now - this.#lastSentMs > KEEP_CONNECTED_MS && this.isIdle) this.disconnect()
  }

  /** Keeps the way to other holders open, though nothing was sent there lately. */
  keepConnected(now: number): void {
    this.#lastSentMs = now
  }

  /** Lets go of the way to other holders, once those are answered who were sent there. */
  disconnect(): void {
    const remote = this.#remote
    this.#fit = undefined
    this.#description = undefined
    this.#nobodySinceMs = undefined
    if (remote === undefined) return
    this.#remote = undefined
    if (this.#sent.size === 0) return remote.release()
    this.#leaving = remote
    void Promise.allSettled([...this.#sent].map(({ answer }) => answer.promise)).then(() => {
      if (this.#leaving === remote) this.#leaving = undefined
      remote.release()
    })
  }

  /** Sends a request where it can be answered, or has it wait. */
  #send(request: AwayRequest, now: number): void {
    const replica = this.#replica
    if (request.isDone) return
    if (request.parts.context.call?.aborted === true) return this.#end(request, callerGone())
    const hasWay = !request.staysHere && !replica.isServing && this.isReachable() && !this.#isNearlyHere(now)
    if (hasWay) this.#forward(request, now)
    else if (replica.local !== undefined) this.#runHere(request, now)
    else this.#hold(request, now)
  }

  #hold(request: AwayRequest, now: number): void {
    const { held } = this.#host
    const hasOthers = !request.staysHere && this.#replica.otherHolders.length > 0
    const error = hasOthers ? undefined : this.#replica.refusal(now)
    if (error !== undefined) return this.#end(request, error)
    if (held.requests >= held.maxRequests || (held.requests > 0 && held.bytes + request.bytes > held.maxBytes))
      return this.#end(request, holdFull(this.#wake(request, now), held))
    request.isHeld = true
    held.requests++
    held.bytes += request.bytes
    this.#waiting.push(request)
    if (this.#waiting.length === 1) this.proceed(now)
    this.#host.lookSoon(this.#replica)
  }

  /** Whether nobody could be reached for so long that this runner does it itself. */
  #isNobodyThere(now: number): boolean {
    if ((this.#remote ?? this.#leaving)?.available) {
      this.#nobodySinceMs = undefined
      return false
    }
    this.#nobodySinceMs ??= now
    return now - this.#nobodySinceMs >= STAND_IN_AFTER_MS
  }

  /** Those who were sent to others wait here now, but for those whose last run is under way there. */
  #recall(now: number): void {
    for (const request of this.#sent) {
      if (!request.parts.trials.mayRun) continue
      this.#sent.delete(request)
      request.sendings++
      this.#hold(request, now)
    }
  }

  #isNearlyHere(now: number): boolean {
    return this.#replica.isLoading && now - this.#replica.loadBegunMs < PATIENCE_MS
  }

  #runHere(request: AwayRequest, now: number): void {
    const replica = this.#replica
    const { model, given, context, deadlineMs, trials } = request.parts
    this.#unhold(request)
    this.#host.deadlines.unwatch(request)
    trials.runs++
    replica.inFlight++
    this.#host.plane.predict(model, given, { ...context, timeoutMs: Math.max(0, deadlineMs - now) }).then(
      (prediction) => {
        replica.inFlight--
        replica.note(false)
        noteWait(request)
        this.#finish(request, prediction)
      },
      (error: unknown) => {
        replica.inFlight--
        noteWait(request)
        this.#end(request, ServingError.from(error))
      },
    )
  }

  #forward(request: AwayRequest, now: number): void {
    const { fitted, context, deadlineMs, trials } = request.parts
    this.#unhold(request)
    this.#sent.add(request)
    this.#lastSentMs = now
    const sending = ++request.sendings
    const urgency = {
      deadlineMs: this.#replica.variant.replicas === 0 ? earlier(deadlineMs, now) : deadlineMs,
      priority: context.priority ?? 2,
      key: context.call?.principal?.uid,
    }
    this.#connected()
      .run(fitted.inputs, fitted.wanted, 'off-loop', urgency, trials)
      .then(
        (outputs) => {
          if (request.sendings !== sending || request.isDone) return
          noteRun(request, now, this.#host.now())
          this.#finish(request, { model: request.parts.model, outputs })
        },
        (thrown: unknown) => {
          if (request.sendings !== sending || request.isDone) return
          const error = ServingError.from(thrown)
          if (isNobodyThere(error)) this.#standIn(request, error)
          else this.#end(request, error)
        },
      )
    this.#host.lookSoon(this.#replica)
  }

  /** Whoever should hold it cannot take the request: it is answered here, unless a load here has failed as well. */
  #standIn(request: AwayRequest, error: ServingError): void {
    const now = this.#host.now()
    if (!request.parts.trials.mayRun) return this.#end(request, error)
    if (this.#replica.local === undefined && this.#replica.refusal(now) !== undefined) return this.#end(request, error)
    this.#sent.delete(request)
    request.staysHere = true
    this.#send(request, now)
  }

  #onLate(request: AwayRequest): void {
    if (this.#sent.has(request)) return this.#end(request, deadlinePassed())
    const { timeoutMs } = request.parts.context
    const isCallersLimit = timeoutMs !== undefined && timeoutMs <= this.#host.timeoutMs
    this.#end(request, wakeTooSlow(this.#wake(request, this.#host.now()), isCallersLimit))
  }

  #wake({ parts: { arrivedMs } }: AwayRequest, now: number): Wake {
    const { endpoint, phase, loadBegunMs, lastLoadMs, variant } = this.#replica
    const doneMs = phase === undefined ? 0 : now - loadBegunMs
    const expectedMs = Math.max(0, Math.max(variant.loadMs, lastLoadMs) - doneMs)
    return { endpoint, phase: phase ?? 'connecting', waitedMs: now - arrivedMs, expectedMs }
  }

  #finish(request: AwayRequest, prediction: Prediction): void {
    if (request.isDone) return
    this.#forget(request)
    request.answer.resolve(prediction)
  }

  #end(request: AwayRequest, error: ServingError): void {
    if (request.isDone) return
    this.#forget(request)
    request.answer.reject(error)
  }

  #forget(request: AwayRequest): void {
    request.isDone = true
    this.#host.deadlines.unwatch(request)
    this.#sent.delete(request)
    if (!request.isHeld) return
    this.#unhold(request)
    this.#waiting = this.#waiting.filter((other) => other !== request)
  }

  #takeWaiting(): AwayRequest[] {
    const all = this.#waiting
    this.#waiting = []
    for (const request of all) this.#unhold(request)
    return all
  }

  #unhold(request: AwayRequest): void {
    if (!request.isHeld) return
    request.isHeld = false
    this.#host.held.requests--
    this.#host.held.bytes -= request.bytes
  }

  #connected(): RemoteProgram {
    if (this.#remote !== undefined) return this.#remote
    const { endpoint, variant, otherHolders } = this.#replica
    this.#description = this.#replica.describe()
    this.#lastSentMs = this.#host.now()
    this.#remote = this.#host.connect(endpoint, variant, otherHolders, this.#description)
    return this.#remote
  }
}

/** Whoever wakes the version is to say how far that is before the time is over here (ms). */
const SAY_MS = 30

function earlier(deadlineMs: number, now: number): number {
  return deadlineMs - Math.min(SAY_MS, (deadlineMs - now) / 4)
}

function mayGo(request: AwayRequest): boolean {
  return !request.staysHere
}

/** The time before it was run is part of its time in the queue. */
function noteWait({ parts: { context, arrivedMs } }: AwayRequest): void {
  const { call } = context
  const timing = call?.timing
  if (call === undefined || timing === undefined || timing.arrivedAtMs <= arrivedMs) return
  const queueMs = timing.queueMs + (timing.arrivedAtMs - arrivedMs)
  call.timing = { ...timing, arrivedAtMs: arrivedMs, queueMs, waitedFor: 'run' }
}

/** Of a run elsewhere, it is known how long it was away. */
function noteRun({ parts: { context, model, fitted, arrivedMs } }: AwayRequest, sentMs: number, nowMs: number): void {
  if (context.call === undefined) return
  const { rows } = fitted
  const queueMs = sentMs - arrivedMs
  const runMs = nowMs - sentMs
  context.call.timing = { model, rows, arrivedAtMs: arrivedMs, queueMs, waitedFor: 'run', runMs, batchRows: rows }
}
