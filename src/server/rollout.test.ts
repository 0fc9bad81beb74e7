import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { version } from './desired-state.fixture.ts'
import { keyOf, type Models } from './desired-state.ts'
import type { Applied } from './fleet.ts'
import { createRollout } from './rollout.ts'

/** A fleet that writes down what it is told; what cannot be loaded is named. */
function createFakeFleet(unloadable: readonly string[] = [], deadly: readonly string[] = []) {
  const told: string[][] = []
  const known = new Set<string>()
  return {
    told,
    async apply(models: Models, leaving: Models = []): Promise<Applied> {
      told.push([...models.map(show), ...(leaving.length > 0 ? [`without ${leaving.map(keyOf).join()}`] : [])])
      const fresh = models.map(keyOf).filter((key) => !known.has(key))
      for (const key of fresh) if (!unloadable.includes(key)) known.add(key)
      const failed = models
        .filter((model) => fresh.includes(keyOf(model)) && unloadable.includes(keyOf(model)))
        .map(({ name, digest }) => ({ name, digest, failure: { code: 'refused', message: 'no', details: {} } }))
      return { failed, hasDied: fresh.some((key) => deadly.includes(key)) }
    },
  }
}

function show(model: Models[number]): string {
  return `${keyOf(model)}${model.isDefault ? '*' : ''}${model.labels.join()}`
}

describe('a change', () => {
  test('goes by way of states in which old and new stand side by side', async () => {
    const fleet = createFakeFleet()
    const rollout = createRollout(fleet)
    await rollout.begin([version('m', '1', { labels: ['x'] })])
    const failures = await rollout.change([version('m', '2', { labels: ['x'] }), version('n', '1')])
    expect(failures.size).toBe(0)
    expect(fleet.told).toEqual([
      ['m 1*x'],
      ['m 1*x', 'm 2', 'n 1*'],
      ['m 2*x', 'n 1*', 'm 1'],
      ['m 2*x', 'n 1*', 'm 1', 'without m 1'],
      ['m 2*x', 'n 1*'],
    ])
    expect(rollout.current.map(show)).toEqual(['m 2*x', 'n 1*'])
  })

  test('to what is served already is told all the same: a restarted runner may lack some of it', async () => {
    const fleet = createFakeFleet()
    const rollout = createRollout(fleet)
    await rollout.begin([version('m', '1')])
    await rollout.change([version('m', '1')])
    expect(fleet.told).toHaveLength(2)
    expect(fleet.told[1]).toEqual(fleet.told[0])
  })

  test('leaves a model as it was of which one version cannot be loaded, and changes the others', async () => {
    const fleet = createFakeFleet(['m 3'])
    const rollout = createRollout(fleet)
    await rollout.begin([version('m', '1'), version('n', '1')])
    const failures = await rollout.change([
      version('m', '2', { isDefault: false }),
      version('m', '3'),
      version('n', '2'),
    ])
    expect([...failures].map(([name, { code }]) => [name, code])).toEqual([['m', 'refused']])
    expect(rollout.current.map(show)).toEqual(['n 2*', 'm 1*'])
    expect(fleet.told.at(-1)).toEqual(['n 2*', 'm 1*'])
  })

  test('that kills a process is taken back, so that the next process does not load it too', async () => {
    const fleet = createFakeFleet([], ['m 2'])
    const rollout = createRollout(fleet)
    await rollout.begin([version('m', '1')])
    const failures = await rollout.change([version('m', '2')])
    expect(failures.get('m')?.message).toMatch(/died while it loaded/)
    for (const told of fleet.told.slice(2)) expect(told).toEqual(['m 1*'])
  })
})

describe('with workers', () => {
  /** Workers that run everything but what is named. */
  function createFakeWorkers(unstartable: readonly string[]) {
    const retained: string[][] = []
    return {
      retained,
      async provide(models: Models) {
        const bad = models.filter((model) => unstartable.includes(keyOf(model)))
        const failures = new Map(bad.map(({ name }) => [name, new ServingError('refused', 'no')]))
        const good = models.filter((model) => !bad.includes(model))
        return { models: good.map((model) => ({ ...model, replicas: { sockets: ['s'], engines: [] } })), failures }
      },
      retain: (models: Models) => void retained.push(models.map(keyOf)),
    }
  }

  test('runners hear of a version when its workers run, and workers end when no runner needs them', async () => {
    const fleet = createFakeFleet()
    const workers = createFakeWorkers(['n 2'])
    const rollout = createRollout(fleet, workers)
    await rollout.begin([version('m', '1'), version('n', '1')])
    const failures = await rollout.change([version('m', '2'), version('n', '2')])
    expect([...failures.keys()]).toEqual(['n'])
    expect(fleet.told.flat().join()).not.toContain('n 2')
    expect(rollout.current.every(({ replicas }) => replicas !== undefined)).toBe(true)
    expect(workers.retained).toEqual([['m 2', 'n 1']])
  })

  test('that do not start, nothing begins', async () => {
    const fleet = createFakeFleet()
    await expect(createRollout(fleet, createFakeWorkers(['m 1'])).begin([version('m', '1')])).rejects.toThrow('no')
    expect(fleet.told).toEqual([])
  })
})
