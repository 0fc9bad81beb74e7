import type { Operations } from '../../runtime/operations.ts'
import type { Protocol } from '../protocol.ts'
import { containerFailure } from './failure.ts'
import { invoke } from './invoke.ts'
import { multiModelRoutes } from './multi-model.ts'
import { readTarget } from './request-headers.ts'

/**
 * SageMaker's container contract for several models in one container. What every container answers, `/ping` and
 * `/invocations`, stands with the protocols that share these paths.
 * @param operations as `multiModelRoutes`
 * @see AWS SageMaker, "Use your own inference code with hosting services"
 */
export function createSagemaker(operations?: Operations): Protocol {
  return {
    name: 'sagemaker',
    routes: [
      ...multiModelRoutes(operations),
      {
        method: 'POST',
        path: '/models/{model}/invoke',
        handle: (request, plane, call, { model }) => invoke(request, plane, call, readTarget(request, plane, model)),
      },
    ],
    failure: containerFailure,
  }
}
