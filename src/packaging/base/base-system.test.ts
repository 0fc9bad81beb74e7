import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { textFile, writeBase } from '../../../test/support/base-image.ts'
import { needs } from '../../../test/support/needs.ts'
import { findLibrary } from '../system.ts'
import type { Architecture } from '../system.ts'
import { MODE } from '../tar.ts'
import type { TarEntry } from '../tar.ts'
import { openBaseImage } from './base-image.ts'
import { collectBaseSystem } from './base-system.ts'
import { readBaseTree } from './base-tree.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-system-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const own = process.arch as Architecture
const signal = new AbortController().signal
const place = own === 'x64' ? 'usr/lib/x86_64-linux-gnu' : 'usr/lib/aarch64-linux-gnu'
const USUAL = [
  'libc.so.6',
  'libm.so.6',
  'libstdc++.so.6',
  'libgcc_s.so.1',
  'ld-linux-x86-64.so.2',
  'ld-linux-aarch64.so.1',
  'libdl.so.2',
  'libpthread.so.0',
  'librt.so.1',
]

/** A library of this machine, for a base that has it too. @param name of the library whose bytes it has */
async function library(name: string, as = name): Promise<TarEntry[]> {
  const found = await findLibrary(name, own, '/')
  if (found === undefined) return []
  return [
    { kind: 'file', path: `${place}/${as}`, mode: MODE.file, from: found.from, sizeBytes: statSync(found.from).size },
  ]
}

async function collect(entries: readonly TarEntry[], python?: string) {
  const layout = join(folder, 'layout')
  const program: TarEntry[] =
    python === undefined
      ? []
      : [{ kind: 'file', path: 'usr/bin/python3.11', mode: 0o755, from: python, sizeBytes: statSync(python).size }]
  await writeBase(layout, [[...entries, ...program]], { packing: 'none' })
  const image = await openBaseImage(layout, undefined)
  const tree = await readBaseTree(image, { signal })
  const looked = join(folder, 'looked')
  mkdirSync(looked)
  const found = python === undefined ? undefined : tree.find('/usr/bin/python3.11')
  return collectBaseSystem({ image, tree, binaries: [process.execPath], python: found, folder: looked, signal })
}

describe.skipIf(!needs('linux'))('the system of a base image', () => {
  const usual = async () => (await Promise.all(USUAL.map((name) => library(name)))).flat()

  test('is used as it is; what Node needs besides comes from this machine, to where the C library lies', async () => {
    const { glibc, entries } = await collect(
      [
        ...(await usual()),
        textFile('etc/passwd', 'root:x:0:0:root:/root:/bin/sh'),
        textFile('etc/group', 'root:x:0:\n'),
        { kind: 'directory', path: 'tmp', mode: 0o1777 },
      ],
      '/usr/bin/env',
    )
    expect(glibc[0]).toBe(2)
    expect(glibc[1]).toBeGreaterThan(20)
    const libraries = entries.filter(({ path }) => path.includes('.so')).map(({ path }) => path)
    expect(libraries).toEqual([`${place}/libatomic.so.1`])
    const passwd = entries.find(({ path }) => path === 'etc/passwd')
    expect(passwd?.kind === 'bytes' && Buffer.from(passwd.bytes).toString()).toBe(
      'root:x:0:0:root:/root:/bin/sh\nslipway:x:65532:65532:slipway:/tmp:/sbin/nologin\n',
    )
    expect(entries.some(({ path }) => path === 'tmp' || path === 'etc/os-release')).toBe(false)
  })

  test('keeps its own user of that number, and gains /tmp where it has none', async () => {
    const { entries } = await collect([
      ...(await usual()),
      textFile('etc/passwd', 'nobody:x:65532:65532::/:\n'),
      textFile('etc/group', 'nobody:x:65532:\n'),
    ])
    expect(entries.map(({ path }) => path)).not.toContain('etc/passwd')
    expect(entries.find(({ path }) => path === 'tmp')).toMatchObject({ kind: 'directory', mode: 0o1777 })
  })

  test('is refused where its C library is another one', async () => {
    await expect(collect([textFile('lib/ld-musl-x86_64.so.1')])).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('musl, as Alpine does'),
    })
    rmSync(join(folder, 'layout'), { recursive: true })
    rmSync(join(folder, 'looked'), { recursive: true, force: true })
    await expect(collect([textFile('etc/a')])).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('has no libc.so.6'),
    })
  })

  test('is refused where a library lacks what Node needs of it, by the name of that', async () => {
    const others = (await usual()).filter(({ path }) => basename(path) !== 'libstdc++.so.6')
    await expect(collect([...others, ...(await library('libgcc_s.so.1', 'libstdc++.so.6'))])).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(
        /is too old \(glibc 2\.\d+\).*needs (?:GLIBCXX|CXXABI)\S+ of its libstdc\+\+\.so\.6/,
      ),
      details: { library: 'libstdc++.so.6' },
    })
  })

  test('is refused where its libraries or its Python are for another processor, or none', async () => {
    const bytes = readFileSync((await findLibrary('libm.so.6', own, '/'))?.from ?? '')
    bytes.writeUInt16LE(own === 'x64' ? 8 : 62, 18)
    const damaged: TarEntry = { kind: 'bytes', path: `${place}/libm.so.6`, mode: MODE.file, bytes }
    const rest = (await usual()).filter(({ path }) => basename(path) !== 'libm.so.6')
    await expect(collect([...rest, damaged])).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('libm.so.6" of the base image'),
    })
    rmSync(join(folder, 'layout'), { recursive: true })
    rmSync(join(folder, 'looked'), { recursive: true })
    await expect(collect(await usual(), join(import.meta.dirname, 'base-system.ts'))).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('(a script, or damaged)'),
    })
  })
})
