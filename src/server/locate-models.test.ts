import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { externalModel, linearModel } from '../../test/support/models.ts'
import { keyOf, type Models } from './desired-state.ts'
import { locateModels, type LocateOptions } from './locate-models.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-locate-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function put(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), bytes)
}

function locate(paths: readonly string[], served?: Models, options: Partial<LocateOptions> = {}) {
  return locateModels(
    paths.map((path) => join(folder, path)),
    {
      dataFolder: join(folder, 'data'),
      name: undefined,
      signal: new AbortController().signal,
      plan: () => ({}),
      ...options,
    },
    served,
  )
}

function show({ models }: { models: Models }): string[] {
  return models.map(({ name, labels, isDefault }) => `${name}${isDefault ? '*' : ''} ${labels.join()}`)
}

test('two numbers of one content are one version, and weights beside a model are no strangers', async () => {
  const { model, weights } = externalModel()
  await put('a/m/1/model.onnx', linearModel())
  await put('a/m/2/model.onnx', linearModel())
  await put('a/m/3/model.onnx', linearModel({}, 3))
  await put('a/x.onnx', model)
  await put('a/weights.bin', weights)
  expect(show(await locate(['a']))).toEqual(['m 1,2', 'm* 3', 'x* 1'])
  await put('a/sales.csv', '1')
  const warned: string[] = []
  await locate(['a'], undefined, { onWarning: (path, text) => warned.push(`${basename(path)}: ${text}`) })
  expect(warned).toEqual(['sales.csv: not served: neither a model nor the weights of one'])
})

test('what fails stays as it was served, and the rest is found', async () => {
  await put('b/m.onnx', linearModel())
  await put('b/gone.onnx', linearModel({}, 3))
  await put('b/v/1/model.onnx', linearModel())
  await put('b/v/2/model.onnx', linearModel({}, 3))
  const { models: served } = await locate(['b'])
  await put('b/m.onnx', 'no model')
  await rm(join(folder, 'b/gone.onnx'))
  await put('b/v/3/model.onnx', 'no model')
  await put('b/new.onnx', linearModel())
  const { models, failures } = await locate(['b'], served)
  const kept = served.filter(({ name }) => name === 'm' || name === 'v')
  expect(models.map(keyOf)).toEqual([expect.stringMatching(/^new /), ...kept.map(keyOf)])
  expect(failures.map(({ message }) => /[mv](?:\/3\/model)?\.onnx/.exec(message)?.[0])).toEqual([
    'm.onnx',
    'v/3/model.onnx',
  ])
  await rm(join(folder, 'b'), { recursive: true })
  const gone = await locate(['b'], served)
  expect(gone.models).toEqual(served)
  expect(gone.failures).toHaveLength(1)
})

test('at the start one that cannot be read, with all its versions, is left out of a folder, and refused where it is named', async () => {
  await put('start/good.onnx', linearModel())
  await put('start/bad.onnx', 'no model')
  await put('start/v/1/model.onnx', linearModel())
  await put('start/v/2/model.onnx', 'no model')
  await put('start/labelled/1/model.onnx', linearModel())
  await put('start/labelled/labels.json', '{')
  const found = await locate(['start'])
  expect(show(found)).toEqual(['good* 1'])
  expect([...found.missing.keys()].toSorted()).toEqual(['bad', 'labelled', 'v'])
  expect(found.failures).toHaveLength(3)
  for (const path of ['bad.onnx', 'v', 'labelled'])
    await expect(locate([`start/${path}`, 'start/good.onnx'])).rejects.toMatchObject({ name: 'ServingError' })
  await rm(join(folder, 'start/good.onnx'))
  await expect(locate(['start'])).rejects.toThrow(/labels\.json" is no JSON/)
  await expect(locate(['start', 'nothing'])).rejects.toThrow(/there is no file or folder/)
})

test('broken labels leave their model as it was, and take no other with them', async () => {
  await put('labels/m/1/model.onnx', linearModel())
  const { models: served } = await locate(['labels'])
  await put('labels/m/labels.json', '{"stable": 2}')
  await put('labels/new.onnx', linearModel({}, 3))
  const again = await locate(['labels'], served)
  expect(show(again)).toEqual(['new* 1', 'm* 1'])
  expect([[...again.kept.keys()], [...again.missing.keys()]]).toEqual([['m'], []])
  expect(again.failures.map(({ message }) => message)).toEqual([
    expect.stringMatching(/labels\.json": "stable" is "2"/),
  ])
  const only = await locate(['labels'], served, { only: 'm' })
  expect([...only.kept.keys()]).toEqual(['m'])
  expect((await locate(['labels'], served, { only: 'new' })).failures).toEqual([])
})

test('two models of one name are refused, and a name for more than one model', async () => {
  await put('c/m.onnx', linearModel())
  await put('d/m.onnx', linearModel())
  await expect(locate(['c', 'd'])).rejects.toThrow(/two models are called "m"/)
  await expect(locate(['c', 'c'])).rejects.toThrow(/two models are called "m"/)
  await expect(locate(['c', 'd'], undefined, { name: 'x' })).rejects.toThrow(/--name names one model, and there are 2/)
  expect(show(await locate(['c'], undefined, { name: 'x' }))).toEqual(['x* 1'])
})

test('one model alone is looked for anew; what is known to be another is not even read', async () => {
  await put('only/m.onnx', linearModel())
  await put('only/v/1/model.onnx', linearModel())
  await put('only/other.onnx', linearModel({}, 4))
  const { models: served } = await locate(['only'])
  await put('only/m.onnx', linearModel({}, 7))
  await put('only/other.onnx', 'broken')
  await put('only/fresh.onnx', linearModel({}, 8))
  const again = await locate(['only'], served, { only: 'm' })
  expect(again.failures).toEqual([])
  const digestOf = (models: Models, name: string) => models.find((model) => model.name === name)?.digest
  expect(digestOf(again.models, 'm')).not.toBe(digestOf(served, 'm'))
  expect(digestOf(again.models, 'v')).toBeUndefined()
  expect(show(await locate(['only'], served, { only: 'fresh' }))).toEqual(['fresh* 1'])
  await put('only/m.onnx', 'broken')
  const failed = await locate(['only'], served, { only: 'm' })
  expect([...failed.kept.keys()]).toEqual(['m'])
  expect(digestOf(failed.models, 'm')).toBe(digestOf(served, 'm'))
})
