import { check, MAX_ASYNC_CALLS, type Library, type NativeFunction } from './library.ts'
import { mark, unmark, type MarkLabel } from './run-marks.ts'

let underWay = 0
const waiting: (() => void)[] = []

/**
 * Calls a function on a thread of libuv's pool, which starts with the first such call. At most `MAX_ASYNC_CALLS` are under
 * way; others wait in order.
 * @param kept what the call's addresses point into: referenced until it is done
 * @param label what is marked as running meanwhile
 * @returns what the function returned
 */
export async function callOffLoop(
  native: NativeFunction,
  args: readonly number[],
  kept: object,
  label?: MarkLabel,
): Promise<number> {
  if (underWay >= MAX_ASYNC_CALLS) await new Promise<void>((resolve) => waiting.push(resolve))
  else underWay++
  calls.add(kept)
  const marked = mark(label)
  try {
    return await new Promise<number>((resolve, reject) => {
      native.async(...args, (error, result) => (error === null ? resolve(result) : reject(error)))
    })
  } finally {
    calls.delete(kept)
    unmark(marked)
    const next = waiting.shift()
    if (next === undefined) underWay--
    else next() // takes over our place
  }
}

/** What calls that are under way point into. */
const calls = new Set<object>()

/** Everything that runs may have to be told to stop. */
const stoppers = new Set<Stopper>()

/** Ends the runs of a session between two of its nodes, however long they would go on. */
export class Stopper {
  /** The OrtRunOptions of the session's runs. */
  readonly options: number
  readonly #ort: Library

  /** @throws {OrtError} */
  constructor(ort: Library) {
    this.#ort = ort
    check(ort, ort.CreateRunOptions(ort.scratch.address))
    this.options = ort.scratch.get(0)
    // Node waits for the threads of its pool before it ends.
    if (stoppers.size === 0) process.on('exit', stopAll)
    stoppers.add(this)
  }

  stop(): void {
    check(this.#ort, this.#ort.RunOptionsSetTerminate(this.options))
  }

  /** No run may be under way. */
  release(): void {
    stoppers.delete(this)
    if (stoppers.size === 0) process.off('exit', stopAll)
    this.#ort.ReleaseRunOptions(this.options)
  }
}

function stopAll(): void {
  for (const stopper of stoppers) stopper.stop()
}
