import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sweepDataFolder } from './sweep.ts'

const HOUR_MS = 3_600_000
const NOW = Date.UTC(2030, 0, 15)
const DIGEST = 'ab'.repeat(32)
let data: string

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'slipway-sweep-'))
})

afterEach(async () => {
  await rm(data, { recursive: true })
})

/** As earlier builds named what is not finished: it does not say who writes it. */
function temporaryBeside(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.tmp`
}

async function put(path: string, ageMs: number): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, 'bytes')
  const time = new Date(NOW - ageMs)
  await utimes(path, time, time)
  return path
}

test('what was left half written more than a day ago is removed; the rest stays', async () => {
  const bundle = join(data, 'bundles/sha256', DIGEST)
  const source = join(data, 'bundles/sources', DIGEST)
  const profile = join(data, 'profiles', DIGEST, 'x64.json')
  const halfBundle = temporaryBeside(bundle)
  await put(join(halfBundle, 'model.onnx'), 25 * HOUR_MS)
  await utimes(halfBundle, new Date(NOW - 25 * HOUR_MS), new Date(NOW - 25 * HOUR_MS))
  const old = [
    halfBundle,
    await put(temporaryBeside(source), 25 * HOUR_MS),
    await put(temporaryBeside(profile), 100 * HOUR_MS),
  ]
  const kept = [
    await put(join(bundle, 'model.onnx'), 100 * HOUR_MS),
    await put(source, 100 * HOUR_MS),
    await put(profile, 100 * HOUR_MS),
    await put(temporaryBeside(bundle), 23 * HOUR_MS),
    await put(join(data, 'bundles/sources/notes.tmp'), 100 * HOUR_MS),
    await put(temporaryBeside(join(data, 'made/by/somebody')), 100 * HOUR_MS),
  ]
  expect((await sweepDataFolder(data, NOW)).toSorted()).toEqual(old.toSorted())
  expect(old.filter((path) => existsSync(path))).toEqual([])
  expect(kept.filter((path) => !existsSync(path))).toEqual([])
})

test('a data folder that is not there needs no sweeping', async () => {
  expect(await sweepDataFolder(join(data, 'nothing'), NOW)).toEqual([])
})
