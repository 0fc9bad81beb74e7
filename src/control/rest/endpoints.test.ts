import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_ROLLOUT } from '../../api/resources.ts'
import { bundleOf, testApi, type TestApi } from './api.fixture.ts'

let api: TestApi
beforeAll(async () => {
  const figures = { share: 0, replicas: { desired: 1, ready: 1 }, inFlight: 0, requestsPerSecond: 0 }
  const v2 = { ...figures, errorsPerSecond: 0, rowsPerSecond: 0, model: 'fraud', version: 2, variant: 'v2', shadow }
  api = await testApi({
    traffic: () => ({
      atMs: 0,
      windowMs: 0,
      variants: [
        { endpoint: 'elsewhere', ...v2 },
        { endpoint: name, ...v2 },
      ],
    }),
  })
  await api.addKey('ed', { role: 'editor' })
  await api.addKey('stranger', { role: 'admin', project: 'other' })
  await api.ask('POST', '/api/v1/projects', { key: 'root', body: { name: 'other' } })
  for (let i = 0; i < 5; i++) await api.ask('POST', `${P}/models/fraud/versions`, { key, body: { source: SOURCE } })
  for (const number of [1, 2]) await api.finish('default', `fraud/${number}`)
  const problem = { code: 'refused', message: 'it is no model', details: {} }
  await api.finish('default', 'fraud/4', problem)
})
afterAll(() => api.close())

const P = '/api/v1/projects/default'
const SOURCE = { type: 'url', url: 'https://example.com/m.onnx' }
const key = 'ed'

/** As the runners tell. */
const shadow = { sinceMs: 5, compared: 9, differed: 1, latencyDifferenceMs: -0.25 }

let E = ''
let name = ''
let count = 0
beforeEach(() => {
  name = `e${count++}`
  E = `${P}/endpoints/${name}`
})

const on = (version: number | string, others: object = {}) => ({
  spec: { variants: [{ model: 'fraud', version, ...others }] },
})
const put = (body: unknown, headers = {}) => api.ask('PUT', E, { key, body, headers })
const revision = async (number: number) => (await api.ask('GET', `${E}/revisions/${number}`, { key })).body

