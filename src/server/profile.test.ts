import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { linearModel } from '../../test/support/models.ts'
import { openOrCompile, type LocatedBundle } from './compile.ts'
import { machineClass } from './machine.ts'
import { recallProfile } from './profile.ts'

let folder: string
let bundle: LocatedBundle
const signal = new AbortController().signal

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-profile-'))
  const file = join(folder, 'linear.onnx')
  await writeFile(file, linearModel())
  bundle = await openOrCompile(file, { dataFolder: folder, signal })
})

afterEach(() => rm(folder, { recursive: true }))

function profilePath(): string {
  return join(folder, 'profiles', bundle.digest, `${machineClass()}.json`)
}

test('probation leaves a profile beside the bundle, with every engine that runs it', async () => {
  const profile = await recallProfile(bundle.digest, folder)
  expect(Object.keys(profile?.engines ?? {}).sort()).toEqual(['host-kernels', 'onnxruntime'])
  expect(profile?.engines['onnxruntime']?.curve.map(({ rows }) => rows).slice(0, 2)).toEqual([1, 2])
  expect(bundle.profile).toEqual(profile)
})

test('whoever opens the bundle again is told the profile', async () => {
  const again = await openOrCompile(join(folder, 'linear.onnx'), { dataFolder: folder, signal })
  expect(again.profile).toEqual(await recallProfile(bundle.digest, folder))
  await rm(join(folder, 'profiles'), { recursive: true })
  expect((await openOrCompile(bundle.folder, { dataFolder: folder, signal })).profile).toBeUndefined()
  const measured = await openOrCompile(join(folder, 'linear.onnx'), { dataFolder: folder, signal })
  expect(measured.digest).toBe(bundle.digest)
  expect(Object.keys(measured.profile?.engines ?? {}).sort()).toEqual(['host-kernels', 'onnxruntime'])
})

test.each<[string, (profile: { engines: Record<string, { version: string; curve: unknown[] }> }) => unknown]>([
  ['of another machine', (profile) => ({ ...profile, machine: 'elsewhere' })],
  ['of another bundle', (profile) => ({ ...profile, bundle: '0'.repeat(64) })],
  ['of a later version', (profile) => ({ ...profile, profileVersion: 3 })],
  ['by another engine', (profile) => ({ ...profile, engines: { ghost: profile.engines['onnxruntime'] } })],
  [
    'by another version of an engine',
    (profile) => ({ ...profile, engines: { onnxruntime: { ...profile.engines['onnxruntime'], version: '0' } } }),
  ],
  [
    'with a damaged curve',
    (profile) => ({ ...profile, engines: { onnxruntime: { ...profile.engines['onnxruntime'], curve: [null] } } }),
  ],
  ['that is no object', () => 'x'],
])('a profile %s is not taken', async (_what, change) => {
  const profile = JSON.parse(await readFile(profilePath(), 'utf8')) as Parameters<typeof change>[0]
  await writeFile(profilePath(), JSON.stringify(change(profile)))
  expect(await recallProfile(bundle.digest, folder)).toBeUndefined()
})

test('a profile that was cut short is not taken', async () => {
  await writeFile(profilePath(), '{"profileVersion": 1')
  expect(await recallProfile(bundle.digest, folder)).toBeUndefined()
  expect(await readdir(join(folder, 'profiles', bundle.digest))).toHaveLength(1)
})
