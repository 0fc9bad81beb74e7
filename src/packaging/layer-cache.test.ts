import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { writeCachedLayer } from './layer-cache.ts'
import type { LayerContent } from './layer.ts'
import { openLayout } from './layout.ts'
import { arrange } from './tar.ts'

const folder = mkdtempSync(join(tmpdir(), 'slipway-cache-'))
afterAll(() => rmSync(folder, { recursive: true }))
const options = { signal: new AbortController().signal }

const content = (text: string): LayerContent => ({
  name: 'node',
  entries: arrange([{ kind: 'bytes', path: 'a/b', mode: 0o644, bytes: Buffer.from(text) }]),
})

async function write(text: string, cache: string) {
  const layout = await openLayout(join(folder, 'layout'))
  try {
    const { layer, isCached } = await writeCachedLayer(content(text), layout, cache, options)
    return { layer, isCached, bytes: readFileSync(layout.blobPath(layer.digest)) }
  } finally {
    await layout.discard()
  }
}

test('the second time, a layer comes from the cache with the same bytes', async () => {
  const cache = join(folder, 'twice')
  const first = await write('one', cache)
  const second = await write('one', cache)
  expect([first.isCached, second.isCached]).toEqual([false, true])
  expect(second.bytes).toEqual(first.bytes)
  expect(second.layer).toEqual(first.layer)
})

test('another content is another layer', async () => {
  const cache = join(folder, 'other')
  await write('one', cache)
  expect(await write('two', cache)).toMatchObject({ isCached: false })
})

test.each(['gz', 'json'])('a damaged .%s file of the cache is replaced', async (end) => {
  const cache = join(folder, `damaged-${end}`)
  const first = await write('one', cache)
  for (const file of readdirSync(cache)) if (file.endsWith(end)) writeFileSync(join(cache, file), 'rubbish')
  const second = await write('one', cache)
  expect([second.isCached, second.bytes]).toEqual([false, first.bytes])
  expect((await write('one', cache)).isCached).toBe(true)
})

test('the cache keeps the latest four layers of a name', async () => {
  const cache = join(folder, 'pruned')
  for (const text of ['1', '2', '3', '4', '5', '6']) await write(text, cache)
  expect(readdirSync(cache)).toHaveLength(8)
  expect((await write('6', cache)).isCached).toBe(true)
})