describe('an endpoint', () => {
  test('says how its shadows compare, and keeps nothing of that', async () => {
    const variants = [
      { model: 'fraud', version: 1, name: 'v1' },
      { model: 'fraud', version: 2, name: 'v2', weight: 0, shadow: 0.5 },
    ]
    await put({ spec: { variants } })
    await api.store.transact(async (tx) => {
      const stored = await tx.get('endpoint', 'default', name)
      if (stored === undefined) throw new Error('there is no endpoint')
      const status = {
        model: 'fraud',
        digest: '',
        share: 0,
        replicas: { desired: 1, ready: 1 },
        state: 'ready',
      } as const
      const shown = variants.map((variant) => ({ ...status, name: variant.name, version: variant.version }))
      await tx.update('endpoint', 'default', name, stored.etag, { ...stored.document, variants: shown })
    })
    const found = await api.ask('GET', E, { key })
    expect(found.body.variants.map((variant: { shadow?: unknown }) => variant.shadow)).toEqual([undefined, shadow])
    const { body } = await api.ask('GET', `${P}/endpoints?prefix=${name}`, { key })
    expect(JSON.stringify(body)).not.toContain('compared')
  })

  test('is made, changed by revisions, and a change that changes nothing makes none', async () => {
    expect(await put(on(1))).toMatchObject({
      status: 201,
      body: { revision: 1, spec: { variants: [{ name: 'main', weight: 1 }] } },
    })
    expect(await put(on(1))).toMatchObject({ status: 200, body: { revision: 1 } })
    expect(await put(on(2))).toMatchObject({ status: 200, body: { revision: 2 } })
    expect(await revision(2)).toMatchObject({
      by: 'default/ed',
      resolved: { main: { version: 2, digest: bundleOf('fraud/2').digest } },
    })
    const { body } = await api.ask('GET', `${E}/revisions`, { key })
    expect(body.items.map((item: { revision: number }) => item.revision)).toEqual([2, 1])
    const audit = await api.ask('GET', `${P}/audit?limit=2`, { key: 'root' })
    expect(audit.body.items).toMatchObject([
      { resource: `endpoints/${name}`, details: { revision: 2, effect: 'rollout' } },
      { resource: `endpoints/${name}`, details: { revision: 1, effect: 'create' } },
    ])
  })

  test('is changed in parts by a merge patch', async () => {
    await put({ spec: { ...on(1).spec, capture: { sample: 0.5 }, description: 'before' } })
    const patch = { spec: { capture: null, description: 'after', rollout: { strategy: 'canary' } }, reason: 'less' }
    const { status, body } = await api.ask('PATCH', E, { key, body: patch })
    expect(status).toBe(200)
    expect(body.spec).toMatchObject({ description: 'after', rollout: { ...DEFAULT_ROLLOUT, strategy: 'canary' } })
    expect(body.spec).not.toHaveProperty('capture')
    expect((await revision(2)).reason).toBe('less')
    expect((await api.ask('PATCH', E, { key, body: { spec: { owner: 'me' } } })).status).toBe(400)
    expect((await api.ask('PATCH', E, { key, body: { spec: { variants: null } } })).status).toBe(400)
  })

  test('waits for a version that is being made, and is refused one that failed, with why', async () => {
    expect((await put(on(3))).status).toBe(201)
    expect((await revision(1)).resolved).toEqual({})
    const failed = await put(on(4))
    expect(failed).toMatchObject({
      status: 409,
      body: {
        error: { code: 'conflict', details: { reason: 'version_failed', problem: { message: 'it is no model' } } },
      },
    })
    expect(failed.body.error.message).toContain('it is no model')
    expect((await put(on(9))).status).toBe(404)
    expect((await put({ spec: { variants: [{ model: 'nowhere', version: 1 }] } })).status).toBe(404)
  })

  test('cannot name what another project holds', async () => {
    const url = '/api/v1/projects/other/endpoints/thief'
    const answer = await api.ask('PUT', url, { key: 'stranger', body: on(1) })
    expect(answer).toMatchObject({
      status: 404,
      body: { error: { message: 'there is no model "fraud" in the project "other"' } },
    })
    const source = { type: 'upload', upload: 'abc' }
    const upload = await api.ask('POST', `${P}/uploads`, { key, body: { fileName: 'a', sizeBytes: 1 } })
    const stolen = { source: { ...source, upload: upload.body.name } }
    expect(
      (await api.ask('POST', '/api/v1/projects/other/models/m/versions', { key: 'stranger', body: stolen })).status,
    ).toBe(404)
    expect((await api.ask('GET', '/api/v1/projects/other/models', { key: 'stranger' })).body.items).toEqual([])
  })

  test('goes back to an older revision, with the versions of that time', async () => {
    await api.ask('PUT', `${P}/models/fraud/labels/stable`, { key, body: { version: 1 } })
    await put(on('stable'))
    await api.ask('PUT', `${P}/models/fraud/labels/stable`, { key, body: { version: 2 } })
    // the same words stand for another version now
    expect(await put(on('stable'))).toMatchObject({ status: 200, body: { revision: 2 } })
    expect((await revision(2)).resolved.main.version).toBe(2)
    expect((await api.ask('POST', `${E}/undo`, { key })).body).toMatchObject({ revision: 3 })
    expect(await revision(3)).toMatchObject({ reason: 'back to revision 1', resolved: { main: { version: 1 } } })
    expect((await api.ask('POST', `${E}/undo`, { key, body: { revision: 2 } })).body).toMatchObject({ revision: 4 })
    expect((await revision(4)).resolved.main.version).toBe(2)
    expect((await api.ask('POST', `${E}/undo`, { key, body: { revision: 77 } })).status).toBe(404)
  })

  test('has nothing before its first revision', async () => {
    await put(on(1))
    expect(await api.ask('POST', `${E}/undo`, { key })).toMatchObject({
      status: 409,
      body: { error: { details: { reason: 'first_revision' } } },
    })
  })

  test('is paused and resumed by revisions that keep its versions', async () => {
    await put(on(1))
    expect((await api.ask('POST', `${E}/pause`, { key })).body.spec.isPaused).toBe(true)
    expect((await api.ask('POST', `${E}/pause`, { key })).body.revision).toBe(2)
    expect((await api.ask('POST', `${E}/resume`, { key })).body).toMatchObject({
      revision: 3,
      spec: { isPaused: false },
    })
    expect((await revision(3)).resolved.main.version).toBe(1)
  })

  test('is told what a change would do, and nothing is done', async () => {
    const plan = (body: unknown) => api.ask('POST', `${E}/plan`, { key, body })
    expect((await plan(on(3))).body).toMatchObject({
      effect: 'create',
      resolved: { main: { version: 3, state: 'pending' } },
    })
    expect((await api.ask('GET', E, { key })).status).toBe(404)
    await put(on(1))
    expect((await plan(on(1))).body).toMatchObject({ effect: 'none', isNothing: true, changes: [] })
    expect((await plan(on(2))).body).toMatchObject({
      effect: 'rollout',
      changes: [{ path: 'variants.main.version', from: 1, to: 2 }],
    })
    expect((await plan(on(1, { scaling: { minReplicas: 2 } }))).body).toMatchObject({ effect: 'settings' })
    expect((await api.ask('GET', E, { key })).body.revision).toBe(1)
  })

  test('is told which versions take or give something else than what answers', async () => {
    const plan = async (variants: object[]) =>
      (await api.ask('POST', `${E}/plan`, { key, body: { spec: { variants } } })).body.otherSignatures
    const input = { name: 'X', datatype: 'FP32', shape: [-1, 2] }
    const set = (number: number, inputs: object[]) =>
      api.store.transact(async (tx) => {
        const stored = await tx.get('version', 'default', `fraud/${number}`)
        if (stored?.document.bundle === undefined) throw new Error('there is no such version')
        const bundle = { ...stored.document.bundle, signature: { inputs, outputs: [] } }
        await tx.update('version', 'default', `fraud/${number}`, stored.etag, { ...stored.document, bundle })
      })
    await set(1, [input])
    await set(2, [{ ...input, shape: [-1, 3] }])
    const second = { model: 'fraud', version: 2, name: 'b' }
    await put(on(1))
    expect(await plan([second])).toEqual([]) // nothing answers yet
    await api.store.transact(async (tx) => {
      const stored = await tx.get('endpoint', 'default', name)
      if (stored === undefined) throw new Error('there is no endpoint')
      await tx.update('endpoint', 'default', name, stored.etag, { ...stored.document, servedRevision: 1 })
    })
    const differences = ['the input "X" is [-1,3] in place of [-1,2]']
    expect(await plan([second])).toEqual([{ variant: 'b', version: 'fraud/2', than: 'fraud/1', differences }])
    const first = { model: 'fraud', version: 1, name: 'a' }
    expect(await plan([first])).toEqual([])
    expect(await plan([first, { ...second, weight: 0 }])).toEqual([])
    expect(await plan([first, { ...second, weight: 0, shadow: 1 }])).toEqual([])
    expect(await plan([{ ...second, version: 3 }])).toEqual([]) // it is yet to be made
    await set(2, [input])
    expect(await plan([second])).toEqual([])
  })

  test('is made only where it is not there, when that is said', async () => {
    expect((await put(on(1), { 'if-match': '*' })).status).toBe(412)
    expect((await put(on(1), { 'if-none-match': '*' })).status).toBe(201)
    expect((await put(on(2), { 'if-none-match': '*' })).status).toBe(412)
    const { headers } = await api.ask('GET', E, { key })
    expect((await put(on(2), { 'if-match': String(headers['etag']) })).status).toBe(200)
    expect((await put(on(1), { 'if-match': String(headers['etag']) })).status).toBe(412)
  })

  test('that is being deleted takes no change', async () => {
    await put(on(1))
    expect(await api.ask('DELETE', E, { key })).toMatchObject({ status: 202, body: { state: 'deleting' } })
    expect(await api.ask('DELETE', E, { key })).toMatchObject({ status: 202 })
    expect(await put(on(2))).toMatchObject({ status: 409, body: { error: { details: { reason: 'deleting' } } } })
  })

  test.each([
    ['a weight below nothing', [{ model: 'fraud', version: 1, weight: -1 }]],
    ['weights that sum to nothing', [{ model: 'fraud', version: 1, weight: 0 }]],
    ['a weight that is no number', [{ model: 'fraud', version: 1, weight: 'NaN' }]],
    [
      'two of a name',
      [
        { name: 'a', model: 'fraud', version: 1 },
        { name: 'a', model: 'fraud', version: 2 },
      ],
    ],
    ['too many', Array.from({ length: 21 }, (_, i) => ({ name: `v${i}`, model: 'fraud', version: 1 }))],
    ['none', []],
    ['more at least than at most', [{ model: 'fraud', version: 1, scaling: { minReplicas: 3, maxReplicas: 2 } }]],
    ['a million replicas', [{ model: 'fraud', version: 1, scaling: { maxReplicas: 1_000_000 } }]],
    ['a target of nothing', [{ model: 'fraud', version: 1, scaling: { targetInFlight: 0 } }]],
    ['a delay below nothing', [{ model: 'fraud', version: 1, scaling: { downscaleDelayMs: -1 } }]],
    ['a field of ours', [{ model: 'fraud', version: 1, digest: 'a' }]],
  ])('with variants that have %s is refused', async (_what, variants) => {
    expect((await put({ spec: { variants } })).status).toBe(400)
  })
})

