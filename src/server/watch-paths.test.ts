import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSettling, fingerprint } from './watch-paths.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-watch-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

function at(path: string): string {
  return join(folder, path)
}

test('anything that changes below a path shows, and nothing else does', async () => {
  const seen: string[] = []
  const look = async () => seen.push(await fingerprint([folder]))
  await look()
  await mkdir(at('m/1'), { recursive: true })
  await look()
  await writeFile(at('m/1/a.onnx'), 'x')
  await look()
  await writeFile(at('m/1/a.onnx'), 'y')
  await utimes(at('m/1/a.onnx'), 1, 1)
  await look()
  await rename(at('m/1/a.onnx'), at('m/1/b.onnx'))
  await look()
  await writeFile(at('real'), 'x')
  await symlink(at('real'), at('link.onnx'))
  await look()
  await writeFile(at('real'), 'longer')
  await look()
  expect(new Set(seen).size).toBe(seen.length)
  await writeFile(at('.hidden'), 'x')
  expect(await fingerprint([folder])).toBe(seen.at(-1))
  await rm(at('link.onnx'))
  expect(seen).not.toContain(await fingerprint([folder]))
})

describe('a change', () => {
  test('is told once it has settled, and once', () => {
    const step = createSettling('a')
    const looks = ['a', 'b', 'c', 'c', 'c', 'd', 'c', 'c', 'a', 'a']
    expect(looks.map(step)).toEqual([false, false, false, true, false, false, false, false, false, true])
  })
})
