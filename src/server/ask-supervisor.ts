import { ServingError, type ErrorCode } from '../core/errors.ts'
import type { Operations } from '../runtime/operations.ts'
import type { MetricsSnapshot } from '../telemetry/snapshot.ts'
import { statisticsOf } from '../telemetry/statistics.ts'
import type { Operation, OperationAnswer, OperationResults } from './operation-messages.ts'

/** What a runner does for operators: it counts by itself with the others, and has the supervisor do the rest. */
export interface AskingOperations {
  readonly operations: Operations
  /** Takes the supervisor's answer. */
  receive(id: number, answer: OperationAnswer): void
}

/**
 * @param ask sends a question to the supervisor
 * @param collect what all processes have counted
 */
export function createAskingOperations(
  ask: (id: number, operation: Operation) => void,
  collect: () => Promise<readonly MetricsSnapshot[]>,
): AskingOperations {
  const waiting = new Map<number, (answer: OperationAnswer) => void>()
  let last = 0

  async function perform<Kind extends Operation['kind']>(
    operation: Extract<Operation, { kind: Kind }>,
  ): Promise<OperationResults[Kind]> {
    const id = ++last
    const answer = await new Promise<OperationAnswer>((resolve) => {
      waiting.set(id, resolve)
      ask(id, operation)
    })
    if ('failure' in answer) {
      const { code, message, details } = answer.failure
      throw new ServingError(code as ErrorCode, message, { details })
    }
    return answer.result as OperationResults[Kind]
  }

  return {
    operations: {
      canControl: true,
      statistics: async () => statisticsOf(await collect()),
      index: () => perform<'index'>({ kind: 'index' }),
      load: (name) => perform<'load'>({ kind: 'load', name }),
      unload: (name) => perform<'unload'>({ kind: 'unload', name }),
      logSettings: (change) => perform<'log'>({ kind: 'log', change }),
      traceSettings: (model, change) => perform<'trace'>({ kind: 'trace', model, change }),
    },
    receive(id, answer) {
      waiting.get(id)?.(answer)
      waiting.delete(id)
    },
  }
}
