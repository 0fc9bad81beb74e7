import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { digestOf } from './api-key.ts'
import { readKeyFile, type KeyFile } from './key-file.ts'
import { watchKeys } from './watch-keys.ts'

const INTERVAL_MS = 10

let folder = ''
let path = ''
let stop = () => {}
let changes: string[][] = []
let errors: unknown[] = []

function text(...names: string[]): string {
  return names.map((name) => `${name} inference sha256:${digestOf(name)}\n`).join('')
}

/** As an editor does that keeps the old file until the new one is whole. */
async function replace(content: string): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-watch-'))
  path = join(folder, 'keys')
  changes = []
  errors = []
  await writeFile(path, text('first'), { mode: 0o600 })
  const onChange = ({ keys }: KeyFile) => void changes.push(keys.map(({ name }) => name))
  stop = watchKeys(await readKeyFile(path), onChange, (error) => void errors.push(error), INTERVAL_MS)
})

afterEach(async () => {
  stop()
  await rm(folder, { recursive: true, force: true })
})

function untilThere(list: () => readonly unknown[], count: number): Promise<void> {
  return vi.waitFor(() => expect(list()).toHaveLength(count), { timeout: 10_000, interval: 5 })
}

test('a changed file of keys is taken over, and one that did not change is not read again', async () => {
  await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL_MS))
  expect(changes).toEqual([])
  await replace(text('first', 'second'))
  await untilThere(() => changes, 1)
  await writeFile(path, text('second'))
  await vi.waitFor(() => expect(changes.at(-1)).toEqual(['second']), { timeout: 10_000 })
  expect(errors).toEqual([])
})

test('a broken file changes nothing and is told once; when it is mended it is taken over', async () => {
  await replace('nonsense\n')
  await untilThere(() => errors, 1)
  await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL_MS))
  expect(errors).toEqual([expect.objectContaining({ code: 'invalid_argument' })])
  expect(changes).toEqual([])
  await replace(text('mended'))
  await untilThere(() => changes, 1)
})

test('a file that is gone changes nothing and is told once; when it is back it is taken over', async () => {
  await rm(path)
  await untilThere(() => errors, 1)
  await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL_MS))
  expect(errors).toEqual([expect.objectContaining({ code: 'not_found' })])
  expect(changes).toEqual([])
  await replace(text('back'))
  await untilThere(() => changes, 1)
})

test('nothing is told once it has ended', async () => {
  stop()
  await replace(text('second'))
  await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL_MS))
  expect([changes, errors]).toEqual([[], []])
})
