import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKey, digestOf, SCOPES } from './api-key.ts'
import { formatKeyLine, parseKeyFile, readKeyFile } from './key-file.ts'

const A = 'a'.repeat(64)
const B = 'b'.repeat(64)

let folder = ''
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'slipway-keys-'))))
afterAll(() => rm(folder, { recursive: true }))

describe('a file of keys', () => {
  test('holds a key to a line, comments, and nothing else', () => {
    const text = `# keys\r\n\n  \t\nweb inference sha256:${A}\r\nops operations,inference  sha256:${B} expires=2027-01-31 # until then\n`
    expect(parseKeyFile(text, 'keys')).toEqual([
      { name: 'web', scopes: ['inference'], sha256: A },
      { name: 'ops', scopes: ['operations', 'inference'], sha256: B, expiresAtMs: Date.UTC(2027, 0, 31) },
    ])
    expect(parseKeyFile('', 'keys')).toEqual([])
  })

  test.each<[string, string, RegExp]>([
    ['too few words', `web inference`, /line 2 of "keys" is no key: a line is/],
    ['too many words', `web inference sha256:${A} expires=2027-01-31 x`, /is no key/],
    ['a name that cannot be one', `../web inference sha256:${A}`, /has a name that cannot be one/],
    ['a name of two alphabets', `wеb inference sha256:${A}`, /has a name that cannot be one/],
    ['an unknown scope', `web admin sha256:${A}`, /has other scopes than there are: it takes inference, or operations/],
    ['a scope twice', `web inference,inference sha256:${A}`, /has other scopes/],
    ['an empty scope', `web inference, sha256:${A}`, /has other scopes/],
    ['a scope of objects', `web __proto__ sha256:${A}`, /has other scopes/],
    ['a short hash', `web inference sha256:${A.slice(1)}`, /has no hash as its third word/],
    ['another hash', `web inference sha512:${A}`, /has no hash/],
    ['a hash in capitals', `web inference sha256:${A.toUpperCase()}`, /has no hash/],
    ['another fourth word', `web inference sha256:${A} until=2027-01-31`, /has a fourth word that is no date/],
    ['a day that there is not', `web inference sha256:${A} expires=2027-02-29`, /no date/],
    ['a name twice', `first inference sha256:${A}`, /line 2 of "keys" has the name of a key above it/],
    ['a hash twice', `web inference sha256:${B}`, /has the hash of a key above it/],
  ])('with %s is refused by the line', (_what, line, message) => {
    const text = `first inference sha256:${B}\n${line}\n`
    expect(() => parseKeyFile(text, 'keys')).toThrow(message)
    expect(() => parseKeyFile(text, 'keys')).toThrow(
      expect.objectContaining({ code: 'invalid_argument', details: { line: 2 } }),
    )
  })

  test.each([
    'KEY',
    'web inference KEY',
    'KEY inference sha256:KEY',
    'web inference sha256:KEY',
    '# KEY',
    'web KEY x y z',
  ])('with a key itself (%s) is refused, and the key is not told', (line) => {
    const key = createKey()
    let message = ''
    try {
      parseKeyFile(line.replaceAll('KEY', key), 'keys')
    } catch (error) {
      message = JSON.stringify(error)
    }
    expect(message).toMatch(/line 1 of .* holds a key itself, where its hash belongs/)
    expect(message).not.toContain(key.slice(4, 20))
  })

  test('is refused without a word of what stands in it', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[A-Z]{20,30}$/), { minLength: 1, maxLength: 6 }), (words) => {
        let message = ''
        try {
          parseKeyFile(words.join(' '), 'keys')
        } catch (error) {
          message = JSON.stringify(error)
        }
        expect(message).not.toBe('')
        for (const word of words) expect(message).not.toContain(word)
      }),
    )
  })

  test('is read as it is written', () => {
    const key = fc.record(
      {
        name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/),
        scopes: fc.subarray([...SCOPES], { minLength: 1 }),
        sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
        expiresAtMs: fc.integer({ min: 0, max: 4_102_444_800 }).map((seconds) => seconds * 1000),
      },
      { requiredKeys: ['name', 'scopes', 'sha256'] },
    )
    fc.assert(
      fc.property(key, (key) => {
        expect(parseKeyFile(formatKeyLine(key), 'keys')).toEqual([key])
      }),
    )
  })
})

describe('reading a file of keys', () => {
  const line = `web inference sha256:${digestOf('x')}\n`

  test('follows links, and warns of a file that all may read', async () => {
    const path = join(folder, 'keys')
    await writeFile(path, line)
    await chmod(path, 0o600)
    expect(await readKeyFile(path)).toMatchObject({ keys: [{ name: 'web' }], warnings: [] })
    await symlink(path, join(folder, 'link'))
    expect((await readKeyFile(join(folder, 'link'))).keys).toHaveLength(1)
    await chmod(path, 0o644)
    expect((await readKeyFile(path)).warnings).toEqual([expect.stringMatching(/may read the hashes/)])
  })

  test('refuses one that all may write', async () => {
    const path = join(folder, 'open')
    await writeFile(path, line)
    await chmod(path, 0o666)
    await expect(readKeyFile(path)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/chmod o-w/),
    })
  })

  test('warns of one without keys', async () => {
    const path = join(folder, 'empty')
    await writeFile(path, '# none yet\n', { mode: 0o600 })
    expect(await readKeyFile(path)).toMatchObject({ keys: [], warnings: [expect.stringMatching(/holds no key/)] })
  })

  test('says what is wrong with a path', async () => {
    await expect(readKeyFile(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'not_found' })
    await expect(readKeyFile(folder)).rejects.toMatchObject({ code: 'refused' })
    await writeFile(join(folder, 'large'), Buffer.alloc(1024 * 1024 + 1, '\n'), { mode: 0o600 })
    await expect(readKeyFile(join(folder, 'large'))).rejects.toMatchObject({ code: 'too_large' })
  })
})
