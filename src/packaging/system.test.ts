import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { needs } from '../../test/support/needs.ts'
import { collectSystem } from './system.ts'
import type { Architecture } from './system.ts'
import type { TarEntry } from './tar.ts'

const base = mkdtempSync(join(tmpdir(), 'slipway-system-'))
afterAll(() => rmSync(base, { recursive: true }))
const require = createRequire(import.meta.url)
const native = join(dirname(require.resolve('onnxruntime-node/package.json')), 'bin/napi-v6/linux')

/** A file system with these files. */
function rootWith(files: Record<string, string>): string {
  const root = mkdtempSync(join(base, 'root-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

const textOf = (entries: readonly TarEntry[], path: string) => {
  const entry = entries.find((one) => one.path === path)
  return entry?.kind === 'bytes' ? Buffer.from(entry.bytes).toString() : undefined
}

test.skipIf(!needs('linux', 'ldd'))('the libraries are those that ldd lists, loader included', async () => {
  const architecture = process.arch as Architecture
  const binaries = [process.execPath, join(native, architecture, 'libonnxruntime.so.1')]
  const entries = await collectSystem({ architecture, binaries })
  const found = new Set(entries.map((entry) => entry.path.split('/').at(-1)))
  const listed = execFileSync('ldd', binaries, { encoding: 'utf8' })
  const names = [...listed.matchAll(/(\S+\.so[.\d]*) (?:=>|\()/g)].map((match) => match[1]?.split('/').at(-1) ?? '')
  expect(names.length).toBeGreaterThan(5)
  for (const name of names) if (!name.startsWith('linux-vdso')) expect(found).toContain(name)
})

test('a machine without a library says which one it lacks and what to do', async () => {
  const binaries = [join(native, 'arm64/libonnxruntime.so.1')]
  const failure = collectSystem({ architecture: 'arm64', binaries, root: rootWith({}) })
  await expect(failure).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/no ".+" for arm64; .*install/),
  })
})

test('a program for another processor is unsupported', async () => {
  const binaries = [join(native, 'arm64/libonnxruntime.so.1')]
  await expect(collectSystem({ architecture: 'x64', binaries, root: rootWith({}) })).rejects.toMatchObject({
    code: 'unsupported',
  })
})

describe('what stands in the lowest layer', () => {
  const collect = (files: Record<string, string>) =>
    collectSystem({ architecture: 'x64', binaries: [], root: rootWith(files) })

  test('a user that is not root, and a folder that everybody may write', async () => {
    const entries = await collect({})
    expect(textOf(entries, 'etc/passwd')).toMatch(/^slipway:x:65532:65532:/m)
    expect(entries.find((entry) => entry.path === 'tmp')).toMatchObject({ kind: 'directory', mode: 0o1777 })
  })

  test('the public certificates in order, and none that this machine added for itself', async () => {
    const entries = await collect({
      'usr/share/ca-certificates/mozilla/b.crt': 'B\n',
      'usr/share/ca-certificates/mozilla/a.crt': 'A\n',
      'usr/local/share/ca-certificates/private.crt': 'PRIVATE\n',
      'etc/ssl/certs/ca-certificates.crt': 'A\nB\nPRIVATE\n',
    })
    expect(textOf(entries, 'etc/ssl/certs/ca-certificates.crt')).toBe('A\nB\n')
  })

  test('records and licences of the packages that its files come from, and of no others', async () => {
    const entries = await collect({
      'usr/share/ca-certificates/mozilla/a.crt': 'A\n',
      'var/lib/dpkg/info/ca-certificates.list': '/.\n/usr/share/ca-certificates/mozilla/a.crt\n',
      'var/lib/dpkg/info/other:amd64.list': '/usr/bin/other\n',
      'var/lib/dpkg/status':
        'Package: ca-certificates\nStatus: install ok installed\nArchitecture: all\nVersion: 1.2\nDescription: long\n text\n\n' +
        'Package: other\nArchitecture: amd64\nVersion: 3\n',
      'usr/share/doc/ca-certificates/copyright': "see '/usr/share/common-licenses/GPL-2'.",
      'usr/share/common-licenses/GPL-2': 'the licence',
      'usr/share/common-licenses/GPL-3': 'another licence',
      'etc/os-release': 'ID=debian\n',
    })
    expect(textOf(entries, 'var/lib/dpkg/status.d/ca-certificates')).toBe(
      'Package: ca-certificates\nStatus: install ok installed\nArchitecture: all\nVersion: 1.2\n',
    )
    expect(textOf(entries, 'usr/share/doc/ca-certificates/copyright')).toContain('GPL-2')
    expect(textOf(entries, 'usr/share/common-licenses/GPL-2')).toBe('the licence')
    expect(textOf(entries, 'etc/os-release')).toBe('ID=debian\n')
    const paths = entries.map((entry) => entry.path)
    expect(paths.filter((path) => /other|GPL-3/.test(path))).toEqual([])
  })
})
