import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { linkTo, textFile, writeBase } from '../../../test/support/base-image.ts'
import type { BaseOptions } from '../../../test/support/base-image.ts'
import { needs } from '../../../test/support/needs.ts'
import type { Architecture } from '../system.ts'
import type { TarEntry } from '../tar.ts'
import { openBaseImage } from './base-image.ts'
import { findBasePython } from './base-python.ts'
import { extract, readBaseTree } from './base-tree.ts'

let folder: string
let layout: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-base-'))
  layout = join(folder, 'layout')
})
afterEach(() => rmSync(folder, { recursive: true }))

const own = process.arch as Architecture
const other: Architecture = own === 'x64' ? 'arm64' : 'x64'
const words = { x64: 'amd64', arm64: 'arm64' }
const signal = new AbortController().signal

async function open(layers: readonly (readonly TarEntry[] | Buffer)[], options: BaseOptions = {}) {
  await writeBase(layout, layers, options)
  const image = await openBaseImage(layout, undefined)
  return { image, tree: await readBaseTree(image, { signal }) }
}

async function read(layers: readonly (readonly TarEntry[] | Buffer)[], path: string, options: BaseOptions = {}) {
  const { image, tree } = await open(layers, options)
  const found = tree.find(path)
  if (found === undefined) return undefined
  const out = join(folder, 'out')
  mkdirSync(out)
  return readFileSync((await extract(image, [found], out, { signal })).get(found.path) ?? '', 'utf8')
}

describe('the files of a base image', () => {
  test.each(['none', 'gzip', 'zstd'] as const)('are read from layers packed by %s', async (packing) => {
    expect(await read([[textFile('etc/a', 'below')], [textFile('etc/b', 'above')]], '/etc/b', { packing })).toBe(
      'above',
    )
  })

  test('are those of the highest layer that has them', async () => {
    expect(await read([[textFile('etc/a', 'below')], [textFile('etc/a', 'above')]], '/etc/a')).toBe('above')
  })

  test('are gone where a later layer removes them, alone or with their folder', async () => {
    const below = ['a/one', 'a/two', 'b/one', 'c/one', 'c/deep/two'].map((path) => textFile(path))
    const { tree } = await open([
      below,
      [textFile('a/.wh.one'), textFile('.wh.b'), textFile('c/.wh..wh..opq'), textFile('c/new')],
    ])
    const paths = ['a/one', 'a/two', 'b', 'b/one', 'c/one', 'c/deep/two', 'c/new']
    expect(paths.filter((path) => tree.find(path) !== undefined)).toEqual(['a/two', 'c/new'])
  })

  test('are found through links, within the image alone and never in circles', async () => {
    const { tree } = await open([
      [
        textFile('usr/lib/x/real.so'),
        linkTo('lib', 'usr/lib'),
        linkTo('usr/lib/x/link.so', '../../../lib/x/real.so'),
        linkTo('usr/lib/absolute', '/usr/lib/x'),
        linkTo('out', '../../../../../../usr/lib/x/real.so'),
        linkTo('round', 'about'),
        linkTo('about', 'round'),
      ],
      [textFile('lib2', '')],
    ])
    for (const path of ['/lib/x/link.so', '/lib/absolute/link.so', '/out'])
      expect(tree.find(path)?.path, path).toBe('/usr/lib/x/real.so')
    expect(tree.find('/round')).toBeUndefined()
    expect(tree.look('/lib')?.kind).toBe('symlink')
  })

  test.skipIf(!needs('tar'))('are read as GNU tar writes them: long names, links to files, both formats', async () => {
    const from = join(folder, 'from')
    const deep = `d/${'long-name-'.repeat(12)}/${'file-'.repeat(24)}`
    mkdirSync(join(from, deep, '..'), { recursive: true })
    writeFileSync(join(from, deep), 'deep')
    writeFileSync(join(from, 'größe'), 'wide')
    symlinkSync(deep, join(from, 'link'))
    execFileSync('ln', [join(from, deep), join(from, 'z-hard')])
    for (const format of ['gnu', 'pax', 'ustar']) {
      const archive = join(folder, `${format}.tar`)
      if (format === 'ustar') {
        rmSync(join(from, 'd'), { recursive: true })
        rmSync(join(from, 'z-hard'))
        cpSync(join(from, 'größe'), join(from, 'x'))
        rmSync(join(from, 'link'))
      }
      execFileSync('tar', [`--format=${format}`, '-cf', archive, '-C', from, '.'])
      layout = join(folder, `layout-${format}`)
      rmSync(join(folder, 'out'), { recursive: true, force: true })
      expect(await read([readFileSync(archive)], format === 'ustar' ? '/größe' : '/link'), format).toBe(
        format === 'ustar' ? 'wide' : 'deep',
      )
      rmSync(join(folder, 'out'), { recursive: true })
      layout = join(folder, `layout-${format}-2`)
      if (format !== 'ustar') expect(await read([readFileSync(archive)], '/z-hard'), format).toBe('deep')
    }
  })

  test('are not read where a layer is not what its digest says', async () => {
    await writeBase(layout, [[textFile('a')]], { diffIds: [`sha256:${'0'.repeat(64)}`] })
    const image = await openBaseImage(layout, undefined)
    await expect(readBaseTree(image, { signal })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('its layer 1 has another digest'),
    })
  })

  test('are refused in words where any byte of a layer is damaged', async () => {
    const archive = join(folder, 'a.tar')
    mkdirSync(join(folder, 'from'))
    writeFileSync(join(folder, 'from', 'file'), 'some bytes')
    execFileSync('tar', ['-cf', archive, '-C', join(folder, 'from'), '.'])
    const whole = readFileSync(archive)
    for (let i = 0; i < 1600; i += 41) {
      const bytes = Buffer.from(whole)
      bytes[i] = (bytes[i] ?? 0) ^ 0x3c
      layout = join(folder, `damaged-${i}`)
      const outcome = await open([bytes]).then(
        () => 'read', // digests are those of the damaged archive here: what is read may be another file
        (error: { code?: string; message: string }) => error.code ?? error.message,
      )
      expect(['read', 'refused']).toContain(outcome)
    }
    layout = join(folder, 'short')
    await expect(open([whole.subarray(0, 700)])).rejects.toMatchObject({ code: 'refused' })
  })
})

