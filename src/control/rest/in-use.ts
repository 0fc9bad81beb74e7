import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { Reader, Stored } from '../store/store.ts'

/** Which endpoint holds on to which version of a model, or to a label of it. */
export interface Use {
  readonly endpoint: string
  readonly version?: number | undefined
  readonly label?: string | undefined
}

/** States in which a rollout still decides who answers. */
export const RUNNING = ['pending', 'loading', 'shifting', 'baking', 'rolling-back'] as const

/** Who uses a model: by the spec of an endpoint, by what it serves, or by a rollout that may bring it back. */
export async function usesOf(tx: Reader, project: string, model: string): Promise<Use[]> {
  const uses: Use[] = []
  const rollouts = await tx.all('rollout', { project, states: RUNNING })
  for (const endpoint of await tx.all('endpoint', { project })) {
    const numbers = revisionsOf(endpoint, rollouts)
    for (const number of numbers) {
      const revision = (await tx.get('revision', project, `${endpoint.name}/${number}`))?.document
      if (revision === undefined) continue
      for (const variant of revision.spec.variants) {
        if (variant.model !== model) continue
        const label = typeof variant.version === 'string' ? variant.version : undefined
        const version =
          revision.resolved[variant.name]?.version ?? (label === undefined ? Number(variant.version) : undefined)
        uses.push({
          endpoint: endpoint.name,
          version,
          label: number === endpoint.document.revision ? label : undefined,
        })
      }
    }
    for (const variant of endpoint.document.variants)
      if (variant.model === model) uses.push({ endpoint: endpoint.name, version: variant.version })
  }
  return uses
}

function revisionsOf({ name, document }: Stored<'endpoint'>, rollouts: readonly Stored<'rollout'>[]): Set<number> {
  const numbers = new Set([document.revision])
  if (document.servedRevision !== undefined) numbers.add(document.servedRevision)
  for (const { document: rollout } of rollouts)
    if (rollout.endpoint === name) {
      numbers.add(rollout.toRevision)
      if (rollout.fromRevision !== undefined) numbers.add(rollout.fromRevision)
    }
  return numbers
}

/** @throws {ServingError} `conflict` (details.reason `in_use`) that names who uses it */
export function refuseInUse(what: string, uses: readonly Use[]): void {
  const endpoints = [...new Set(uses.map(({ endpoint }) => endpoint))]
  if (endpoints.length === 0) return
  const many = endpoints.length === 1 ? 'the endpoint' : 'the endpoints'
  throw new ServingError(
    'conflict',
    `${what} is in use by ${many} ${quoteList(endpoints)}: point ${endpoints.length === 1 ? 'it' : 'them'} elsewhere, or delete ${endpoints.length === 1 ? 'it' : 'them'}, first`,
    { details: { reason: 'in_use', endpoints } },
  )
}

/** How messages name a model. */
export function modelText(model: string, version?: number): string {
  return version === undefined ? `the model ${quote(model)}` : `version ${version} of the model ${quote(model)}`
}
