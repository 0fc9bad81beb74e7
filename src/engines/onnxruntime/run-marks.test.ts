import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { labelOf, MARKS_BYTES, readMarks, RECORD_BYTES } from './run-marks.ts'

const PROGRAM = fileURLToPath(new URL('run-marks.fixture.ts', import.meta.url))

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-marks-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

test.skipIf(process.platform === 'win32')(
  'what a process ran when it was killed stands in its file, and what had ended does not',
  async () => {
    const path = join(folder, 'marks')
    writeFileSync(path, new Uint8Array(MARKS_BYTES))
    const fd = openSync(path, 'r+')
    const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'ignore', 'inherit', fd], env: {} })
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
    closeSync(fd)
    expect(signal).toBe('SIGKILL')
    expect(readMarks(readFileSync(path)).sort()).toEqual(['beside', 'in the tick'])
  },
)

test('a label that is too long is cut, and the file of a process that ran nothing says nothing', () => {
  expect(readMarks(new Uint8Array(MARKS_BYTES))).toEqual([])
  const [found = ''] = readMarks(labelOf('é'.repeat(RECORD_BYTES)))
  expect(found).toBe('é'.repeat((RECORD_BYTES - 2) / 2))
  expect(readMarks(new Uint8Array(3).fill(65))).toEqual([])
})
