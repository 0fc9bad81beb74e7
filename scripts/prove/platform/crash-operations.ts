import { setTimeout as sleep } from 'node:timers/promises'
import type { ServingError } from '../../../src/core/errors.ts'
import { linearModel } from '../../../test/support/models.ts'
import { MODEL } from '../served.ts'
import { tableOf } from './orphans.ts'
import { addVersion, putVersion, type ServedPlatform } from './served-platform.ts'

/** A change, from asking for it until it has come about: what control is killed in the middle of. */
export interface CrashOperation {
  readonly name: string
  /** @param turn counts its runs, over all platforms on one data folder */
  readonly run: (served: ServedPlatform, turn: number) => Promise<void>
  /** Makes what it takes away. */
  readonly prepare?: (served: ServedPlatform, turn: number) => Promise<void>
  /** Takes away what it made. */
  readonly undo?: (served: ServedPlatform, turn: number) => Promise<void>
}

const PROJECT = { project: 'default' }
const BODY = '{"inputs":[{"name":"X","datatype":"FP32","shape":[1,2],"data":[1,1]}]}'
/** Longest that any of them may take, however often control dies (ms). */
const LONGEST_MS = 30_000
/** What is ready answers, if not at once (ms). */
const ANSWER_WITHIN_MS = 5000

export const CRASH_OPERATIONS: readonly CrashOperation[] = [
  {
    name: 'first deploy',
    async run(served, turn) {
      const name = `first-${turn}`
      const { number } = await addVersion(served, linearModel({}, 10 + turn), name)
      await putVersion(served, number, { endpoint: name, model: name, variant: { scaling: { minReplicas: 1 } } })
      await answers(served, name)
    },
    async undo(served, turn) {
      const name = `first-${turn}`
      await deleteEndpoint(served, name)
      await served.platform.client.call('deleteModel', { params: { ...PROJECT, model: name } })
    },
  },
  {
    name: 'canary',
    async run(served, turn) {
      const settled = await putVersion(served, 2 - (turn % 2), { rollout: { strategy: 'canary', step: 0.5 } })
      if (settled.servedRevision !== settled.revision) throw new Error(`it was rolled back: ${settled.reason}`)
    },
  },
  {
    name: 'scale',
    async run(served, turn) {
      const replicas = 2 - (turn % 2)
      const scaling = { minReplicas: replicas, maxReplicas: replicas }
      await putVersion(served, 1, { endpoint: 'scaled', variant: { scaling } })
      await served.platform.reach('scaled', ({ variants: [variant] }) => {
        const { desired, ready } = variant?.replicas ?? {}
        return desired === replicas && ready === replicas
      })
    },
  },
  {
    name: 'label',
    async run(served, turn) {
      const version = 2 - (turn % 2)
      const params = { ...PROJECT, model: MODEL, label: 'stable' }
      await served.platform.client.call('putLabel', { params, body: { version } })
      await until('the label is in the table', LONGEST_MS, async () => {
        const { endpoints } = await tableOf(served.platform)
        const variants = endpoints.flatMap((endpoint) => endpoint.variants).filter(({ model }) => model === MODEL)
        return variants.every(({ labels, number }) => labels.includes('stable') === (number === version))
      })
    },
  },
  {
    name: 'delete',
    prepare: async (served, turn) => {
      const endpoint = `gone-${turn}`
      await putVersion(served, 1, { endpoint, variant: { scaling: { minReplicas: 1 } } })
    },
    async run(served, turn) {
      await deleteEndpoint(served, `gone-${turn}`)
    },
  },
  {
    name: 'key',
    async run(served, turn) {
      const { platform } = served
      const name = `key-${turn}`
      const made = await platform.client.call('createKey', { params: PROJECT, body: { name, role: 'invoker' } })
      const status = async () =>
        (await platform.infer(MODEL, BODY, { authorization: `Bearer ${made.bearer}` }).catch(() => undefined))?.status
      await until('the new key is good', LONGEST_MS, async () => (await status()) === 200)
      await platform.client.call('revokeKey', { params: { ...PROJECT, key: name } })
      await until('the revoked key is no good', LONGEST_MS, async () => (await status()) === 401)
    },
  },
]

/** What all of them need: two versions at one endpoint, and one that is scaled. */
export async function prepareOperations(served: ServedPlatform): Promise<void> {
  const first = await addVersion(served, linearModel({}, 2))
  const second = await addVersion(served, linearModel({}, 3))
  await putVersion(served, first.number)
  await putVersion(served, first.number, { endpoint: 'scaled' })
  const params = { ...PROJECT, model: MODEL, label: 'stable' }
  await served.platform.client.call('putLabel', { params, body: { version: second.number } })
}

async function deleteEndpoint({ platform: { client } }: ServedPlatform, endpoint: string): Promise<void> {
  const params = { ...PROJECT, endpoint }
  await client.call('deleteEndpoint', { params })
  await until('the endpoint is gone', LONGEST_MS, () =>
    client.call('getEndpoint', { params }).then(
      () => false,
      (error: ServingError) => error.code === 'not_found' || Promise.reject(error),
    ),
  )
}

async function answers({ platform }: ServedPlatform, endpoint: string): Promise<void> {
  await until(
    'the endpoint answers',
    ANSWER_WITHIN_MS,
    async () => (await platform.infer(endpoint, BODY)).status === 200,
  )
}

/** @throws {Error} when something does not come about in time */
export async function until(what: string, withinMs: number, is: () => Promise<boolean>): Promise<void> {
  const begunMs = performance.now()
  while (!(await is())) {
    if (performance.now() - begunMs > withinMs)
      throw new Error(`it took longer than ${withinMs / 1000} s until ${what}`)
    await sleep(20)
  }
}
