import type { EndpointPlan } from '../../api/api-types.ts'
import { ServingError } from '../../core/errors.ts'

/** What a plan says of variants that break today's callers, a sentence each. */
export function tellOtherSignatures(plan: Pick<EndpointPlan, 'otherSignatures'>): readonly string[] {
  return plan.otherSignatures.map(({ variant, version, than, differences }) => {
    const shown = differences.slice(0, MOST_SHOWN).join('; ')
    const more = differences.length - MOST_SHOWN
    return `variant ${variant} (${version}) does not take or give what ${than} does, which answers: ${shown}${more > 0 ? `; and ${more} more` : ''}`
  })
}

const MOST_SHOWN = 6

/**
 * Refuses a deployment that breaks the callers of an endpoint that answers.
 * @throws {ServingError} `conflict` (details.reason `other_signature`)
 */
export function refuseOtherSignatures(
  plan: Pick<EndpointPlan, 'otherSignatures'>,
  { endpoint, model, version }: { readonly endpoint: string; readonly model: string; readonly version: number },
): void {
  const [told] = tellOtherSignatures(plan)
  if (told === undefined) return
  throw new ServingError(
    'conflict',
    `${told}. Callers of ${endpoint} would fail, so it goes on as it was, and ${model}/${version} is ready beside it: say --allow-other-signature if that is meant, or deploy it to an endpoint of its own`,
    { details: { reason: 'other_signature', endpoint, otherSignatures: plan.otherSignatures } },
  )
}
