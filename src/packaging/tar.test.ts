import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { extract } from 'tar-stream'
import { afterAll, describe, expect, test } from 'vitest'
import { needs } from '../../test/support/needs.ts'
import { arrange, tar } from './tar.ts'
import type { TarEntry } from './tar.ts'

const folder = mkdtempSync(join(tmpdir(), 'slipway-tar-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { signal } = new AbortController()

const bytes = (path: string, content: string): TarEntry => ({
  kind: 'bytes',
  path,
  mode: 0o644,
  bytes: Buffer.from(content),
})
const archive = async (entries: readonly TarEntry[]) => buffer(tar(arrange(entries), signal))

async function readBack(content: Buffer) {
  const reader = extract()
  reader.end(content)
  const found = []
  for await (const entry of reader) found.push({ header: entry.header, body: (await buffer(entry)).toString() })
  return found
}

describe('an archive', () => {
  const segment = fc.stringMatching(/^[a-zé語 -]{1,60}$/).filter((text) => text.trim() !== '')
  const paths = fc.uniqueArray(
    fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => `x/${parts.join('/')}.f`),
  )

  test('is read by an independent reader as what was put in', async () => {
    await fc.assert(
      fc.asyncProperty(paths, fc.string({ maxLength: 1500 }), async (names, content) => {
        const found = await readBack(await archive(names.map((name) => bytes(name, content))))
        const files = found.filter(({ header }) => header.type === 'file')
        expect(files.map(({ header }) => header.name).sort()).toEqual([...names].sort())
        for (const { body } of files) expect(body).toBe(content)
        for (const { header } of found) {
          expect([header.uid, header.gid, header.mtime?.getTime()]).toEqual([0, 0, 0])
          expect([header.uname, header.gname]).toEqual(['', ''])
        }
      }),
      { numRuns: 40 },
    )
  })

  test('has the same bytes whatever the order of its entries', async () => {
    const entries = ['b/c', 'a', 'b/a', 'b-a', 'b/c.d/e'].map((path) => bytes(path, path))
    expect(await archive(entries.toReversed())).toEqual(await archive(entries))
  })

  test('names each folder once, before what it holds', async () => {
    const found = await readBack(await archive([bytes('a/b/c', ''), bytes('a/d', '')]))
    expect(found.map(({ header }) => header.name)).toEqual(['a/', 'a/b/', 'a/b/c', 'a/d'])
  })

  test('keeps the mode of a folder that is given', async () => {
    const found = await readBack(await archive([{ kind: 'directory', path: 'tmp', mode: 0o1777 }]))
    expect(found[0]?.header).toMatchObject({ name: 'tmp/', type: 'directory', mode: 0o1777 })
  })

  test('holds files of more than 8 GiB', async () => {
    const sizeBytes = 9 * 2 ** 30
    const pieces = tar([{ kind: 'file', path: 'weights', mode: 0o644, from: '/nowhere', sizeBytes }], signal)
    const { value: head } = await pieces.next()
    await pieces.return(undefined)
    const reader = extract()
    const size = new Promise((resolve) => reader.on('entry', (header) => resolve(header.size)))
    reader.write(head)
    expect(await size).toBe(sizeBytes)
    reader.destroy()
  })

  test.skipIf(!needs('tar'))('is listed by the system’s tar', async () => {
    const long = `${'d'.repeat(90)}/${'f'.repeat(120)}`
    const path = join(folder, 'listed.tar')
    writeFileSync(path, await archive([{ kind: 'bytes', path: long, mode: 0o755, bytes: Buffer.from('12345') }]))
    const lines = execFileSync('tar', ['-tvf', path], { encoding: 'utf8', env: { TZ: 'UTC', PATH: process.env.PATH } })
    expect(lines.trim().split('\n')).toEqual([
      expect.stringMatching(/^drwxr-xr-x 0\/0 +0 1970-01-01 00:00 d{90}\/$/),
      expect.stringMatching(/^-rwxr-xr-x 0\/0 +5 1970-01-01 00:00 d{90}\/f{120}$/),
    ])
  })
})

test.each(['', '/etc/passwd', 'a//b', '../a', 'a/./b', 'a/', 'a\0b', 'a\\b'])(
  'the path %j has no place in a layer',
  (path) => {
    expect(() => arrange([bytes(path, '')])).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  },
)

test('a path that stands twice, or below a file, is refused', () => {
  expect(() => arrange([bytes('a', ''), bytes('a', '')])).toThrow('twice')
  expect(() => arrange([bytes('a', ''), bytes('a/b', '')])).toThrow('cannot hold')
})

describe('a file that changed after it was listed ends the archive with conflict', () => {
  const listed = { kind: 'file', path: 'f', mode: 0o644, from: join(folder, 'f'), sizeBytes: 5 } as const
  // SHA-256 of "hello"
  const sha256 = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'

  test('when it has the size and digest that were listed, it is packed', async () => {
    writeFileSync(listed.from, 'hello')
    expect((await readBack(await archive([{ ...listed, sha256 }])))[0]?.body).toBe('hello')
  })

  test.each([
    ['shorter', 'hell', 'ends after 4 of 5'],
    ['longer', 'hello!', 'more than 5'],
    ['another', 'jello', 'digest'],
  ])('when it is %s', async (_word, content, message) => {
    writeFileSync(listed.from, content)
    const failure = archive([{ ...listed, sha256 }])
    await expect(failure).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(message) })
  })

  test('when it is gone, or a link stands there', async () => {
    await expect(archive([{ ...listed, from: join(folder, 'gone') }])).rejects.toMatchObject({ code: 'conflict' })
    const link = join(folder, 'link')
    symlinkSync(listed.from, link)
    await expect(archive([{ ...listed, from: link }])).rejects.toMatchObject({ code: 'conflict' })
  })
})

test('an archive that nobody wants any more stops', async () => {
  const stopped = AbortSignal.abort()
  await expect(buffer(tar(arrange([bytes('a', '')]), stopped))).rejects.toMatchObject({ name: 'AbortError' })
})
