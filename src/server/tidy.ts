import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How long after models were loaded the garbage of that is collected (ms): those who waited come first. */
const TIDY_AFTER_MS = 1000

/**
 * Collects the garbage of finding, reading, validating and loading models, many times their size, which an idle process
 * would keep. After the first models everything is collected and the memory given back, which takes about twice as long
 * as one collection; later ones are loaded beside requests, and cost one collection.
 */
export function tidyUp(isFirst: boolean): void {
  setTimeout(() => {
    if (isFirst) giveBackMemory()
    else void (globalThis.gc ?? collector())({ execution: 'async' })
  }, TIDY_AFTER_MS).unref()
}

/** Collects all garbage at once, and gives its memory back. */
export function giveBackMemory(): void {
  const collect = globalThis.gc ?? collector()
  collect({ type: 'major', flavor: 'last-resort', execution: 'sync' })
}

/** The function that `--expose-gc` offers, where Node was started without; the flag is as before afterwards. */
function collector(): NonNullable<typeof globalThis.gc> {
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc') as NonNullable<typeof globalThis.gc>
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
