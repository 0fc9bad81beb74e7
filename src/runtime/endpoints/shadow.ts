import { ServingError } from '../../core/errors.ts'
import { firstDifferenceOf } from '../../engines/golden.ts'
import type { LocalPlane } from '../local-plane.ts'
import type { PredictContext } from '../plane.ts'
import { sizeOf } from '../queue-memory.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import type { Variant } from './endpoint.ts'

export interface Shadows {
  /**
   * Copies an answered request to the endpoint's shadows, each by its share; after the tick that answers it.
   * @param ms how long the answer took
   */
  copy(to: readonly Variant[], inputs: Tensors, outputs: Tensors, ms: number): void
}

/** Copies that wait, of all shadows together: more are dropped, and counted. */
const MOST_WAITING = 64
const MOST_WAITING_BYTES = 32 * 2 ** 20
/** Copies under way at once. */
const MOST_RUNNING = 4
/** How long a shadow may take for one, its wake included (ms). */
const TIMEOUT_MS = 30_000
/** Versions compute in other orders: floats as near as this are the same (halves: 1e-2 and 1e-3); all else has to be equal. */
const TOLERANCE = { relative: 1e-5, absolute: 1e-8 }

interface Copy {
  readonly variant: Variant
  readonly inputs: Tensors
  readonly outputs: Tensors
  readonly bytes: number
  readonly ms: number
}

export function createShadows(
  plane: LocalPlane,
  now: () => number,
  random: () => number,
  limits = { requests: MOST_WAITING, bytes: MOST_WAITING_BYTES },
): Shadows {
  const waiting: Copy[] = []
  let waitingBytes = 0
  let running = 0

  function copy(to: readonly Variant[], inputs: Tensors, outputs: Tensors, ms: number): void {
    for (const variant of to) {
      if (random() >= (variant.spec.shadow ?? 0)) continue
      const bytes = sizeOf(inputs) + sizeOf(outputs)
      if (waiting.length >= limits.requests || waitingBytes + bytes > limits.bytes) {
        variant.traffic.shadowDropped++
        continue
      }
      waiting.push({ variant, inputs, outputs, bytes, ms })
      waitingBytes += bytes
      setImmediate(next)
    }
  }

  function next(): void {
    if (running >= MOST_RUNNING) return
    const first = waiting.shift()
    if (first === undefined) return
    waitingBytes -= first.bytes
    running++
    void run(first).finally(() => {
      running--
      setImmediate(next)
    })
  }

  async function run({ variant, inputs, outputs, ms }: Copy): Promise<void> {
    const { replica, model, traffic } = variant
    const begunMs = now()
    const isAwake = replica.isServing || replica.variant.replicas > 0
    const context: PredictContext = { outputs: [...outputs.keys()], priority: 3, timeoutMs: TIMEOUT_MS }
    traffic.enter(begunMs)
    replica.lastUsedMs = begunMs
    try {
      const answer = replica.isServing
        ? plane.predict(model, inputs, context)
        : replica.away.take(model, inputs, context, begunMs, false)
      const found = (await answer).outputs
      const ended = now()
      traffic.answered(ended, ended - begunMs, inputs.values().next().value?.shape[0] ?? 1)
      traffic.compared++
      if (isAwake) {
        traffic.timed++
        traffic.longerMs += ended - begunMs - ms
      }
      if (firstDifferenceOf(found, outputs, TOLERANCE) !== undefined) traffic.differed++
    } catch (error) {
      traffic.failed(now(), ServingError.from(error).code)
    }
  }

  return { copy }
}
