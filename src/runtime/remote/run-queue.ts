import { ServingError } from '../../core/errors.ts'
import type { LoadedProgram, Place } from '../../engines/program.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import type { RemoteRequest } from './serve-frames.ts'

export interface RunQueueOptions {
  readonly program: Pick<LoadedProgram, 'run'>
  readonly place: Place
  /** Runs that may be under way at once. */
  readonly concurrency: number
  /** The outputs of a request that names none. */
  readonly outputs: readonly string[]
  /** Milliseconds, never going back. */
  readonly now: () => number
}

interface Waiting {
  readonly request: RemoteRequest
  readonly deadlineMs: number
  readonly resolve: (outputs: Tensors) => void
  readonly reject: (error: unknown) => void
}

/**
 * Runs requests of other processes in the order in which they came, without batching: who sends them has done that.
 * An idle program answers in the calling tick. Between runs in the tick the event loop gets its turn. Those that have
 * gone, or are too late when their turn comes, are not run.
 * @returns a handler for `serveFrames`
 */
export function createRunQueue(options: RunQueueOptions): (request: RemoteRequest) => Tensors | Promise<Tensors> {
  const { program, place, concurrency, now } = options
  const intern = createInterner(options.outputs)
  let waiting: Waiting[] = []
  let running = 0
  /** Whether a run has had this turn of the event loop. */
  let isTurnTaken = false

  const hasRoom = () => running < concurrency && !isTurnTaken

  function submit(request: RemoteRequest): Tensors | Promise<Tensors> {
    if (waiting.length === 0 && hasRoom()) return start(request)
    const { promise, resolve, reject } = Promise.withResolvers<Tensors>()
    const entry: Waiting = { request, deadlineMs: now() + (request.timeoutMs ?? Infinity), resolve, reject }
    waiting.push(entry)
    request.call.onAborted = () => {
      waiting = waiting.filter((other) => other !== entry)
      reject(new ServingError('cancelled', 'the caller went away before its turn came'))
    }
    return promise
  }

  function start({ inputs, outputs }: RemoteRequest): Tensors | Promise<Tensors> {
    const result = program.run(inputs, intern(outputs), place)
    if (!(result instanceof Promise)) {
      endTurn()
      return result
    }
    running++
    return result.finally(() => {
      running--
      next()
    })
  }

  function endTurn(): void {
    isTurnTaken = true
    setImmediate(() => {
      isTurnTaken = false
      next()
    })
  }

  function next(): void {
    while (hasRoom()) {
      const entry = waiting.shift()
      if (entry === undefined) return
      entry.request.call.onAborted = undefined
      if (entry.deadlineMs <= now()) {
        entry.reject(new ServingError('deadline_exceeded', 'the deadline passed before its turn came'))
        continue
      }
      try {
        entry.resolve(start(entry.request) as Tensors)
      } catch (error) {
        entry.reject(error)
      }
    }
  }

  return submit
}

/** One array for each set of outputs, so that what engines prepare per set is found by identity. */
function createInterner(all: readonly string[]): (outputs: readonly string[]) => readonly string[] {
  const known = new Map<string, readonly string[]>()
  return (outputs) => {
    if (outputs.length === 0) return all
    const key = outputs.join('\0')
    const found = known.get(key)
    if (found !== undefined) return found
    if (known.size < 256) known.set(key, outputs)
    return outputs
  }
}
