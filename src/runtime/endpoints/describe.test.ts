import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MANIFEST_FILE } from '../../bundle/manifest.ts'
import { ServingError } from '../../core/errors.ts'
import { choicesOf } from '../choices.fixture.ts'
import { createDescriber } from './describe.ts'
import { variantOf, versionOf } from './group.fixture.ts'

let folder: string
const describeVersion = () => createDescriber(choicesOf(), 2)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-describe-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(factor: number): void {
  writeFileSync(join(folder, MANIFEST_FILE), versionOf(factor).files.get(MANIFEST_FILE) ?? '')
}

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'ok'
  } catch (error) {
    return `${ServingError.from(error).code} ${String(ServingError.from(error).details['reason'])}`
  }
}

test('a version is described by its manifest, which is read once for as long as it is asked about', () => {
  const describer = describeVersion()
  write(2)
  const known = describer(variantOf(2, { folder }))
  expect(known.signature).toEqual(versionOf(2).manifest.signature)
  expect(known.example.get('x')?.shape).toEqual([1, 2])
  rmSync(join(folder, MANIFEST_FILE))
  expect(describer(variantOf(2, { folder }))).toBe(known)
  write(3)
  describer(variantOf(3, { folder }))
  describer(variantOf(2, { folder }))
  write(5)
  describer(variantOf(5, { folder }))
  expect(describer(variantOf(2, { folder }))).toBe(known)
  expect(codeOf(() => describer(variantOf(3, { folder })))).toBe('unavailable bundle_missing') // it was the oldest
})

test('another manifest, a link and none at all are no description', () => {
  const describer = describeVersion()
  expect(codeOf(() => describer(variantOf(2, { folder })))).toBe('unavailable bundle_missing')
  write(3)
  expect(codeOf(() => describer(variantOf(2, { folder })))).toBe('unavailable bundle_missing')
  write(2)
  const linked = mkdtempSync(join(folder, 'linked-'))
  symlinkSync(join(folder, MANIFEST_FILE), join(linked, MANIFEST_FILE))
  expect(codeOf(() => describer(variantOf(2, { folder: linked })))).toBe('unavailable bundle_missing')
  expect(codeOf(() => describer(variantOf(2, { folder })))).toBe('ok')
})
