import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { checkTag, openLayout } from './layout.ts'
import type { Descriptor } from './layout.ts'

const base = mkdtempSync(join(tmpdir(), 'slipway-layout-'))
afterAll(() => rmSync(base, { recursive: true }))
let count = 0
let folder = ''
beforeEach(() => {
  folder = join(base, String(count++), 'layout')
})

const indexOf = (path: string) =>
  JSON.parse(readFileSync(join(path, 'index.json'), 'utf8')) as { manifests: Descriptor[] }
const tagsOf = (path: string) =>
  indexOf(path).manifests.map((one) => [one.annotations?.['org.opencontainers.image.ref.name'], one.digest])
const blob = (text: string) => [Buffer.from(text)]

async function publish(tag: string, text: string): Promise<string> {
  const layout = await openLayout(folder)
  const { digest, sizeBytes } = await layout.writeBlob(blob(text))
  await layout.publish(tag, { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: sizeBytes })
  await layout.discard()
  return digest
}

describe('a new layout', () => {
  test('is not there until it is published, and then is whole', async () => {
    const layout = await openLayout(folder)
    const { digest, sizeBytes } = await layout.writeBlob(blob('{}'))
    expect(existsSync(folder)).toBe(false)
    await layout.publish('v1', { mediaType: 'm', digest, size: sizeBytes })
    expect(readdirSync(folder).sort()).toEqual(['blobs', 'index.json', 'oci-layout'])
    expect(readFileSync(join(folder, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}')
    expect(readdirSync(join(folder, 'blobs/sha256'))).toEqual([digest.slice('sha256:'.length)])
    expect(statSync(folder).mode & 0o777).toBe(0o755)
  })

  test('leaves nothing behind when it is discarded', async () => {
    const layout = await openLayout(folder)
    await layout.writeBlob(blob('half'))
    await layout.discard()
    expect(readdirSync(join(folder, '..'))).toEqual([])
  })

  test('may take the place of an empty folder', async () => {
    mkdirSync(folder, { recursive: true })
    await publish('v1', '{}')
    expect(tagsOf(folder)).toHaveLength(1)
  })
})

describe('an existing layout', () => {
  test('gains a tag and keeps the others', async () => {
    const one = await publish('v1', '{"a":1}')
    const two = await publish('v2', '{"a":2}')
    expect(tagsOf(folder)).toEqual([
      ['v1', one],
      ['v2', two],
    ])
    expect(readFileSync(join(folder, 'blobs/sha256', one.slice(7)), 'utf8')).toBe('{"a":1}')
  })

  test('moves a tag that it has', async () => {
    await publish('v1', '{"a":1}')
    const moved = await publish('v1', '{"a":2}')
    expect(tagsOf(folder)).toEqual([['v1', moved]])
  })

  test('stays as it was when the writer gives up', async () => {
    const one = await publish('v1', '{}')
    const layout = await openLayout(folder)
    await layout.writeBlob(blob('more'))
    await layout.discard()
    expect(tagsOf(folder)).toEqual([['v1', one]])
  })
})

test('a blob with another digest than announced is not stored', async () => {
  const layout = await openLayout(folder)
  const { digest } = await layout.writeBlob(blob('right'))
  await expect(layout.writeBlob(blob('wrong'), digest)).rejects.toMatchObject({ code: 'conflict' })
  expect(readFileSync(layout.blobPath(digest), 'utf8')).toBe('right')
  expect(readdirSync(join(layout.blobPath(digest), '..'))).toHaveLength(1)
  await layout.discard()
})

test('a folder with other files is left alone', async () => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'thesis.txt'), 'precious')
  await expect(openLayout(folder)).rejects.toMatchObject({ code: 'conflict' })
  await expect(openLayout(join(folder, 'thesis.txt'))).rejects.toMatchObject({ code: 'conflict' })
  expect(readdirSync(folder)).toEqual(['thesis.txt'])
})

test.each(['latest', 'v1.2-rc_3', 'A'.repeat(128)])('%s is a tag', (tag) => {
  expect(() => checkTag(tag)).not.toThrow()
})

test.each(['', '.v1', '-v1', 'a:b', 'a/b', 'A'.repeat(129)])('%j is no tag', (tag) => {
  expect(() => checkTag(tag)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})
