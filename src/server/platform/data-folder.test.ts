import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  ensureCredentials,
  ensureMasterKey,
  lockDataFolder,
  readCredentials,
  readMasterKey,
  unwritable,
} from './data-folder.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slw-data-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))
const modeOf = async (name: string) => (await stat(join(folder, name))).mode & 0o777

test('the first start makes credentials for its user alone, and later ones keep them', async () => {
  const first = await ensureCredentials(folder)
  expect(first.isNew).toBe(true)
  expect(first.credentials.adminKey).toMatch(/^slw_[\w-]{43}$/)
  expect(JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8'))).toEqual(first.credentials)
  expect(await readFile(join(folder, 'credentials.header'), 'utf8')).toBe(
    `Authorization: Bearer ${first.credentials.adminKey}\n`,
  )
  expect([await modeOf('credentials.json'), await modeOf('credentials.header')]).toEqual([0o600, 0o600])
  expect(await ensureCredentials(folder)).toEqual({ credentials: first.credentials, isNew: false })
})

test('credentials that others may read, or that are none, are refused by name', async () => {
  await ensureCredentials(folder)
  const path = join(folder, 'credentials.json')
  await chmod(path, 0o644)
  await expect(readCredentials(path)).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringMatching(/chmod 600/),
  })
  await chmod(path, 0o600)
  for (const text of ['', '{', '[]', '{"adminKey":"x"}', 'null']) {
    await writeFile(path, text)
    await expect(readCredentials(path)).rejects.toMatchObject({ code: 'refused' })
  }
})

test('the master key is made once', async () => {
  const path = await ensureMasterKey(folder)
  const key = (await readMasterKey(path)).export().toString('hex')
  expect(key).toHaveLength(64)
  expect(await modeOf('master.key')).toBe(0o600)
  expect((await readMasterKey(await ensureMasterKey(folder))).export().toString('hex')).toBe(key)
  await chmod(path, 0o640)
  await expect(readMasterKey(path)).rejects.toMatchObject({ code: 'refused' })
})

test("a data folder is one platform's at a time, and that of a killed one is free", async () => {
  const unlock = await lockDataFolder(folder)
  await expect(lockDataFolder(folder)).rejects.toMatchObject({ code: 'conflict', details: { pid: process.pid } })
  await unlock()
  await writeFile(join(folder, 'run/up.lock'), '999999999 1\n')
  const again = await lockDataFolder(folder)
  await again()
  // a process of the same number that was started at another time is another
  await writeFile(join(folder, 'run/up.lock'), `${process.pid} 1\n`)
  await (
    await lockDataFolder(folder)
  )()
})

test('a folder in which nothing can be written is refused in a sentence', async () => {
  await writeFile(join(folder, 'run'), 'a file')
  const refused = {
    code: 'refused',
    message: expect.stringMatching(/^the data folder .* cannot be written: /) as unknown,
  }
  await expect(lockDataFolder(folder)).rejects.toMatchObject(refused)
  await expect(lockDataFolder(join(folder, 'run'))).rejects.toMatchObject(refused)
  expect(unwritable(folder, Object.assign(new Error('EROFS'), { code: 'EROFS' }))).toMatchObject({
    message: expect.stringContaining('it is mounted read-only') as unknown,
  })
})

test('a lock that says nothing, or no process, is of one that was killed while it started', async () => {
  for (const text of ['', '\n', 'abc def\n', '-1 1\n', '1e9 1\n']) {
    await (
      await lockDataFolder(folder)
    )()
    await writeFile(join(folder, 'run/up.lock'), text)
    await (
      await lockDataFolder(folder)
    )()
  }
})