describe('what an endpoint uses', () => {
  test('is not deleted, and the refusal names who uses it', async () => {
    const M = `${P}/models/used`
    for (let i = 0; i < 3; i++) await api.ask('POST', `${M}/versions`, { key, body: { source: SOURCE } })
    for (const number of [1, 2, 3]) await api.finish('default', `used/${number}`)
    const label = (version: number, label = 'stable') =>
      api.ask('PUT', `${M}/labels/${label}`, { key, body: { version } })
    await label(1)
    await put({ spec: { variants: [{ model: 'used', version: 'stable' }] } })
    await label(2)
    const inUse = {
      status: 409,
      body: { error: { code: 'conflict', details: { reason: 'in_use', endpoints: [name] } } },
    }
    expect(await api.ask('DELETE', `${M}/versions/1`, { key })).toMatchObject(inUse)
    expect(await api.ask('DELETE', M, { key })).toMatchObject(inUse)
    expect(await api.ask('DELETE', `${M}/labels/stable`, { key })).toMatchObject(inUse)
    expect(await api.ask('DELETE', `${M}/versions/2`, { key })).toMatchObject({
      status: 409,
      body: { error: { details: { label: 'stable' } } },
    })
    expect((await api.ask('DELETE', `${M}/versions/3`, { key })).status).toBe(204)
    // numbers are never given out again
    expect((await api.ask('POST', `${M}/versions`, { key, body: { source: SOURCE } })).body.number).toBe(4)
  })

  test('stays while one of its last ten revisions names it, so that undo finds it', async () => {
    const M = `${P}/models/kept`
    for (let i = 0; i < 3; i++) await api.ask('POST', `${M}/versions`, { key, body: { source: SOURCE } })
    for (const number of [1, 2]) await api.finish('default', `kept/${number}`)
    await api.finish('default', 'kept/3', { code: 'refused', message: 'it is no model', details: {} })
    const use = (version: number, weight = 1) => put({ spec: { variants: [{ model: 'kept', version, weight }] } })
    await use(1)
    await use(2)
    const remove = (version: number) => api.ask('DELETE', `${M}/versions/${version}`, { key })
    const refused = await remove(1)
    expect(refused).toMatchObject({
      status: 409,
      body: { error: { details: { reason: 'in_use', endpoint: name, revision: 1 } } },
    })
    expect(refused.body.error.message).toMatch(
      new RegExp(
        `^version 1 of the model "kept" is in use by revision 1 of the endpoint "${name}", to which .undo. can`,
      ),
    )
    expect((await remove(3)).status).toBe(204)
    for (let i = 2; i < 10; i++) await use(2, i)
    expect((await remove(1)).status).toBe(409)
    await use(2, 10)
    expect((await remove(1)).status).toBe(204)
    const undone = await api.ask('POST', `${E}/undo`, { key, body: { revision: 1 } })
    expect(undone).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict', details: { reason: 'version_gone', revision: 1 } } },
    })
    expect(undone.body.error.message).toMatch(
      /^revision 1 of the endpoint "e\d+" cannot come back: there is no version 1/,
    )
  })

  test('labels move to versions that are ready alone', async () => {
    const label = (version: number, label = 'next') =>
      api.ask('PUT', `${P}/models/fraud/labels/${label}`, { key, body: { version } })
    expect(await label(3)).toMatchObject({
      status: 409,
      body: { error: { details: { reason: 'not_ready', state: 'pending' } } },
    })
    expect((await label(4)).status).toBe(409)
    expect((await label(99)).status).toBe(404)
    expect((await label(2)).body.labels).toMatchObject({ next: 2 })
    for (const bad of ['7', 'a'.repeat(12), 'a b']) expect((await label(2, encodeURIComponent(bad))).status).toBe(400)
    expect((await api.ask('DELETE', `${P}/models/fraud/labels/next`, { key })).body.labels).not.toHaveProperty('next')
    expect((await api.ask('DELETE', `${P}/models/fraud/labels/next`, { key })).status).toBe(404)
  })

  test('a version that is being made is stopped or deleted at any time', async () => {
    const made = await api.ask('POST', `${P}/models/stop/versions`, { key, body: { source: SOURCE } })
    expect(made.body.state).toBe('pending')
    const V = `${P}/models/stop/versions/1`
    expect(await api.ask('POST', `${V}/cancel`, { key })).toMatchObject({ status: 202, body: { isCancelled: true } })
    expect((await api.ask('DELETE', V, { key })).status).toBe(204)
    expect((await api.ask('POST', `${P}/models/fraud/versions/1/cancel`, { key })).status).toBe(409)
  })
})

