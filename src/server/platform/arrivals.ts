import { HTTP_STATUS } from '../../core/http-status.ts'
import type { Handle } from '../../protocols/protocol.ts'
import type { Call, DataPlane, ServedModel } from '../../runtime/plane.ts'

export interface ArrivalOptions {
  /** Whether the bundle of what a request is for is still being brought to this machine. */
  readonly isComing: (model: ServedModel) => boolean
  /** Longest that a request waits for it (ms). */
  readonly timeoutMs: number
  readonly now: () => number
  /** Most requests that wait, and most that their bodies take together (bytes). */
  readonly maxRequests?: number | undefined
  readonly maxBytes?: number | undefined
}

/**
 * Requests for versions whose bundles are on their way. Nothing is known of such a version, not even what it takes, so that a
 * request cannot be read: what it was answered is thrown away, and it is asked again, whole, once the bundle is there.
 */
export interface Arrivals {
  /** The plane as one request sees it: notes whether that is for such a version. */
  watch(plane: DataPlane, call: Call): DataPlane
  /** Holds requests for such versions; those that wait too long, or are one too many, get what they were answered at first. */
  holding(own: Handle): Handle
  /** To be called after each new table. */
  look(): void
  close(): void
}

/** How often it is looked whether callers have gone (ms). */
const LOOK_EVERY_MS = 250
/** The HTTP status of an answer that says so, in gRPC too. */
const UNAVAILABLE = HTTP_STATUS.unavailable
const MAX_REQUESTS = 1000
const MAX_BYTES = 64 * 2 ** 20

interface Held {
  readonly model: ServedModel
  readonly call: Call
  readonly untilMs: number
  readonly bytes: number
  readonly settle: (hasCome: boolean) => void
}

export function createArrivals(options: ArrivalOptions): Arrivals {
  const { isComing, now, maxRequests = MAX_REQUESTS, maxBytes = MAX_BYTES } = options
  const met = new WeakMap<Call, ServedModel>()
  const held = new Set<Held>()
  let heldBytes = 0
  let timer: NodeJS.Timeout | undefined

  function look(): void {
    const time = now()
    for (const each of held) {
      const hasCome = !isComing(each.model)
      if (hasCome || each.call.aborted || time >= each.untilMs) settle(each, hasCome)
    }
  }

  function settle(each: Held, hasCome: boolean): void {
    held.delete(each)
    heldBytes -= each.bytes
    if (held.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
    each.settle(hasCome)
  }

  /** @returns whether it has come in time */
  function arrival(model: ServedModel, call: Call, bytes: number, untilMs: number): Promise<boolean> {
    if (held.size >= maxRequests || (held.size > 0 && heldBytes + bytes > maxBytes)) return Promise.resolve(false)
    timer ??= setInterval(look, LOOK_EVERY_MS).unref()
    heldBytes += bytes
    return new Promise((settled) => held.add({ model, call, untilMs, bytes, settle: settled }))
  }

  return {
    watch: (plane, call) => ({
      isReady: () => plane.isReady(),
      models: () => plane.models(),
      model(name, version) {
        const model = plane.model(name, version)
        if (isComing(model)) met.set(call, model)
        return model
      },
      predict: (model, inputs, context) => plane.predict(model, inputs, context),
    }),
    holding: (own) => async (request, plane, call) => {
      const untilMs = now() + options.timeoutMs
      for (;;) {
        const answer = await own(request, plane, call)
        const model = met.get(call)
        met.delete(call)
        // what only asks about it is told what there is to tell
        if (model === undefined || answer.status !== UNAVAILABLE || request.method !== 'POST') return answer
        if (!(await arrival(model, call, request.body.byteLength, untilMs))) return answer
      }
    },
    look,
    close() {
      for (const each of held) settle(each, false)
    },
  }
}
