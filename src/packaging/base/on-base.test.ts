import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { linkTo, textFile, writeBase } from '../../../test/support/base-image.ts'
import type { BaseOptions } from '../../../test/support/base-image.ts'
import { findTool, needs } from '../../../test/support/needs.ts'
import { makeWheel } from '../../../test/support/wheel.ts'
import { sha256Hex } from '../../bundle/make.ts'
import type { Manifest } from '../../bundle/manifest.ts'
import { writeImage } from '../image.ts'
import { collectSystem } from '../system.ts'
import type { Architecture } from '../system.ts'
import { tar } from '../tar.ts'
import type { TarEntry } from '../tar.ts'
import { openBaseImage } from './base-image.ts'
import { planOnBase } from './on-base.ts'
import type { PackageSource } from './on-base.ts'

const root = resolve(import.meta.dirname, '../../..')
const signal = new AbortController().signal
const architecture = process.arch as Architecture
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-on-base-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const name of ['dist/runner/slipway_runner/__pycache__', 'model', 'wheels'])
    mkdirSync(join(folder, name), { recursive: true })
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  writeFileSync(join(folder, 'dist/slipway.js'), 'the program')
  writeFileSync(join(folder, 'dist/runner/start.py'), 'the runner')
  writeFileSync(join(folder, 'dist/runner/slipway_runner/__pycache__/a.pyc'), 'not this')
  writeFileSync(join(folder, 'model/slipway.json'), 'the manifest')
})
afterEach(() => rmSync(folder, { recursive: true }))

let system: Promise<TarEntry[]> | undefined

/** A base of this machine's libraries, with what is called Python there. */
async function base(entries: readonly TarEntry[] = [], options: BaseOptions = {}) {
  system ??= collectSystem({ architecture, binaries: ['/usr/bin/env'] })
  const python: TarEntry[] = [
    { kind: 'bytes', path: 'usr/local/bin/python3.11', mode: 0o755, bytes: readFileSync('/usr/bin/env') },
    linkTo('usr/local/bin/python3', 'python3.11'),
    textFile('usr/local/lib/python3.11/os.py'),
  ]
  await writeBase(join(folder, 'base'), [[...(await system), ...python, ...entries]], { packing: 'none', ...options })
  return openBaseImage(join(folder, 'base'), undefined)
}

const app = () => ({
  program: join(folder, 'dist/slipway.js'),
  parts: [],
  licences: [],
  version: '1.2.3',
  runner: join(folder, 'dist/runner'),
})
const model = () => ({
  folder: join(folder, 'model'),
  manifest: { name: 'fraud', files: {} } as unknown as Manifest,
  sha256: sha256Hex(Buffer.from('the manifest')),
})

async function plan(python: Partial<PackageSource> | undefined, image = base()) {
  const temporary = mkdtempSync(join(folder, 'temporary-'))
  const source = python && {
    requirements: Buffer.from('greeting'),
    wheels: join(folder, 'wheels'),
    cache: join(folder, 'cache'),
    isPrecompiled: false,
    findPython: () => Promise.reject(new Error('nothing is to be downloaded')),
    env: {},
    ...python,
  }
  return planOnBase({ image: await image, app: app(), model: model(), python: source, folder: temporary, signal })
}

const pathsOf = (entries: readonly TarEntry[] = []) =>
  entries.filter(({ kind }) => kind !== 'directory').map(({ path }) => path)

