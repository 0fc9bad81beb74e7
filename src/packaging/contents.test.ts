import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { needs } from '../../test/support/needs.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { sha256Hex } from '../bundle/make.ts'
import { collectLayers } from './contents.ts'
import { readElf } from './elf.ts'
import type { LayerContent } from './layer.ts'
import type { Architecture } from './system.ts'
import { tar } from './tar.ts'

const folder = mkdtempSync(join(tmpdir(), 'slipway-contents-'))
/** A folder with no packages above. */
const bare = mkdtempSync(join(tmpdir(), 'slipway-bare-'))
afterAll(() => [folder, bare].forEach((path) => rmSync(path, { recursive: true })))
const root = resolve(import.meta.dirname, '../..')
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
mkdirSync(join(folder, 'dist'))
mkdirSync(join(folder, 'model/weights'), { recursive: true })
const app = {
  program: join(folder, 'dist/slipway.js'),
  parts: [join(folder, 'dist/serving.js')],
  licences: [join(folder, 'LICENSE')],
  version: '1.2.3',
}
const weights = Buffer.from('weights')
const manifestText = Buffer.from('the manifest')
writeFileSync(app.program, 'the program')
writeFileSync(join(folder, 'dist/serving.js'), 'a part of it')
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
const koffi = `@koromix/koffi-linux-${own}`
interface Pins {
  optionalDependencies: Record<string, string>
}
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
    expect(pathsOf(engine)).toEqual(
      [
        `app/node_modules/${koffi}/LICENSE`,
        `app/node_modules/${koffi}/index.js`,
        `app/node_modules/${koffi}/linux_${own}/koffi.node`,
        `app/node_modules/${koffi}/package.json`,
        'app/node_modules/onnxruntime-node/LICENSE',
        `app/node_modules/onnxruntime-node/bin/napi-v6/linux/${own}/libonnxruntime.so.1`,
        'app/node_modules/onnxruntime-node/package.json',
      ].sort(),
    )
  })

  test('bring every library that Node and the engine name', async () => {
    const layers = await collectLayers(app, model, own)
    const held = new Set(layers.flatMap((layer) => layer.entries.map(({ path }) => basename(path))))
    const files = [layers[1], layers[2]].flatMap((layer) => layer?.entries.filter(({ kind }) => kind === 'file') ?? [])
    const native = files.filter(({ path }) => /(\/node|\.node|\.so\.1)$/.test(path))
    expect(native).toHaveLength(3)
    for (const file of native)
      for (const name of file.kind === 'file' ? (await readElf(file.from)).needed : []) expect(held).toContain(name)
  })

  test('hold the program with its licences, and of the model exactly what its manifest names', async () => {
    const [, , , program, files] = await collectLayers(app, model, own)
    expect(pathsOf(program)).toEqual(['app/LICENSE', 'app/package.json', 'app/serving.js', 'app/slipway.js'])
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

  test('need the other processor’s packages, which one command brings in the versions that ours has', async () => {
    const pins = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Pins).optionalDependencies
    const names = [`node-linux-${other}`, `@koromix/koffi-linux-${other}`]
    const wanted = names.map((name) => `${name}@${pins[name]}`).join(' ')
    await expect(collectLayers(app, model, other)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(`--prefix ${join(folder, 'dist')} ${wanted}"`),
    })
  })

  test.each([
    [koffi, /"npm install .*@koromix\/koffi-linux-.+"/],
    [`node-linux-${own}`, /"npm install .*node-linux-.+"/],
    ['onnxruntime-node', /needs it; install Slipway again,/],
  ])('need %s, and say what brings it', async (missing, remedy) => {
    const program = join(mkdtempSync(join(bare, 'without-')), 'dist/slipway.js')
    for (const name of [koffi, `node-linux-${own}`, 'onnxruntime-node']) {
      if (name === missing) continue
      const place = join(program, '../../node_modules', name)
      mkdirSync(dirname(place), { recursive: true })
      symlinkSync(join(root, 'node_modules', name), place)
    }
    copyFileSync(join(root, 'package.json'), join(program, '../../package.json'))
    await expect(collectLayers({ ...app, program }, model, own)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(remedy),
      details: { package: missing },
    })
  })
})
