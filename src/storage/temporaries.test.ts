import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isTemporary, sweepTemporaries, temporaryBeside } from './temporaries.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2030, 0, 15)
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-temporaries-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

async function put(path: string, ageMs = 0): Promise<string> {
  await writeFile(path, 'half')
  await utimes(path, new Date(NOW - ageMs), new Date(NOW - ageMs))
  return path
}

/** A name that another process gives to what it writes. */
async function nameOfAnother({ lives = false } = {}): Promise<{ path: string; end: () => Promise<void> }> {
  const code = `
    const { temporaryBeside } = await import(${JSON.stringify(new URL('temporaries.ts', import.meta.url).href)})
    process.stdout.write(temporaryBeside(${JSON.stringify(join(folder, 'a'))}) + '\\n')
    ${lives ? 'process.stdin.resume()' : ''}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const path = lives ? String((await once(child.stdout, 'data'))[0]) : await text(child.stdout)
  if (!lives) await ended
  return {
    path: path.trim(),
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

test('names for unfinished files are unlike each other and lie in the same folder', () => {
  const names = Array.from({ length: 100 }, () => temporaryBeside('/x/y'))
  expect(new Set(names).size).toBe(100)
  expect(names.every((name) => name.startsWith('/x/y.') && isTemporary(name))).toBe(true)
})

test('what a process that has ended left is removed at once, a folder with all that is in it', async () => {
  const { path } = await nameOfAnother()
  await mkdir(path)
  await put(join(path, 'model.onnx'))
  expect(await sweepTemporaries(folder, NOW)).toEqual([path])
  expect(existsSync(path)).toBe(false)
})

test.skipIf(process.platform !== 'linux')(
  'what a process writes stays as long as it lives, and no longer',
  async () => {
    const other = await nameOfAnother({ lives: true })
    const kept = [await put(other.path, 3 * DAY_MS), await put(temporaryBeside(join(folder, 'a')), 3 * DAY_MS)]
    expect(await sweepTemporaries(folder, NOW)).toEqual([])
    await other.end()
    expect(await sweepTemporaries(folder, NOW)).toEqual([other.path])
    expect(await readdir(folder)).toHaveLength(kept.length - 1)
  },
)

test('where it cannot be known who writes it, a day must have passed', async () => {
  const { pid } = process
  const [elsewhere, unsaid] = [`a.00000000-${pid}-1.0123456789ab.tmp`, 'a.0123456789ab.tmp']
  for (const name of [elsewhere, unsaid]) await put(join(folder, name), DAY_MS - 1)
  expect(await sweepTemporaries(folder, NOW)).toEqual([])
  expect((await sweepTemporaries(folder, NOW + 1)).toSorted()).toEqual(
    [elsewhere, unsaid].map((name) => join(folder, name)).toSorted(),
  )
})

test("whatever is named otherwise is somebody else's", async () => {
  for (const name of ['a.tmp', 'a.0123456789ab', 'a.0123456789AB.tmp', 'notes.txt'])
    await put(join(folder, name), 100 * DAY_MS)
  expect(await sweepTemporaries(folder, NOW)).toEqual([])
  expect(await sweepTemporaries(join(folder, 'nothing'), NOW)).toEqual([])
})
