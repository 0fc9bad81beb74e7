import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { needs } from '../../test/support/needs.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { sha256Hex } from '../bundle/make.ts'
import { collectLayers } from './contents.ts'
import type { LayerContent } from './layer.ts'
import type { Architecture } from './system.ts'
import { tar } from './tar.ts'

const folder = mkdtempSync(join(tmpdir(), 'slipway-contents-'))
afterAll(() => rmSync(folder, { recursive: true }))
symlinkSync(resolve(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'))
mkdirSync(join(folder, 'dist'))
mkdirSync(join(folder, 'model/weights'), { recursive: true })
const app = { program: join(folder, 'dist/slipway.js'), licences: [join(folder, 'LICENSE')], version: '1.2.3' }
const weights = Buffer.from('weights')
const manifestText = Buffer.from('the manifest')
writeFileSync(app.program, 'the program')
writeFileSync(join(folder, 'LICENSE'), 'the licence')
writeFileSync(join(folder, 'model/slipway.json'), manifestText)
writeFileSync(join(folder, 'model/weights/model.onnx'), weights)
writeFileSync(join(folder, 'model/notes.txt'), 'private')
const model = {
  folder: join(folder, 'model'),
  manifest: {
    files: { 'weights/model.onnx': { sha256: sha256Hex(weights), sizeBytes: weights.byteLength } },
  } as unknown as Manifest,
  sha256: sha256Hex(manifestText),
}
const own = process.arch as Architecture
const other: Architecture = own === 'x64' ? 'arm64' : 'x64'
const pathsOf = (layer: LayerContent | undefined) =>
  layer?.entries.filter(({ kind }) => kind !== 'directory').map(({ path }) => path)
const pack = async (layer: LayerContent | undefined) => buffer(tar(layer?.entries ?? [], new AbortController().signal))

describe.skipIf(!needs('linux'))('the layers of an image', () => {
  test('stand in order, from what changes least to the model', async () => {
    const layers = await collectLayers(app, model, own)
    expect(layers.map(({ name }) => name)).toEqual(['system', 'node', 'engine', 'app', 'model'])
  })

  test('hold the pinned Node and the engine of this processor alone', async () => {
    const [, node, engine] = await collectLayers(app, model, own)
    expect(pathsOf(node)).toEqual(['usr/local/bin/node', 'usr/share/licenses/node/LICENSE'])
    expect(pathsOf(engine)).toContain(
      `app/node_modules/onnxruntime-node/bin/napi-v6/linux/${own}/onnxruntime_binding.node`,
    )
    expect(pathsOf(engine)).toContain('app/node_modules/onnxruntime-common/dist/cjs/index.js')
    expect(pathsOf(engine)).toContain('app/node_modules/onnxruntime-node/LICENSE')
    expect(pathsOf(engine)?.filter((path) => /darwin|win32|\.d\.ts|\.map|\.\.$/.test(path))).toEqual([])
  })

  test('hold the program with its licences, and of the model exactly what its manifest names', async () => {
    const [, , , program, files] = await collectLayers(app, model, own)
    expect(pathsOf(program)).toEqual(['app/LICENSE', 'app/package.json', 'app/slipway.js'])
    expect(pathsOf(files)).toEqual(['opt/slipway/model/slipway.json', 'opt/slipway/model/weights/model.onnx'])
  })

  test('are not packed when a file of the bundle is not what its manifest says', async () => {
    const layers = await collectLayers(app, { ...model, sha256: '0'.repeat(64) }, own)
    await expect(pack(layers[4])).rejects.toMatchObject({ code: 'conflict' })
    const changed = { 'weights/model.onnx': { sha256: '0'.repeat(64), sizeBytes: weights.byteLength } }
    const manifest = { files: changed } as unknown as Manifest
    await expect(pack((await collectLayers(app, { ...model, manifest }, own))[4])).rejects.toMatchObject({
      code: 'conflict',
    })
    expect((await pack((await collectLayers(app, model, own))[4])).includes('weights')).toBe(true)
  })

  test('need the other processor’s Node to be installed', async () => {
    await expect(collectLayers(app, model, other)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(`node-linux-${other}@${process.versions.node}`),
    })
  })
})
