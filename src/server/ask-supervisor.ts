import { ServingError, type ErrorCode } from '../core/errors.ts'
import type { Operations, VersionStatistics } from '../runtime/operations.ts'
import type { MetricsSnapshot } from '../telemetry/snapshot.ts'
import { statisticsOf } from '../telemetry/statistics.ts'
import type { Operation, OperationAnswer, OperationResults } from './operation-messages.ts'

/** What a runner does for operators: it counts by itself with the others, and has the supervisor do the rest. */
export interface AskingOperations {
  readonly operations: Operations
  /** Takes the supervisor's answer. */
  receive(id: number, answer: OperationAnswer): void
  /** The supervisor is gone: nobody waits for it any longer. */
  abandon(): void
}

/**
 * @param ask sends a question to the supervisor; false where there is none any more
 * @param collect what all processes have counted; nothing where the supervisor does not say
 */
export function createAskingOperations(
  ask: (id: number, operation: Operation) => boolean,
  collect: () => Promise<readonly Pick<MetricsSnapshot, 'series'>[] | undefined>,
): AskingOperations {
  const waiting = new Map<number, (answer: OperationAnswer) => void>()
  let last = 0

  async function perform<Kind extends Operation['kind']>(
    operation: Extract<Operation, { kind: Kind }>,
  ): Promise<OperationResults[Kind]> {
    const id = ++last
    const answer = await new Promise<OperationAnswer>((resolve) => {
      waiting.set(id, resolve)
      if (!ask(id, operation)) receive(id, GONE)
    })
    if ('failure' in answer) {
      const { code, message, details } = answer.failure
      throw new ServingError(code as ErrorCode, message, { details })
    }
    return answer.result as OperationResults[Kind]
  }

  /** Of all processes or of none: what one has counted is no part of the whole to whoever reads it. */
  async function statistics(): Promise<readonly VersionStatistics[]> {
    const snapshots = await collect()
    if (snapshots !== undefined) return statisticsOf(snapshots)
    throw new ServingError(
      'unavailable',
      'the processes of this server did not say in time what they counted; ask again',
    )
  }

  function receive(id: number, answer: OperationAnswer): void {
    waiting.get(id)?.(answer)
    waiting.delete(id)
  }

  return {
    operations: {
      canControl: true,
      statistics,
      index: () => perform<'index'>({ kind: 'index' }),
      load: (name) => perform<'load'>({ kind: 'load', name }),
      unload: (name) => perform<'unload'>({ kind: 'unload', name }),
      logSettings: (change) => perform<'log'>({ kind: 'log', change }),
      traceSettings: (model, change) => perform<'trace'>({ kind: 'trace', model, change }),
    },
    receive,
    abandon() {
      for (const id of waiting.keys()) receive(id, GONE)
    },
  }
}

const GONE: OperationAnswer = {
  failure: { code: 'unavailable', message: 'the server is ending', details: {} },
}
