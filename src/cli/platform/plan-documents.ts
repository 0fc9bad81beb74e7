import type { Client } from '../../client/client.ts'
import { ServingError } from '../../core/errors.ts'
import type { CommandContext } from '../command.ts'
import { changeSpec } from './change-spec.ts'
import { DOCUMENT_KINDS, type WantedDocument, type WantedEndpoint, type WantedProject } from './documents.ts'
import { tellOtherSignatures } from './other-signatures.ts'
import { planModel, type Moving } from './plan-model.ts'
import { unlessMissing, type Planned } from './planned.ts'

interface Given {
  /** Of documents that name none. */
  readonly project: string
  readonly reason: string | undefined
}

/**
 * What documents would change, in the order in which it is to be done: projects, then models, then endpoints, which may need
 * what comes before them.
 * @throws {ServingError} `invalid_argument` with the place of what is wrong
 */
export async function planDocuments(
  client: Client,
  documents: readonly WantedDocument[],
  given: Given,
  context: CommandContext,
): Promise<readonly Planned[]> {
  const { signal } = context
  const planned: Planned[] = []
  const fresh = new Set<string>()
  const moving = new Map<string, Moving>()
  const seen = new Set<string>()
  const inOrder = documents.toSorted((a, b) => DOCUMENT_KINDS.indexOf(a.kind) - DOCUMENT_KINDS.indexOf(b.kind))
  for (const document of inOrder) {
    const project = document.kind === 'Project' ? document.name : (document.project ?? given.project)
    const id = JSON.stringify([document.kind, project, document.name])
    if (seen.has(id))
      throw new ServingError('invalid_argument', `${document.place} is about ${document.name} once more: say it once`)
    seen.add(id)
    const isFresh = fresh.has(project)
    if (document.kind === 'Project') {
      const plan = await planProject(client, document, signal)
      if (plan.effect === 'create') fresh.add(project)
      planned.push(plan)
    } else if (document.kind === 'Model') {
      const found = await planModel(client, document, { project, isFresh }, context)
      moving.set(JSON.stringify([project, document.name]), found.moving)
      planned.push(found.plan)
    } else {
      const movingOf = (model: string) => moving.get(JSON.stringify([project, model]))
      planned.push(await planEndpoint(client, document, { project, isFresh, movingOf, reason: given.reason }, signal))
    }
  }
  return planned
}

async function planProject(
  client: Client,
  { name, description }: WantedProject,
  signal: AbortSignal,
): Promise<Planned> {
  const found = await unlessMissing(client.call('getProject', { params: { project: name }, signal }))
  const common = { kind: 'Project', project: name, name } as const
  if (found === undefined)
    return {
      ...common,
      effect: 'create',
      summary: 'is made',
      changes: [{ path: 'description', to: description }],
      async apply() {
        await client.call('createProject', { body: { name, description }, signal })
        return undefined
      },
    }
  const isSame = found.description === description
  return {
    ...common,
    effect: isSame ? 'none' : 'settings',
    summary: isSame ? 'nothing changes' : '1 change',
    changes: isSame ? [] : [{ path: 'description', from: found.description, to: description }],
    async apply() {
      const params = { project: name }
      await client.call('updateProject', { params, body: { description }, ifMatch: found.meta, signal })
      return undefined
    },
  }
}

interface EndpointGiven {
  readonly project: string
  /** Whether its project is yet to be made. */
  readonly isFresh: boolean
  /** What happens to the versions of a model before the endpoint is changed. */
  readonly movingOf: (model: string) => Moving | undefined
  readonly reason: string | undefined
}

async function planEndpoint(
  client: Client,
  { name, spec, place }: WantedEndpoint,
  { project, isFresh, movingOf, reason }: EndpointGiven,
  signal: AbortSignal,
): Promise<Planned> {
  const params = { project, endpoint: name }
  const common = { kind: 'Endpoint', project, name } as const
  const apply = (revision: number) => async () =>
    (await changeSpec(client, { ...params, revision, signal }, () => spec, reason ?? 'apply')).revision
  // nothing can be asked about a project that is yet to be made
  if (isFresh)
    return { ...common, effect: 'create', summary: 'is made in the new project', changes: [], apply: apply(0) }
  const current = await unlessMissing(client.call('getEndpoint', { params, signal }))
  const followed = followedChanges(spec, movingOf)
  const { revision = 0 } = current ?? {}
  try {
    const plan = await client.call('planEndpoint', { params, body: { spec }, signal })
    const changes = [...plan.changes, ...followed]
    const warnings = tellOtherSignatures(plan)
    if (followed.length === 0)
      return { ...common, effect: plan.effect, summary: plan.summary, changes, warnings, apply: apply(revision) }
    const effect = current === undefined ? 'create' : 'rollout'
    return { ...common, effect, summary: 'follows its model', changes, apply: apply(revision) }
  } catch (thrown) {
    const error = ServingError.from(thrown)
    // versions and labels that the model's document makes are not there yet
    if (followed.length > 0 && (error.code === 'not_found' || error.code === 'conflict'))
      return {
        ...common,
        effect: current === undefined ? 'create' : 'rollout',
        summary: current === undefined ? 'is made, once its model is' : 'follows its model',
        changes: followed,
        apply: apply(revision),
      }
    if (error.code !== 'invalid_argument' && error.code !== 'not_found') throw error
    throw new ServingError(error.code, `${place}: ${error.message}`, { cause: error, details: error.details })
  }
}

/** What variants will stand for once the documents of their models are applied, where that is something else than now. */
function followedChanges(spec: WantedEndpoint['spec'], movingOf: EndpointGiven['movingOf']): Planned['changes'] {
  if (!Array.isArray(spec.variants)) return [] // the platform says what is wrong with it
  return spec.variants.flatMap(({ name, model, version }, i) => {
    const moving = movingOf(model)
    const number = typeof version === 'string' ? moving?.labels.get(version) : version
    const isMoved = typeof version === 'string' ? number !== undefined : moving?.numbers.has(version) === true
    const called = name ?? (spec.variants.length === 1 ? 'main' : i)
    return isMoved ? [{ path: `variants.${called}.version`, to: `${version} (${model}/${number})` }] : []
  })
}
