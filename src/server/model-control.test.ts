import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { createChores } from './chores.ts'
import { version } from './desired-state.fixture.ts'
import { keeping, type Models } from './desired-state.ts'
import type { Located } from './locate-models.ts'
import { createModelControl } from './model-control.ts'

interface Place {
  /** What lies where models are found. */
  models: Models
  /** Why a model cannot be read, by name. */
  readonly unread: Map<string, ServingError>
  /** Why a model cannot be loaded, by name. */
  readonly unloadable: Map<string, ServingError>
  /** Why a model cannot be taken out, by name. */
  stuck: ReadonlyMap<string, ServingError>
  /** Whether nothing can be changed. */
  isBroken: boolean
}

function start(models: Models) {
  const place: Place = {
    models,
    unread: new Map(),
    unloadable: new Map(),
    stuck: new Map(),
    isBroken: false,
  }
  const told: string[][] = []
  let current: Models = models
  const rollout = {
    get current() {
      return current
    },
    async change(next: Models) {
      await new Promise((resolve) => setImmediate(resolve))
      if (place.isBroken) throw new ServingError('unavailable', 'nothing can be changed')
      const unloadable = [...place.unloadable].filter(([name]) => next.some((model) => model.name === name))
      const failures = new Map([...place.stuck, ...unloadable])
      current = keeping(current, next, new Set(failures.keys()))
      return failures
    },
  }
  const chores = createChores((work: () => Promise<void>) => work())
  chores.begin()
  const control = createModelControl({
    rollout,
    async locate(served, only): Promise<Located> {
      const found = place.models.filter(({ name }) => (only === undefined || name === only) && !place.unread.has(name))
      const kept = new Map([...place.unread].filter(([name]) => served.some((model) => model.name === name)))
      const failures = [...place.unread.values()]
      return { models: keeping(served, found, new Set(kept.keys())), bundles: [], failures, kept, missing: new Map() }
    },
    onUnloaded: (names) => told.push([...names]),
    perform<T>(work: () => Promise<T>) {
      return new Promise<T>((resolve, reject) => chores.add(() => work().then(resolve, reject)))
    },
  })
  control.wanted({ models, kept: new Map(), missing: new Map() })
  const served = () => current.map(({ name, digest }) => `${name} ${digest}`).toSorted()
  const index = () => control.index().map(({ name, version: found, state }) => `${name} ${found} ${state}`)
  return { place, control, told, served, index }
}

/** Both of them found, in these versions. */
const all = (a: string, b: string) => ({
  models: [version('a', a), version('b', b)],
  kept: new Map(),
  missing: new Map(),
})

const both = [version('a', '1'), version('b', '1', { labels: ['7'] })]

