import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { needs } from '../../test/support/needs.ts'
import { readElf } from './elf.ts'

const folder = mkdtempSync(join(tmpdir(), 'slipway-elf-'))
afterAll(() => rmSync(folder, { recursive: true }))
const require = createRequire(import.meta.url)
const native = join(dirname(require.resolve('onnxruntime-node/package.json')), 'bin/napi-v6')
const library = join(native, 'linux/x64/libonnxruntime.so.1')

test('a library names its machine and what it needs', async () => {
  const x64 = await readElf(library)
  expect(x64).toMatchObject({ machine: 'x64', interpreter: undefined })
  expect(x64.needed).toContain('libstdc++.so.6')
  expect(x64.needed).toContain('libc.so.6')
  expect(await readElf(join(native, 'linux/arm64/libonnxruntime.so.1'))).toMatchObject({ machine: 'arm64' })
})

test.skipIf(!needs('linux', 'ldd'))('a program names its loader, and nothing that ldd does not know', async () => {
  const elf = await readElf(process.execPath)
  const listed = execFileSync('ldd', [process.execPath], { encoding: 'utf8' })
  expect(listed).toContain(elf.interpreter)
  for (const name of elf.needed) expect(listed).toContain(name)
})

describe('anything else is unsupported', () => {
  const refusal = { code: 'unsupported' }
  const path = join(folder, 'file')

  test('a library of another system', async () => {
    await expect(readElf(join(native, 'darwin/arm64/libonnxruntime.1.dylib'))).rejects.toMatchObject(refusal)
    await expect(readElf(join(native, 'win32/x64/onnxruntime.dll'))).rejects.toMatchObject(refusal)
  })

  test('an empty or short file', async () => {
    for (const size of [0, 10, 64, 200]) {
      writeFileSync(path, readFileSync(library).subarray(0, size))
      await expect(readElf(path)).rejects.toMatchObject(refusal)
    }
  })

  test('damaged tables, whatever stands in them', async () => {
    const start = readFileSync(library).subarray(0, 64 * 1024)
    const damage = fc.array(fc.tuple(fc.integer({ min: 16, max: 1200 }), fc.nat(255)), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const bytes = Buffer.from(start)
        for (const [at, value] of changes) bytes[at] = value
        writeFileSync(path, bytes)
        const found = await readElf(path).catch((error: unknown) => error)
        if (found instanceof Error) expect(found).toMatchObject(refusal)
      }),
      { numRuns: 200 },
    )
  })
})