describe('a base image', () => {
  const layers = [[textFile('a')]]

  test('is chosen by its tag, or by the processor where there are several', async () => {
    await writeBase(layout, layers, { tag: '3.11' })
    await writeBase(layout, layers, { tag: '3.12', env: ['PATH=/x'] })
    expect((await openBaseImage(`${layout}:3.12`, undefined)).config.env).toEqual(['PATH=/x'])
    expect((await openBaseImage(`oci:${layout}:3.12`, undefined)).config.env).toEqual(['PATH=/x'])
    await expect(openBaseImage(layout, undefined)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(`--base ${layout}:TAG`),
    })
    await expect(openBaseImage(`${layout}:3.13`, undefined)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('"3.11"'),
    })
    await writeBase(layout, layers, { tag: '3.12', architecture: words[other] })
    expect((await openBaseImage(layout, other)).architecture).toBe(other)
    expect((await openBaseImage(layout, own)).architecture).toBe(own)
  })

  test.each([
    ['another processor', { architecture: words[other] }, own, /is for .*, and --arch says/],
    ['a processor that nobody has', { architecture: 's390x' }, undefined, /linux\/s390x/],
    ['another system', { os: 'windows' }, undefined, /windows/],
  ])('for %s is refused by name', async (_word, options, wanted, message) => {
    await writeBase(layout, layers, options)
    await expect(openBaseImage(layout, wanted)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(message),
    })
  })

  test('that is not there, or is none, is told with what brings one', async () => {
    await expect(openBaseImage(layout, undefined)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('skopeo copy'),
    })
    mkdirSync(layout)
    await expect(openBaseImage(layout, undefined)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('OCI layout'),
    })
    for (const [bytes, message] of [
      [Buffer.from([0x1f, 0x8b, 8, 0]), 'gunzip'],
      [Buffer.from('no archive'), 'no base image'],
      [Buffer.alloc(0), 'no base image'],
    ] as const) {
      writeFileSync(join(folder, 'file'), bytes)
      await expect(openBaseImage(join(folder, 'file'), undefined)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining(message),
      })
    }
  })

  test('whose documents are damaged is refused, whatever stands in them', async () => {
    await writeBase(layout, layers)
    const blobs = join(layout, 'blobs/sha256')
    const names = readdirSync(blobs).filter((name) => readFileSync(join(blobs, name))[0] === 0x7b)
    expect(names).toHaveLength(2)
    for (const name of names) {
      const before = readFileSync(join(blobs, name))
      for (const text of ['', '[]', '{', before.toString().replace('sha256', 'sha512')]) {
        writeFileSync(join(blobs, name), text)
        await expect(openBaseImage(layout, undefined)).rejects.toMatchObject({ code: 'refused' })
      }
      writeFileSync(join(blobs, name), before)
    }
    for (const text of ['', '[]', '{"manifests": [{}]}', '{"manifests": [{"digest": "sha256:../../../etc/passwd"}]}']) {
      writeFileSync(join(layout, 'index.json'), text)
      await expect(openBaseImage(layout, undefined)).rejects.toMatchObject({ code: 'refused' })
    }
  })

  test.skipIf(!needs('skopeo'))('is read from archives as from a folder, its layers the same', async () => {
    await writeBase(layout, [[textFile('etc/a', 'below')], [textFile('etc/b', 'above')]])
    const folderImage = await openBaseImage(layout, undefined)
    for (const kind of ['oci-archive', 'docker-archive']) {
      const archive = join(folder, `${kind}.tar`)
      execFileSync('skopeo', [
        'copy',
        '--quiet',
        `oci:${layout}:latest`,
        `${kind}:${archive}${kind === 'oci-archive' ? '' : ':base:v1'}`,
      ])
      const image = await openBaseImage(archive, undefined)
      expect(image.layers.map(({ diffId }) => diffId)).toEqual(folderImage.layers.map(({ diffId }) => diffId))
      expect(image.config).toMatchObject({ env: folderImage.config.env, labels: folderImage.config.labels })
      const tree = await readBaseTree(image, { signal })
      expect(tree.find('/etc/b')?.node.sizeBytes).toBe(5)
      if (kind === 'oci-archive') {
        expect(image.digest).toBe(folderImage.digest)
        continue
      }
      expect(image.layers.map(({ digest }) => digest)).toEqual([undefined, undefined])
      await expect(openBaseImage(`${archive}:v2`, undefined)).rejects.toMatchObject({ code: 'not_found' })
    }
  })
})

