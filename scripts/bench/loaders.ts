import { join } from 'node:path'
import { ServingError } from '../../src/core/errors.ts'
import type { Case } from './cases.ts'
import { askGrpc } from './grpc-ask.ts'
import { loadGrpc } from './h2load.ts'
import { load, writeScript, type Load } from './load.ts'
import { FOLDER } from './paths.ts'
import { ask } from './question.ts'
import type { RunningServer } from './servers.ts'

/** A way to load one server in one case. */
export interface Loader {
  /** @throws {ServingError} `internal` when a request fails */
  load(seconds: number): Promise<Load>
  /** Asks once more. @throws {ServingError} `internal` when the answer is wrong */
  check(): Promise<void>
}

/**
 * Makes ready to load a server, by wrk or, where it is asked by gRPC, by h2load.
 * @throws {ServingError} `internal` when it does not answer rightly
 */
export async function createLoader(server: RunningServer, which: Case, signal: AbortSignal): Promise<Loader> {
  const { streams, ...rest } = which
  const loader =
    streams === undefined ? httpLoader(server, which, signal) : grpcLoader(server, { ...rest, streams }, signal)
  await loader.check()
  return loader
}

function httpLoader({ name, plan, port }: RunningServer, { rows, connections }: Case, signal: AbortSignal): Loader {
  const exchange = plan.exchanges.get(rows)
  if (exchange === undefined) throw new Error(`${name} has no request of ${rows} rows; this is a bug`)
  const script = join(FOLDER, 'wrk', `${name}-${rows}.lua`)
  writeScript(script, exchange)
  return {
    load: (seconds) => load({ port, path: exchange.path, script }, connections, seconds, signal),
    check: async () => refuse(name, exchange.check(await ask(port, exchange, signal))),
  }
}

function grpcLoader(
  { name, plan, grpcPort: port }: RunningServer,
  { rows, connections, streams }: Required<Case>,
  signal: AbortSignal,
): Loader {
  const exchange = plan.grpcExchanges?.get(rows)
  if (exchange === undefined) throw new Error(`${name} has no message of ${rows} rows; this is a bug`)
  let answerBytes = 0
  return {
    load: (seconds) =>
      loadGrpc(
        { name, port, exchange, answerBytes },
        { connections, streams, seconds },
        join(FOLDER, 'h2load'),
        signal,
      ),
    check: async () => {
      const answer = await askGrpc(port, exchange, signal).catch((error: Error) => {
        if (signal.aborted) throw error
        throw new ServingError('unavailable', `${name} does not answer by gRPC: ${error.message}`, { cause: error })
      })
      refuse(name, exchange.check(answer))
      answerBytes = answer.body.length
    },
  }
}

function refuse(name: string, wrong: string | undefined): void {
  if (wrong !== undefined) throw new ServingError('internal', `${name} answers wrongly: ${wrong}`)
}
