import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServingError } from '../../src/core/errors.ts'
import { quote } from '../../src/core/text.ts'
import type { Load } from './load.ts'
import type { RunningServer } from './servers.ts'

/** Where a server tells how much it has answered. */
export interface OwnCount {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** @param text of the answer, in the exposition format of Prometheus */
  readonly read: (text: string) => number
}

/** How long a server may take until it tells of its last answers (ms). */
const LONGEST_MS = 3000
/** A count that has not changed for so long is settled (ms). */
const SETTLED_MS = 50

/**
 * Begins to compare what a client counts with what the server itself counts.
 * @param longestMs how long the server may take until it tells of its last answers
 * @returns to be called after the load; fails with a ServingError, `internal`, when the two do not agree
 */
export async function watchCount(
  { name, port, plan: { count } }: Pick<RunningServer, 'name' | 'port' | 'plan'>,
  signal: AbortSignal,
  longestMs = LONGEST_MS,
): Promise<(load: Load) => Promise<void>> {
  if (count === undefined) return () => Promise.resolve()
  // answers to an earlier load may still be on their way
  let before = NaN
  for (let next = await readCount(port, count, signal); next !== before; next = await readCount(port, count, signal)) {
    before = next
    await sleep(SETTLED_MS, undefined, { signal })
  }
  return async ({ requests, started = requests }) => {
    const patience = performance.now() + longestMs
    const read = async () => (await readCount(port, count, signal)) - before
    // what was under way when the load ended may or may not have been answered
    const isRight = (found: number) => found >= requests && found <= started
    let found = await read()
    while (!isRight(found) && performance.now() < patience) {
      await sleep(SETTLED_MS, undefined, { signal })
      found = await read()
    }
    if (!isRight(found))
      throw new ServingError(
        'internal',
        `the client had ${requests} answers of ${started} requests, ${name} itself counts ${found}`,
      )
  }
}

/** Sums what a model has answered rightly, from Slipway's metrics. */
export function readAnswered(model: string): OwnCount['read'] {
  return (text) => {
    let sum = 0
    for (const [, labels = '', value] of text.matchAll(/^slipway_requests_total\{([^}]*)\} (\S+)$/gm))
      if (labels.includes(`model="${model}"`) && labels.includes('code="200"')) sum += Number(value)
    return sum
  }
}

function readCount(port: number, { path, headers, read }: OwnCount, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, agent: false, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(read(text))
        else reject(new ServingError('internal', `${path} answers ${response.statusCode}: ${quote(text, 100)}`))
      })
    })
    asked.on('error', reject).end()
  })
}
