import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { findModels } from './repository.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-repository-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

function at(path: string): string {
  return join(folder, path)
}

async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(at(path)), { recursive: true })
    await writeFile(at(path), '')
  }
}

/** What a path stands for, in short: `path name labels`, `*` for defaults. */
async function found(path = folder): Promise<string[]> {
  const { models } = await findModels(path)
  return models.map(({ path: model, name, labels, isDefault }) => {
    const inside = model.slice(folder.length + 1)
    return [inside, name ?? '-', labels.join(','), isDefault ? '*' : ''].join(' ').trimEnd()
  })
}

function refused(code: string, text: string) {
  return expect.objectContaining({ code, message: expect.stringContaining(text) }) as ServingError
}

describe('a path', () => {
  test('is a file or a bundle itself', async () => {
    await put('a.onnx', 'bundle/slipway.json')
    expect(await found(at('a.onnx'))).toEqual(['a.onnx - 1 *'])
    expect(await found(at('bundle'))).toEqual(['bundle - 1 *'])
  })

  test('stands for the models in a folder, and leaves out what people keep beside them', async () => {
    await put('b.onnx', 'a.tar.gz', 'c/slipway.json', 'README', 'README.rst', 'notes.txt', 'card.md', '.hidden/x')
    await symlink(at('b.onnx'), at('d.onnx'))
    expect(await found()).toEqual(['a.tar.gz - 1 *', 'b.onnx - 1 *', 'c - 1 *', 'd.onnx - 1 *'])
  })

  test('is one model where code in TypeScript stands in it, alone, among others and as a version', async () => {
    await put('a.onnx', 'b/predict.ts', 'b/m.onnx', 'c/1/predict.ts', 'c/1/m.onnx')
    expect(await found()).toEqual(['a.onnx - 1 *', 'b - 1 *', 'c/1 c 1 *'])
    await put('predict.mjs')
    expect((await findModels(folder)).models.map(({ path }) => path)).toEqual([folder])
  })

  test('names what is no model, which may be weights', async () => {
    await put('a.onnx', 'a.bin', 'm/1/model.onnx', 'm/1/weights.data', 'm/config.pbtxt', 'src/x.py')
    expect((await findModels(folder)).others).toEqual(
      ['a.bin', 'm/config.pbtxt', 'm/1/weights.data', 'src'].map((path) => at(path)),
    )
  })

  test.each<[string, readonly string[], string, string]>([
    ['nothing', [], 'not_found', 'holds neither a bundle nor a model file'],
    ['prose alone', ['README.md'], 'not_found', 'holds neither a bundle nor a model file'],
  ])('is refused for %s', async (_what, paths, code, text) => {
    await put(...paths)
    await expect(findModels(folder)).rejects.toEqual(refused(code, text))
  })

  test('that does not exist is said so', async () => {
    await expect(findModels(at('nothing'))).rejects.toEqual(refused('not_found', 'there is no file or folder'))
  })
})

describe('a model with versions', () => {
  test('has numbers as labels, the highest as its default, and is named after its folder', async () => {
    await put('m/1/model.onnx', 'm/2/x.tgz', 'm/10/slipway.json', 'm/README.md', 'n/3/bundle/slipway.json')
    expect(await found()).toEqual(['m/1/model.onnx m 1', 'm/10 m 10 *', 'm/2/x.tgz m 2', 'n/3/bundle n 3 *'])
    expect(await found(at('m'))).toHaveLength(3)
  })

  test('has more labels by a file, one of which may name the default', async () => {
    await put('m/1/a.onnx', 'm/2/a.onnx')
    await writeFile(at('m/labels.json'), '{"stable": 1, "old": 1, "canary": "2", "default": "1"}')
    expect(await found()).toEqual(['m/1/a.onnx m 1,stable,old *', 'm/2/a.onnx m 2,canary'])
  })

  test.each<[string, readonly string[], string, string]>([
    ['a version without a model', ['m/1/README.md'], 'refused', 'm/1" holds no model; it takes exactly one'],
    ['a version with two', ['m/1/a.onnx', 'm/1/b.onnx'], 'refused', 'm/1" holds 2 models; it takes exactly one'],
    ['a folder in a version', ['m/1/a.onnx', 'm/1/src/x'], 'refused', 'm/1/src" is no bundle'],
    ['a number that is none', ['m/1/a.onnx', 'm/02/a.onnx'], 'refused', 'm/02" is no version'],
    ['a name that is none', ['a b/1/a.onnx'], 'invalid_argument', '"a b" cannot be a model\'s name'],
  ])('is refused for %s', async (_what, paths, code, text) => {
    await put('good.onnx', ...paths)
    const { models, failures } = await findModels(folder)
    expect(models.map(({ path }) => path)).toEqual([at('good.onnx')])
    expect(failures.map(({ error }) => error)).toEqual([refused(code, text)])
    for (const { path } of failures) await expect(findModels(path)).rejects.toEqual(refused(code, text))
  })

  test.each<[string, string]>([
    ['{', 'is no JSON'],
    ['[1]', 'holds no object'],
    ['{"stable": 3}', '"stable" is "3"; there are the versions "2", "1"'],
    ['{"stable": "one"}', '"stable" is "one"; there are the versions "2", "1"'],
    ['{"stable": "01"}', '"stable" is "01"; there are'],
    ['{"stable": [1]}', '"stable" is "[1]"; there are'],
    ['{"7": 1}', '"7" cannot be a label'],
    ['{"0123456789ab": 1}', '"0123456789ab" cannot be a label'],
    ['{"a/b": 1}', '"a/b" cannot be a label'],
  ])('is refused for the labels %s', async (text, message) => {
    await put('m/1/a.onnx', 'm/2/a.onnx')
    await writeFile(at('m/labels.json'), text)
    await expect(findModels(at('m'))).rejects.toEqual(refused('invalid_argument', message))
  })
})
