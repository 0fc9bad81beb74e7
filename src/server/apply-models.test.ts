import { beforeEach, describe, expect, test } from 'vitest'
import type { OpenBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import type { LocalPlane, PlaneLoadOptions } from '../runtime/local-plane.ts'
import { createApplier, type Applier } from './apply-models.ts'
import { version } from './desired-state.fixture.ts'

let done: string[]
let unloadable: string
let applier: Applier

beforeEach(() => {
  done = []
  unloadable = ''
  applier = createApplier(recordingPlane(), async (model) => {
    if (model.digest === unloadable) throw new ServingError('refused', 'no')
    return {
      bundle: { digest: model.digest, files: new Map([['f', new Uint8Array()]]) } as unknown as OpenBundle,
      options: {},
    }
  })
})

/** A plane that writes down what it is asked for: `+` loads, `=` relabels, `-` unloads. */
function recordingPlane(): LocalPlane {
  return {
    load: async ({ digest, files }: OpenBundle, { name, labels, isDefault }: PlaneLoadOptions) => {
      done.push(`${files.size > 0 ? '+' : '='}${name} ${digest}${isDefault === true ? '*' : ''}${labels?.join()}`)
    },
    unload: async (name: string, digest: string) => void done.push(`-${name} ${digest}`),
  } as unknown as LocalPlane
}

async function apply(...models: Parameters<Applier['apply']>[0]) {
  done = []
  const outcomes = await applier.apply(models)
  return outcomes.map(({ digest, error }) => `${digest} ${error?.code ?? 'ok'}`)
}

describe('what a plane is to serve', () => {
  test('is loaded first, shown then, and only then is the rest taken out', async () => {
    expect(await apply(version('m', '1', { labels: ['x'] }))).toEqual(['1 ok'])
    expect(done).toEqual(['+m 1*x'])
    expect(await apply(version('m', '2', { labels: ['x'] }))).toEqual(['2 ok'])
    expect(done).toEqual(['+m 2', '=m 2*x', '-m 1'])
  })

  test('is not touched when it stays as it is', async () => {
    await apply(version('m', '1'))
    expect(await apply(version('m', '1'))).toEqual([])
    expect(done).toEqual([])
  })

  test('has its default loaded first where nothing stands yet', async () => {
    await apply(version('m', '1', { isDefault: false }), version('m', '2'))
    expect(done).toEqual(['+m 2*', '+m 1'])
  })

  test('goes on without what cannot be loaded, which is tried again when it is asked for again', async () => {
    await apply(version('m', '1'))
    unloadable = '2'
    const outcomes = await apply(version('m', '1'), version('m', '2', { isDefault: false }), version('n', '3'))
    expect(outcomes.toSorted()).toEqual(['2 refused', '3 ok'])
    unloadable = ''
    expect(await apply(version('m', '1'), version('m', '2', { isDefault: false }))).toEqual(['2 ok'])
    expect(done).toEqual(['+m 2', '-n 3'])
  })
})
