import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../bundle/manifest.ts'
import { imageConfig, writeImage } from './image.ts'
import type { BaseBelow, ImageOptions } from './image.ts'
import type { LayerContent } from './layer.ts'
import { arrange } from './tar.ts'

const folder = mkdtempSync(join(tmpdir(), 'slipway-image-'))
afterAll(() => rmSync(folder, { recursive: true }))

const layer = (name: string, path: string): LayerContent => ({
  name,
  entries: arrange([{ kind: 'bytes', path, mode: 0o644, bytes: Buffer.from(`${name} of ${path}`) }]),
})
const contents = [layer('system', 'etc/passwd'), layer('model', 'opt/slipway/model/slipway.json')]

const options = (layout: string, more: Partial<ImageOptions> = {}): ImageOptions => ({
  layout: join(folder, layout),
  tag: 'latest',
  architecture: 'x64',
  app: { program: '/nowhere/slipway.js', parts: [], licences: [], version: '1.2.3' },
  model: { folder: '/nowhere', manifest: { name: 'fraud' } as Manifest, sha256: 'ab'.repeat(32) },
  createdSeconds: 0,
  cache: undefined,
  signal: new AbortController().signal,
  ...more,
})

const filesOf = (layout: string) =>
  Object.fromEntries(
    readdirSync(join(folder, layout), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'hex')]),
  )
const blob = (layout: string, digest: string) => readFileSync(join(folder, layout, 'blobs/sha256', digest.slice(7)))
const parse = (bytes: Buffer): unknown => JSON.parse(bytes.toString())
const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

interface Pointer {
  mediaType: string
  digest: string
  size: number
}

describe('a layout', () => {
  test('is the same to the byte each time, with a cache and without', async () => {
    await writeImage(contents, options('first'))
    await writeImage(contents, options('second', { cache: join(folder, 'cache') }))
    await writeImage(contents, options('third', { cache: join(folder, 'cache') }))
    expect(filesOf('second')).toEqual(filesOf('first'))
    expect(filesOf('third')).toEqual(filesOf('first'))
  })

  test('has a tag that points to a manifest, not to an index', async () => {
    const image = await writeImage(contents, options('pointed'))
    const index = parse(readFileSync(join(folder, 'pointed/index.json'))) as { manifests: Pointer[] }
    expect(index.manifests).toHaveLength(1)
    expect(index.manifests[0]).toMatchObject({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: image.digest,
      annotations: { 'org.opencontainers.image.ref.name': 'latest' },
    })
  })

  test('names every blob by its true digest and size, and has no other', async () => {
    const image = await writeImage(contents, options('whole'))
    const manifest = parse(blob('whole', image.digest)) as { config: Pointer; layers: Pointer[] }
    const pointers = [manifest.config, ...manifest.layers]
    for (const { digest, size } of pointers) {
      expect(sha256(blob('whole', digest))).toBe(digest)
      expect(blob('whole', digest)).toHaveLength(size)
    }
    const known = [image.digest, ...pointers.map(({ digest }) => digest)].map((digest) => digest.slice(7))
    expect(readdirSync(join(folder, 'whole/blobs/sha256')).sort()).toEqual(known.sort())
    expect(image.sizeBytes).toBe(
      pointers.reduce((sum, { size }) => sum + size, 0) + blob('whole', image.digest).byteLength,
    )
  })

  test('tells in its configuration the digest of each layer before compression', async () => {
    const image = await writeImage(contents, options('unpacked'))
    const manifest = parse(blob('unpacked', image.digest)) as { config: Pointer; layers: Pointer[] }
    const config = parse(blob('unpacked', manifest.config.digest)) as {
      rootfs: { diff_ids: string[] }
      history: unknown[]
    }
    expect(config.rootfs.diff_ids).toEqual(
      manifest.layers.map(({ digest }) => sha256(gunzipSync(blob('unpacked', digest)))),
    )
    expect(config.history).toHaveLength(2)
  })

  test('is not there when the work was stopped', async () => {
    const stopped = options('stopped', { signal: AbortSignal.abort() })
    await expect(writeImage(contents, stopped)).rejects.toMatchObject({ name: 'AbortError' })
    expect(readdirSync(folder).filter((name) => name.includes('stopped'))).toEqual([])
  })
})

describe('an image on another one', () => {
  const base: BaseBelow = {
    image: {
      name: 'base',
      architecture: 'x64',
      digest: `sha256:${'cd'.repeat(32)}`,
      config: {
        env: ['PATH=/opt/conda/bin', 'LANG=C.UTF-8', 'HOME=/root', 'SLIPWAY_HOST=127.0.0.1'],
        labels: { 'org.example': 'yes', 'slipway.version': 'another' },
        history: [{ created_by: 'a step', empty_layer: true }, { created_by: 'another' }],
      },
      layers: [
        { packing: 'none', digest: undefined, diffId: '', open: () => Promise.reject(new Error('it is not opened')) },
      ],
    },
    unpackedBytes: [1],
    env: ['SLIPWAY_RUNTIME=python'],
  }
  const below = { name: 'base 1', digest: '', diffId: 'sha256:below', sizeBytes: 1, unpackedBytes: 1 }
  const { config, history } = imageConfig(options('unused', { base }), [below, { ...below, name: 'model' }])

  test('keeps its variables, PATH among them, but those that ours needs', () => {
    expect(config.Env.slice(0, 2)).toEqual(['PATH=/opt/conda/bin', 'LANG=C.UTF-8'])
    expect(config.Env).toContain('HOME=/tmp')
    expect(config.Env).toContain('SLIPWAY_RUNTIME=python')
    expect(config.Env.filter((one) => one.startsWith('SLIPWAY_HOST='))).toEqual(['SLIPWAY_HOST=0.0.0.0'])
  })

  test('keeps its labels and history, and adds its own', () => {
    expect(config.Labels).toMatchObject({
      'org.example': 'yes',
      'slipway.version': '1.2.3',
      'slipway.model.name': 'fraud',
    })
    expect(history).toEqual([
      { created_by: 'a step', empty_layer: true },
      { created_by: 'another' },
      { created: '1970-01-01T00:00:00Z', created_by: 'slipway package: model' },
    ])
  })
})

describe('an image', () => {
  const config = imageConfig(options('unused', { architecture: 'arm64', createdSeconds: 86_400 }), [])

  test('runs the server as a user without rights, on the port that platforms expect', () => {
    expect(config.config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/usr/local/bin/node', '/app/slipway.js'],
      Cmd: ['serve'],
      ExposedPorts: { '8080/tcp': {} },
      StopSignal: 'SIGTERM',
    })
    expect(config.config.Env).toContain('SLIPWAY_MODEL=/opt/slipway/model')
    expect(config.config.Env).toContain('SLIPWAY_HOST=0.0.0.0')
  })

  test('names its processor and time in the words of images', () => {
    expect(config).toMatchObject({ architecture: 'arm64', os: 'linux', created: '1970-01-02T00:00:00Z' })
  })

  test('says which model it serves, and that SageMaker may choose its port', () => {
    expect(config.config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'fraud',
      'slipway.model.digest': `sha256:${'ab'.repeat(32)}`,
      'slipway.version': '1.2.3',
      'com.amazonaws.sagemaker.capabilities.accept-bind-to-port': 'true',
    })
  })
})
