import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sampleBundle } from '../../bundle/sample-bundle.fixture.ts'
import { BundleStore } from '../../bundle/store.ts'
import { ServingError } from '../../core/errors.ts'
import { openWhole } from './open-whole.ts'

let root: string
let place: { folder: string; digest: string }

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-whole-'))
  const bundle = sampleBundle()
  place = { folder: await new BundleStore(root).put(bundle), digest: bundle.digest }
})

afterEach(() => rm(root, { recursive: true }))

function failing(code: 'not_found' | 'refused' | 'internal') {
  return openWhole(place, () => Promise.reject(new ServingError(code, 'no'))).catch((error: unknown) => error)
}

test('the failure of a bundle that is whole is its own', async () => {
  expect(await openWhole(place, async () => 'open')).toBe('open')
  expect(await failing('refused')).toMatchObject({ code: 'refused', message: 'no' })
})

test.each(['missing', 'damaged'])('a bundle that is %s is said to be so', async (what) => {
  const file = join(place.folder, 'model.onnx')
  if (what === 'missing') await rm(place.folder, { recursive: true })
  else await appendFile(file, ' ')
  for (const code of ['not_found', 'refused'] as const)
    expect(await failing(code)).toMatchObject({ code: 'unavailable', details: { reason: 'bundle_missing' } })
  expect(await failing('internal')).toMatchObject({ code: 'internal' })
})