describe.skipIf(!needs('linux'))('an image that stands on another one', () => {
  test('has an environment with the packages, and the runner beside the program', async () => {
    makeWheel(join(folder, 'wheels'), 'greeting', '1.0')
    const { layers, below, wheels, python } = await plan({})
    const layer = (name: string) => layers.find((one) => one.name === name)?.entries
    expect(layers.map(({ name }) => name)).toEqual(['system', 'node', 'engine', 'app', 'packages', 'model'])
    expect(pathsOf(layer('app'))).toEqual(['app/package.json', 'app/runner/start.py', 'app/slipway.js'])
    const site = 'opt/slipway/python/lib/python3.11/site-packages'
    expect(pathsOf(layer('packages'))).toEqual([
      'opt/slipway/python/bin/python',
      'opt/slipway/python/bin/python3',
      `${site}/greeting-1.0.dist-info/METADATA`,
      `${site}/greeting-1.0.dist-info/RECORD`,
      `${site}/greeting-1.0.dist-info/WHEEL`,
      `${site}/greeting/__init__.py`,
      'opt/slipway/python/pyvenv.cfg',
    ])
    const archive = (await buffer(tar(layer('packages') ?? [], signal))).toString('latin1')
    expect(archive).toContain('home = /usr/local/bin\ninclude-system-site-packages = true\n')
    expect(archive).toContain('/usr/local/bin/python3.11')
    expect(below.env).toEqual(['SLIPWAY_RUNTIME=python', 'SLIPWAY_PYTHON=/opt/slipway/python/bin/python'])
    expect(wheels).toMatchObject([{ name: 'greeting', version: '1.0' }])
    expect(python).toBe('3.11')
  })

  test('uses the Python below as it is where no packages are needed, or it has them all', async () => {
    const none = await plan({ requirements: undefined, wheels: undefined })
    expect(none.below.env).toContain('SLIPWAY_PYTHON=/usr/local/bin/python3')
    expect(none.layers.map(({ name }) => name)).not.toContain('packages')
    rmSync(join(folder, 'base'), { recursive: true })
    const site = 'usr/local/lib/python3.11/site-packages'
    const has = await plan({ wheels: undefined }, base([textFile(`${site}/greeting-1.1.dist-info/METADATA`)]))
    expect(has.below.env).toContain('SLIPWAY_PYTHON=/usr/local/bin/python3')
  })

  test('has all that fits of a folder of wheels where the model names no packages', async () => {
    for (const name of ['greeting', 'helping']) makeWheel(join(folder, 'wheels'), name, '1.0')
    makeWheel(join(folder, 'wheels'), 'other', '1.0', { tag: 'cp310-cp310-manylinux2014_x86_64' })
    const { wheels } = await plan({ requirements: undefined })
    expect(wheels.map(({ name }) => name)).toEqual(['greeting', 'helping'])
  })

  test.skipIf(!needs('python3'))(
    'has its packages compiled beforehand where that is asked for, the same each time',
    async () => {
      const python = findTool('python3') ?? ''
      const { stdout } = spawnSync(python, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], {
        encoding: 'utf8',
      })
      const version = stdout.trim()
      makeWheel(join(folder, 'wheels'), 'greeting', '1.0', {
        files: {
          'greeting/__init__.py': 'print("it ran")\nX = {"a", "b", "c"}\n',
          'greeting/template.py': 'no {{ Python }} !',
        },
      })
      const more = [
        {
          kind: 'bytes' as const,
          path: `opt/own/bin/python${version}`,
          mode: 0o755,
          bytes: readFileSync('/usr/bin/env'),
        },
        linkTo('opt/own/bin/python3', `python${version}`),
        textFile(`opt/own/lib/python${version}/os.py`),
      ]
      const image = base(more, { env: ['PATH=/opt/own/bin'] })
      const source = { isPrecompiled: true, findPython: () => Promise.resolve(python) }
      const archives = []
      for (let i = 0; i < 2; i++) {
        const { layers } = await plan(source, image)
        const entries = layers.find(({ name }) => name === 'packages')?.entries ?? []
        expect(pathsOf(entries).filter((path) => path.endsWith('.pyc'))).toEqual([
          `opt/slipway/python/lib/python${version}/site-packages/greeting/__pycache__/__init__.cpython-${version.replace('.', '')}.pyc`,
        ])
        archives.push(sha256Hex(await buffer(tar(entries, signal))))
      }
      expect(archives[0]).toBe(archives[1])
      const other = version === '3.11' ? '3.12' : '3.11'
      rmSync(join(folder, 'base'), { recursive: true })
      const mismatched = base(
        [
          { kind: 'bytes', path: `opt/own/bin/python${other}`, mode: 0o755, bytes: readFileSync('/usr/bin/env') },
          linkTo('opt/own/bin/python3', `python${other}`),
          textFile(`opt/own/lib/python${other}/os.py`),
        ],
        { env: ['PATH=/opt/own/bin'] },
      )
      await expect(plan(source, mismatched)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining(`it is Python ${version}); name one of that version by --python`),
      })
    },
  )

  test('needs no Python for a compiled model', async () => {
    const { layers, below, python } = await plan(undefined)
    expect(layers.map(({ name }) => name)).toEqual(['system', 'node', 'engine', 'app', 'model'])
    expect(pathsOf(layers[3]?.entries)).not.toContain('app/runner/start.py')
    expect([below.env, python]).toEqual([[], undefined])
  })

  test.each(['none', 'gzip', 'zstd'] as const)('keeps the layers below as they are, packed by %s', async (packing) => {
    const { layers, below } = await plan(undefined, base([], { packing }))
    const before = readdirSync(join(folder, 'base/blobs/sha256'))
    const common = {
      layout: join(folder, 'out'),
      tag: 'v1',
      architecture,
      app: app(),
      model: model(),
      createdSeconds: 0,
      cache: undefined,
      signal,
    }
    const small = layers.filter(({ name }) => name === 'model')
    const image = await writeImage(small, { ...common, base: below })
    const after = readdirSync(join(folder, 'out/blobs/sha256'))
    const kept = below.image.layers[0]?.digest ?? ''
    expect(before).toContain(kept.slice('sha256:'.length))
    expect(after).toContain(kept.slice('sha256:'.length))
    const manifest = JSON.parse(
      readFileSync(join(folder, 'out/blobs/sha256', image.digest.slice('sha256:'.length)), 'utf8'),
    ) as { layers: object[] }
    const type = packing === 'none' ? 'tar' : `tar+${packing}`
    expect(manifest).toMatchObject({
      layers: [
        { digest: kept, mediaType: `application/vnd.oci.image.layer.v1.${type}` },
        { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' },
      ],
      annotations: { 'org.opencontainers.image.base.digest': below.image.digest },
    })
  })

  test('is not made where a layer below is not what its digest says', async () => {
    const { layers, below } = await plan(undefined)
    const digest = below.image.layers[0]?.digest ?? ''
    const path = join(folder, 'base/blobs/sha256', digest.slice('sha256:'.length))
    writeFileSync(path, readFileSync(path).subarray(1))
    const common = {
      layout: join(folder, 'out'),
      tag: 'v1',
      architecture,
      app: app(),
      model: model(),
      createdSeconds: 0,
      cache: undefined,
      signal,
    }
    await expect(writeImage(layers, { ...common, base: below })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('layer 1 of the base image'),
    })
    expect(existsSync(join(folder, 'out'))).toBe(false)
  })

  test('tells what is missing, and the line that brings it', async () => {
    await expect(plan({})).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /no wheel for "greeting" in .*get it: pip download --only-binary :all: --python-version 3\.11 .*'greeting'$/,
      ),
    })
    await expect(plan({ wheels: join(folder, 'none') })).rejects.toMatchObject({ code: 'not_found' })
  })

  test('is refused where a folder of ours would take the place of a link', async () => {
    const linked = base([linkTo('app', 'srv/app'), textFile('srv/app/a')])
    await expect(plan(undefined, linked)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('a symlink at "/app"'),
    })
  })
})