describe('a model', () => {
  test('that could not be read at the start is listed with the reason, until it can be loaded', async () => {
    const { place, control, index } = start([version('a', '1')])
    const error = new ServingError('refused', 'the file "/models/b.onnx" is cut')
    control.wanted({ models: place.models, kept: new Map(), missing: new Map([['b', error]]) })
    expect(control.index()).toEqual([
      expect.objectContaining({ name: 'a', state: 'READY' }),
      { name: 'b', version: '', state: 'UNAVAILABLE', reason: 'failed to load "b": the file "b.onnx" is cut' },
    ])
    place.models = both
    await control.load('b')
    expect(index()).toEqual(['a 1 READY', 'b 7 READY'])
    await control.unload('b')
    expect(index()).toEqual(['a 1 READY', 'b 7 UNAVAILABLE'])
  })

  test('that is unloaded is served no more and still known, until it is loaded again', async () => {
    const { control, told, served, index } = start(both)
    await control.unload('b')
    expect([served(), index(), told]).toEqual([['a 1'], ['a 1 READY', 'b 7 UNAVAILABLE'], [['b']]])
    await control.unload('b')
    await control.load('b')
    expect([served(), index(), told.at(-1)]).toEqual([['a 1', 'b 1'], ['a 1 READY', 'b 7 READY'], []])
  })

  test('that was unloaded stays that when all are looked for again, as far as it is known', async () => {
    const { control, place } = start(both)
    await control.unload('b')
    const names = (models: Models) => models.map(({ name, digest }) => `${name} ${digest}`)
    expect(names(control.wanted(all('2', '2')))).toEqual(['a 2'])
    expect(names(control.known)).toEqual(expect.arrayContaining(['a 1', 'b 2']))
    place.models = [version('b', '3')]
    await control.load('b')
    expect(names(control.wanted(all('2', '3')))).toEqual(['a 2', 'b 3'])
  })

  test('that has changed becomes another version when it is loaded, and no other model does', async () => {
    const { control, place, served } = start(both)
    place.models = [version('a', '2'), version('b', '2'), version('c', '1')]
    await control.load('b')
    expect(served()).toEqual(['a 1', 'b 2'])
    await control.load('c')
    expect(served()).toEqual(['a 1', 'b 2', 'c 1'])
  })

  test.each(['unread', 'unloadable'] as const)(
    'that is %s stays what it was, and who asked is told why without the places of files',
    async (trouble) => {
      const { control, place, served } = start(both)
      place[trouble].set('b', new ServingError('refused', '/home/some body/models/b.onnx: it is broken'))
      await expect(control.load('b')).rejects.toMatchObject({
        code: 'invalid_argument',
        message: 'failed to load "b": b.onnx: it is broken',
      })
      expect(served()).toEqual(['a 1', 'b 1'])
      expect(control.index()[1]).toMatchObject({
        state: 'READY',
        reason: expect.stringContaining('it is broken') as string,
      })
      place[trouble].clear()
      await control.load('b')
      expect(control.index()[1]).toMatchObject({ state: 'READY', reason: '' })
    },
  )

  test('that cannot be loaded stays unloaded', async () => {
    const { control, place, index } = start(both)
    await control.unload('b')
    place.unloadable.set('b', new ServingError('unavailable', 'a process died'))
    await expect(control.load('b')).rejects.toMatchObject({ code: 'unavailable' })
    expect(index()).toEqual(['a 1 READY', 'b 7 UNAVAILABLE'])
    expect(control.index()[1]?.reason).toBe('failed to load "b": a process died')
  })

  test('that is new and broken is said to be broken; one that is nowhere is not found, and not remembered', async () => {
    const { control, place, index } = start(both)
    place.unread.set('c', new ServingError('refused', '/models/c.onnx: it is broken'))
    await expect(control.load('c')).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(control.load('d')).rejects.toMatchObject({ code: 'not_found' })
    await expect(control.unload('d')).rejects.toMatchObject({ code: 'not_found' })
    expect(index()).toEqual(['a 1 READY', 'b 7 READY'])
  })

  test('is said to be what it is for the reason that holds now, whoever had it looked for', async () => {
    const { control, place, index } = start(both)
    const reasons = () => control.index().map(({ reason }) => reason)
    place.unread.set('b', new ServingError('refused', '/models/b.onnx: it is broken'))
    await expect(control.load('b')).rejects.toMatchObject({ code: 'invalid_argument' })
    await control.renew(all('2', '1')) // somebody has mended it
    expect(reasons()).toEqual(['', ''])
    const broken = new Map([['b', new ServingError('refused', '/models/b.onnx: it is broken anew')]])
    await control.renew({ ...all('2', '1'), kept: broken })
    expect(reasons()).toEqual(['', 'failed to load "b": b.onnx: it is broken anew'])
    place.unloadable.set('a', new ServingError('internal', 'it does not load'))
    await control.renew(all('3', '1'))
    expect(reasons()).toEqual(['failed to load "a": it does not load', ''])
    expect(index()).toEqual(['a 2 READY', 'b 1 READY'])
  })

  test.each([
    ['is thrown', (place: Place) => (place.isBroken = true)],
    [
      'is told',
      (place: Place) => void (place.stuck = new Map([['b', new ServingError('unavailable', 'a process died')]])),
    ],
  ])('that cannot be unloaded is served on, and not taken for unloaded (what is wrong %s)', async (_how, spoil) => {
    const { control, place, served, told, index } = start(both)
    spoil(place)
    await expect(control.unload('b')).rejects.toMatchObject({ code: 'unavailable' })
    expect([served(), index()]).toEqual([
      ['a 1', 'b 1'],
      ['a 1 READY', 'b 7 READY'],
    ])
    expect(told.at(-1)).toEqual([])
    expect(control.wanted(all('1', '2')).map(({ name }) => name)).toEqual(['a', 'b'])
    place.isBroken = false
    place.stuck = new Map()
    await control.unload('b')
    expect(served()).toEqual(['a 1'])
  })

  test('is shown while it comes and goes; what is asked for meanwhile is done afterwards', async () => {
    const { control, place, index, served } = start(both)
    place.models = [...both, version('c', '1')]
    const work = [control.unload('b'), control.load('c'), control.load('b')]
    await Promise.resolve()
    expect(index()).toEqual(['a 1 READY', 'b 7 UNLOADING'])
    await work[0]
    while (!index().includes('c  LOADING')) await new Promise((resolve) => setImmediate(resolve))
    await Promise.all(work)
    expect(served()).toEqual(['a 1', 'b 1', 'c 1'])
  })
})