describe('the Python of a base image', () => {
  const python = (version: string, prefix = 'usr/local') => [
    textFile(`${prefix}/bin/python${version}`, '', 0o755),
    linkTo(`${prefix}/bin/python3`, `python${version}`),
    textFile(`${prefix}/lib/python${version.replace('t', '')}${version.endsWith('t') ? 't' : ''}/os.py`),
  ]
  const find = async (entries: readonly TarEntry[], env?: readonly string[]) => {
    const { image, tree } = await open([entries], env === undefined ? {} : { env })
    return findBasePython(image, tree)
  }

  test('is what its PATH says, with the version that its name and library tell', async () => {
    expect(await find(python('3.11'), ['PATH=/usr/local/bin', 'PYTHON_VERSION=3.11.9'])).toMatchObject({
      command: '/usr/local/bin/python3',
      program: { path: '/usr/local/bin/python3.11' },
      version: [3, 11],
      fullVersion: '3.11.9',
      isFreeThreaded: false,
      hidden: [],
    })
  })

  test('is one of several that comes first there', async () => {
    const both = [...python('3.11'), ...python('3.13', 'opt/conda')]
    expect((await find(both, ['PATH=/opt/conda/bin:/usr/local/bin', 'PYTHON_VERSION=3.11.9'])).fullVersion).toBe(
      '3.13.0',
    )
  })

  test('may be an environment, whose packages are kept in sight', async () => {
    const site = 'opt/venv/lib/python3.11/site-packages'
    const found = await find(
      [
        ...python('3.11'),
        linkTo('opt/venv/bin/python3', '/usr/local/bin/python3'),
        textFile('opt/venv/pyvenv.cfg'),
        textFile(`${site}/x.py`),
      ],
      ['PATH=/opt/venv/bin:/usr/local/bin'],
    )
    expect(found).toMatchObject({
      command: '/opt/venv/bin/python3',
      program: { path: '/usr/local/bin/python3.11' },
      hidden: [`/${site}`],
    })
  })

  test('may be without the global lock, or called python3 alone', async () => {
    expect(await find(python('3.13t'))).toMatchObject({ version: [3, 13], isFreeThreaded: true })
    layout = join(folder, 'plain')
    const plain = [textFile('usr/local/bin/python3', '', 0o755), textFile('usr/local/lib/python3.12/os.py')]
    expect(await find(plain)).toMatchObject({ version: [3, 12] })
  })

  test.each([
    ['is not there', [textFile('etc/a')], /has no python3 in "\/usr\/local\/bin"/],
    ['is no program', [textFile('usr/local/bin/python3', '', 0o644)], /has no python3/],
    ['is too old', python('3.8'), /has Python 3\.8; 3\.9 and later/],
    [
      'has no library',
      [textFile('usr/local/bin/python3.11', '', 0o755), linkTo('usr/local/bin/python3', 'python3.11')],
      /no library of one Python 3/,
    ],
    [
      'is another kind',
      [textFile('usr/local/bin/pypy3.10', '', 0o755), linkTo('usr/local/bin/python3', 'pypy3.10')],
      /which is no CPython/,
    ],
  ])('is refused where it %s', async (_word, entries, message) => {
    await expect(find(entries)).rejects.toMatchObject({ code: 'unsupported', message: expect.stringMatching(message) })
  })
})