describe('rollouts', () => {
  test('take wishes while they are under way, and none once they have ended', async () => {
    const document = (name: string, endpoint: string, state: 'baking' | 'promoted') => ({
      project: 'default',
      name,
      endpoint,
      toRevision: 1,
      spec: DEFAULT_ROLLOUT,
      state,
      step: 0,
      share: 0.1,
      decisions: [],
      reason: '',
    })
    await api.store.transact(async (tx) => {
      await tx.insert('rollout', 'default', 'r1', document('r1', 'x', 'baking'))
      await tx.insert('rollout', 'default', 'r2', document('r2', 'x', 'promoted'))
      await tx.insert('rollout', 'default', 'r3', document('r3', 'y', 'baking'))
    })
    expect(await api.ask('POST', `${P}/rollouts/r1/promote`, { key })).toMatchObject({
      status: 202,
      body: { wish: 'promote' },
    })
    expect((await api.ask('POST', `${P}/rollouts/r1/rollback`, { key })).body.wish).toBe('roll-back')
    expect(await api.ask('POST', `${P}/rollouts/r2/cancel`, { key })).toMatchObject({
      status: 409,
      body: { error: { details: { reason: 'ended' } } },
    })
    const list = await api.ask('GET', `${P}/rollouts?endpoint=x&limit=1`, { key })
    const rest = await api.ask('GET', `${P}/rollouts?endpoint=x&cursor=${list.body.cursor}`, { key })
    expect([...list.body.items, ...rest.body.items].map((item: { name: string }) => item.name).toSorted()).toEqual([
      'r1',
      'r2',
    ])
    await api.addKey('onlyx', { role: 'viewer', endpoints: ['x'] })
    expect((await api.ask('GET', `${P}/rollouts`, { key: 'onlyx' })).body.items).toHaveLength(2)
    expect((await api.ask('GET', `${P}/rollouts/r3`, { key: 'onlyx' })).status).toBe(404)
  })
})

describe('events', () => {
  test('of every project are for the platform, and from now on means what comes next', async () => {
    const all = await api.ask('GET', '/api/v1/projects/*/events?limit=1000', { key: 'root' })
    expect(new Set(all.body.items.map((event: { project: string }) => event.project))).toEqual(
      new Set(['default', 'other']),
    )
    expect((await api.ask('GET', '/api/v1/projects/*/events', { key })).status).toBe(403)
    const now = await api.ask('GET', '/api/v1/projects/*/events?after=-1', { key: 'root' })
    expect(now.body).toEqual({ items: [], after: all.body.items.at(-1).seq })
    await put(on(1))
    const next = await api.ask('GET', `${P}/events?after=${now.body.after}`, { key })
    expect(next.body.items).toMatchObject([{ type: 'endpoint-created', name }])
  })
})
