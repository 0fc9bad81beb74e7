import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { execFileSync, spawn } from 'node:child_process'
import { link, mkdir, mkdtemp, open, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  digestNamedFile,
  digestPlainFile,
  readNamedFile,
  readPlainFile,
  writeAtomically,
  writeFolderAtomically,
} from './local.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-storage-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

function at(...parts: string[]): string {
  return join(folder, ...parts)
}

const bytes = (text: string) => new TextEncoder().encode(text)

describe('writeAtomically', () => {
  test('replaces a file and leaves nothing beside it', async () => {
    await writeFile(at('a'), 'old')
    await writeAtomically(at('a'), bytes('new'))
    expect(await readFile(at('a'), 'utf8')).toBe('new')
    expect(await readdir(folder)).toEqual(['a'])
  })

  test('leaves nothing behind when the name cannot be had', async () => {
    await mkdir(at('a'))
    await writeFile(at('a', 'inside'), '')
    await expect(writeAtomically(at('a'), bytes('new'))).rejects.toThrow()
    expect(await readdir(folder)).toEqual(['a'])
  })

  test('a writer that is killed at any moment leaves a whole file', { timeout: 60_000 }, async () => {
    // each content says how long it is, so that half of one shows
    const program = `
      import { writeAtomically } from ${JSON.stringify(new URL('./local.ts', import.meta.url).href)}
      for (let i = 0; ; i++) {
        const text = String.fromCharCode(97 + (i % 26)).repeat(1 + ((i * 7919) % 300_000))
        await writeAtomically(process.argv[1], new TextEncoder().encode(text.length + ':' + text))
        if (i === 3) process.stdout.write('writing')
      }`
    for (const waitMs of [0, 7, 13, 29, 41, 67]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, at('file')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      await setTimeout(waitMs)
      child.kill('SIGKILL')
      await once(child, 'exit')
      const [length, text = ''] = (await readFile(at('file'), 'utf8')).split(':')
      expect(text).toHaveLength(Number(length))
      expect(new Set(text).size).toBe(1)
    }
  })
})

describe('writeFolderAtomically', () => {
  const files = new Map([
    ['model.onnx', bytes('graph')],
    ['deep/down/words', bytes('words')],
  ])

  test('makes the folder with all its files, and the folders above it', async () => {
    expect(await writeFolderAtomically(at('above', 'bundle'), files)).toBe(true)
    expect(await readFile(at('above', 'bundle', 'deep/down/words'), 'utf8')).toBe('words')
    expect(await readdir(at('above'))).toEqual(['bundle'])
  })

  test.each([
    ['a folder with something in it', () => mkdir(at('bundle')).then(() => writeFile(at('bundle', 'mine'), 'mine'))],
    ['a file', () => writeFile(at('bundle'), 'mine')],
  ])('leaves %s as it is', async (_what, make) => {
    await make()
    expect(await writeFolderAtomically(at('bundle'), files)).toBe(false)
    expect(await readdir(folder)).toEqual(['bundle'])
    const mine = await readFile(at('bundle')).catch(() => readFile(at('bundle', 'mine')))
    expect(mine.toString()).toBe('mine')
  })

  test('leaves nothing behind when a file cannot be written', async () => {
    const clash = new Map([
      ['a', bytes('')],
      ['a/b', bytes('')],
    ])
    await expect(writeFolderAtomically(at('bundle'), clash)).rejects.toThrow()
    expect(await readdir(folder)).toEqual([])
  })
})

describe('readNamedFile', () => {
  test('follows links of both kinds, which a person may well have named', async () => {
    await writeFile(at('b'), 'four')
    await symlink(at('b'), at('a'))
    await link(at('b'), at('c'))
    for (const name of ['a', 'c']) expect(Buffer.from(await readNamedFile(at(name), 4)).toString()).toBe('four')
  })

  test('refuses a larger file, a folder, and what is not there', async () => {
    await writeFile(at('b'), 'five!')
    await symlink(at('b'), at('a'))
    await expect(readNamedFile(at('a'), 4)).rejects.toMatchObject({ code: 'too_large' })
    await expect(readNamedFile(folder, 4)).rejects.toMatchObject({ code: 'refused' })
    await symlink(at('nothing'), at('c'))
    await expect(readNamedFile(at('d'), 4)).rejects.toMatchObject({ code: 'not_found' })
    await expect(readNamedFile(at('c'), 4)).rejects.toMatchObject({ code: 'refused' })
  })
})

