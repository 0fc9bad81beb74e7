import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linearModel } from '../../test/support/models.ts'
import { makeBundle } from '../bundle/make.ts'
import { MANIFEST_FILE } from '../bundle/manifest.ts'
import { openBundle } from '../bundle/open.ts'
import { BundleStore } from '../bundle/store.ts'
import { openOrCompile, type LocatedBundle } from './compile.ts'
import { startDataPlane } from './data-plane.ts'
import { IN_PROCESS_SETTINGS, type DesiredModel } from './settings.ts'

/** `metadata_props` with the key "a": ONNX Runtime takes it twice, we do not. */
const METADATA = Buffer.from([0x72, 0x06, 0x0a, 0x01, 0x61, 0x12, 0x01, 0x62])

let folder: string
let made: LocatedBundle

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-plane-'))
  await writeFile(join(folder, 'linear.onnx'), linearModel())
  made = await openOrCompile(join(folder, 'linear.onnx'), { dataFolder: folder, signal: new AbortController().signal })
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** A bundle whose digests are right and whose graph has these bytes at its end. */
async function modelWith(more: Uint8Array): Promise<DesiredModel> {
  const { manifest, files } = await openBundle(made.folder)
  const graph = Buffer.concat([files.get('model.onnx') ?? new Uint8Array(), more])
  const { files: _, ...parts } = manifest
  const others = [...files].filter(([path]) => path !== MANIFEST_FILE)
  const bundle = makeBundle(parts, new Map([...others, ['model.onnx', graph]]))
  return {
    folder: await new BundleStore(folder).put(bundle),
    digest: bundle.digest,
    name: 'linear',
    labels: [],
    isDefault: true,
  }
}

describe('a bundle from somewhere else', () => {
  test('serves when its graph passes', async () => {
    const plane = await startDataPlane(IN_PROCESS_SETTINGS, [await modelWith(METADATA)])
    expect(plane.model().name).toBe('linear')
    await plane.close()
  })

  test('is refused by our own reading of its graph, whatever its digests say', async () => {
    const models = [await modelWith(Buffer.concat([METADATA, METADATA]))]
    await expect(startDataPlane(IN_PROCESS_SETTINGS, models)).rejects.toMatchObject({ code: 'refused' })
  })
})

test('a bundle that this build wrote is loaded as it lies, once its digests are checked', async () => {
  const ours = { ...(await modelWith(Buffer.concat([METADATA, METADATA]))), isOurs: true }
  const plane = await startDataPlane(IN_PROCESS_SETTINGS, [ours])
  expect(plane.model().name).toBe('linear')
  await plane.close()
  await writeFile(join(ours.folder, 'model.onnx'), 'changed')
  await expect(startDataPlane(IN_PROCESS_SETTINGS, [ours])).rejects.toMatchObject({ code: 'refused' })
})
