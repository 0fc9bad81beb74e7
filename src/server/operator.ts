import { ServingError } from '../core/errors.ts'
import { log } from './log.ts'
import type { ModelControl } from './model-control.ts'
import type { ObservingSettings } from './observing.ts'
import type { Operation, OperationAnswer, OperationResult } from './operation-messages.ts'

/**
 * Does what runners ask for on behalf of operators; what changes the server stands in its log.
 * @returns answers; it never rejects
 */
export function createOperator(
  models: ModelControl,
  observing: ObservingSettings,
): (operation: Operation) => Promise<OperationAnswer> {
  async function perform(operation: Operation): Promise<OperationResult> {
    switch (operation.kind) {
      case 'index':
        return models.index()
      case 'load':
        await models.load(operation.name)
        log('info', 'a model was loaded', { model: operation.name })
        return undefined
      case 'unload':
        await models.unload(operation.name)
        log('info', 'a model was unloaded', { model: operation.name })
        return undefined
      case 'log':
        return observing.logSettings(operation.change)
      case 'trace':
        return observing.traceSettings(operation.model, operation.change)
    }
  }

  return async (operation) => {
    try {
      return { result: await perform(operation) }
    } catch (thrown) {
      const error = ServingError.from(thrown)
      if (error.code === 'internal') log('error', 'what an operator asked for failed', { operation, error })
      const { code, message, details } = error
      return { failure: { code, message, details } }
    }
  }
}
