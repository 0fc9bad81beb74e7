import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { Reader, Stored } from '../store/store.ts'

/** Which endpoint holds on to which version of a model, or to a label of it. */
export interface Use {
  readonly endpoint: string
  readonly version?: number | undefined
  readonly label?: string | undefined
  /** Where nothing but this older revision names it, to which the endpoint may be taken back. */
  readonly olderRevision?: number | undefined
}

/** So many of an endpoint's revisions, the newest among them, can always be gone back to: what they name stays. */
export const REVISIONS_KEPT = 10

/** States in which a rollout still decides who answers. */
export const RUNNING = ['pending', 'loading', 'shifting', 'baking', 'rolling-back'] as const

/** Who uses a model: by the spec of an endpoint, by what it serves, by a rollout or an undo that may bring it back. */
export async function usesOf(tx: Reader, project: string, model: string): Promise<Use[]> {
  const uses: Use[] = []
  const rollouts = await tx.all('rollout', { project, states: RUNNING })
  for (const endpoint of await tx.all('endpoint', { project })) {
    const numbers = revisionsOf(endpoint, rollouts)
    const newest = endpoint.document.revision
    const older = Array.from({ length: REVISIONS_KEPT - 1 }, (_, i) => newest - 1 - i).filter((n) => n > 0)
    for (const number of new Set([...numbers, ...older])) {
      const isOlder = !numbers.has(number)
      const revision = (await tx.get('revision', project, `${endpoint.name}/${number}`))?.document
      if (revision === undefined) continue
      for (const variant of revision.spec.variants) {
        if (variant.model !== model) continue
        const label = typeof variant.version === 'string' ? variant.version : undefined
        const version =
          revision.resolved[variant.name]?.version ?? (label === undefined ? Number(variant.version) : undefined)
        // what never was ready is nothing to go back to
        if (isOlder && revision.resolved[variant.name] === undefined) continue
        uses.push({
          endpoint: endpoint.name,
          version,
          label: number === newest ? label : undefined,
          olderRevision: isOlder ? number : undefined,
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
  const now = uses.filter(({ olderRevision }) => olderRevision === undefined)
  const endpoints = [...new Set((now.length > 0 ? now : uses).map(({ endpoint }) => endpoint))]
  const [first] = uses
  if (first === undefined) return
  if (now.length === 0) {
    const { endpoint, olderRevision: revision } = first
    throw new ServingError(
      'conflict',
      `${what} is in use by revision ${revision} of the endpoint ${quote(endpoint)}, to which \`undo\` can go back: the last ${REVISIONS_KEPT} revisions keep what they name until the endpoint is deleted`,
      { details: { reason: 'in_use', endpoints, endpoint, revision } },
    )
  }
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