describe('readPlainFile', () => {
  test('reads a file up to the limit, that included', async () => {
    await writeFile(at('a'), 'four')
    expect(Buffer.from(await readPlainFile(at('a'), 4)).toString()).toBe('four')
    await writeFile(at('empty'), '')
    expect(await readPlainFile(at('empty'), 0)).toEqual(new Uint8Array())
  })

  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['nothing', () => Promise.resolve(), 'not_found', /^there is no file "a file"$/],
    ['a larger file', () => writeFile(at('a'), 'five!'), 'too_large', /^"a file" has 5 B, the most is 4 B$/],
    [
      'a symbolic link',
      () => writeFile(at('b'), 'b').then(() => symlink(at('b'), at('a'))),
      'refused',
      /^"a file" is a symbolic link; plain files only$/,
    ],
    ['a link to nothing', () => symlink(at('b'), at('a')), 'refused', /symbolic link/],
    [
      'a hard link',
      () => writeFile(at('b'), 'b').then(() => link(at('b'), at('a'))),
      'refused',
      /^"a file" is a hard link; plain files only$/,
    ],
    ['a folder', () => mkdir(at('a')), 'refused', /^"a file" is no plain file; plain files only$/],
  ])('refuses %s', async (_what, make, code, message) => {
    await make()
    await expect(readPlainFile(at('a'), 4, 'a file')).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  test.skipIf(process.platform === 'win32')('refuses the socket of a server', async () => {
    const server = createServer().listen(at('socket'))
    await once(server, 'listening')
    await expect(readNamedFile(at('socket'), 4, 'a')).rejects.toMatchObject({
      code: 'refused',
      message: '"a" is no plain file; plain files only',
    })
    server.close()
  })

  test('refuses what is too large before it reads it, also for its digest alone', async () => {
    await writeFile(at('large'), '')
    await truncate(at('large'), 2 ** 40)
    for (const read of [readPlainFile, readNamedFile, digestPlainFile, digestNamedFile])
      await expect(read(at('large'), 2 ** 30)).rejects.toMatchObject({ code: 'too_large' })
  })

  test('digests what a link leads to where a person named it, and nothing of an empty file', async () => {
    await writeFile(at('a'), 'abc')
    await symlink(at('a'), at('link'))
    expect(await digestNamedFile(at('link'), 4)).toBe(createHash('sha256').update('abc').digest('hex'))
    await writeFile(at('none'), '')
    expect(await digestNamedFile(at('none'), 4)).toBe(createHash('sha256').digest('hex'))
  })

  test.skipIf(process.platform === 'win32')('does not wait for the writer of a named pipe', async () => {
    execFileSync('mkfifo', [at('pipe')])
    await expect(readPlainFile(at('pipe'), 4)).rejects.toMatchObject({ code: 'refused' })
  })

  test.skipIf(process.platform === 'win32')('refuses a device', async () => {
    await expect(readPlainFile('/dev/zero', 4)).rejects.toMatchObject({ code: 'refused' })
  })

  test('a file below something that is no folder is not found', async () => {
    await writeFile(at('a'), '')
    await expect(readPlainFile(at('a', 'b'), 4)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a file that grows meanwhile gives the bytes it had at first', async () => {
    const first = Buffer.alloc(1 << 20, 'a')
    await writeFile(at('a'), first)
    const growing = await open(at('a'), 'a')
    const append = (async () => {
      for (let i = 0; i < 50; i++) await growing.write(Buffer.alloc(4096, 'b'))
    })()
    const read = await readPlainFile(at('a'), 1 << 30)
    await append
    await growing.close()
    expect(Buffer.from(read.subarray(0, first.length)).equals(first)).toBe(true)
    expect(read.length).toBeLessThanOrEqual(first.length + 50 * 4096)
  })
})
