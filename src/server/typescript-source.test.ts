import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTypeScriptSource } from './typescript-source.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-source-'))
  await mkdir(join(folder, 'code/inside'), { recursive: true })
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(folder, 'code/predict.ts'), 'export const predict = () => ({})')
  await writeFile(join(folder, 'code/inside/words.txt'), 'words')
})

afterEach(() => rm(folder, { recursive: true }))

const open = () => openTypeScriptSource(join(folder, 'code'), 2 ** 20)

test('links within the folder of code are its files, also where the folder is named by a link', async () => {
  await symlink('inside/words.txt', join(folder, 'code/words.txt'))
  expect([...(await open()).paths.keys()]).toEqual(['inside/words.txt', 'predict.ts', 'words.txt'])
  await symlink('code', join(folder, 'link'))
  expect((await openTypeScriptSource(join(folder, 'link'), 2 ** 20)).paths.size).toBe(3)
})

test.each([
  ['secret.txt', '../secret.txt'],
  ['passwd', '/etc/passwd'],
])('a link out of the folder (%s) is refused: code reads its own files alone', async (name, target) => {
  await symlink(target, join(folder, 'code', name))
  await expect(open()).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringMatching(new RegExp(`^"${name}" in the folder .* is a link that leads out of it`)),
  })
})
