import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { needs } from '../../../test/support/needs.ts'
import { makeWheel } from '../../../test/support/wheel.ts'
import { downloadWheels, pipLine } from './download.ts'
import { parseRequirements } from './requirements.ts'
import type { TargetPython } from './tags.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-download-'))
  for (const name of ['first', 'then']) mkdirSync(join(folder, name))
})
afterEach(() => rmSync(folder, { recursive: true }))

const target: TargetPython = {
  version: [3, 13],
  fullVersion: '3.13.1',
  isFreeThreaded: false,
  architecture: 'x64',
  glibc: [2, 36],
}

/** Stands for a Python with pip: gives the wheels of `first`, and of `then` when it is asked for packages alone. */
const PIP = `#!/bin/sh
echo "$@" >> "$LOG"
from=first
while [ $# -gt 0 ]; do
  case $1 in --dest) to=$2 ;; --no-deps) from=then ;; esac
  shift
done
[ -n "$BROKEN" ] && { echo 'ERROR: No matching distribution found for greeting' >&2; exit 1; }
for wheel in "$FOLDER/$from"/*.whl; do echo "  Downloading $(basename "$wheel") (1 kB)"; cp "$wheel" "$to"; done
`

const said: string[] = []
function download(text = 'greeting\nolder; python_version < "3.12"', env: Record<string, string> = {}) {
  const python = join(folder, 'python')
  writeFileSync(python, PIP, { mode: 0o755 })
  return downloadWheels({
    requirements: parseRequirements(Buffer.from(text), 'requirements.txt'),
    target,
    installed: new Map([['there', '1.0']]),
    cache: join(folder, 'cache'),
    findPython: () => Promise.resolve(python),
    env: { PATH: process.env.PATH, LOG: join(folder, 'log'), FOLDER: folder, ...env },
    signal: new AbortController().signal,
    onProgress: (line) => said.push(line),
  })
}
const calls = () =>
  existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().split('\n') : []

describe.skipIf(!needs('linux'))('wheels from an index', () => {
  test('are asked for as wheels of the Python below, and kept for the next time', async () => {
    makeWheel(join(folder, 'first'), 'greeting', '1.0', { requires: ['there'] })
    const { wheels } = await download()
    expect(wheels.map(({ name }) => name)).toEqual(['greeting'])
    expect(calls()).toHaveLength(1)
    expect(calls()[0]).toMatch(
      /--only-binary :all: .*--python-version 3\.13\.1 --abi cp313 --abi abi3 --abi none --platform manylinux_2_36_x86_64/,
    )
    expect(said).toContain('downloading greeting-1.0-py3-none-any.whl (1 kB)')
    expect((await download()).wheels[0]?.sha256).toBe(wheels[0]?.sha256)
    expect(calls()).toHaveLength(1)
  })

  test('are asked for again where the Python that runs pip has answered a condition otherwise', async () => {
    makeWheel(join(folder, 'first'), 'greeting', '1.0', { requires: ['newer>=2; python_version >= "3.13"'] })
    makeWheel(join(folder, 'first'), 'older', '1.0')
    makeWheel(join(folder, 'then'), 'newer', '2.0')
    expect((await download()).wheels.map(({ name }) => name)).toEqual(['greeting', 'newer'])
    expect(calls()[1]).toMatch(/--no-deps newer>=2$/)
  })

  test('are not asked for where the base has them', async () => {
    expect((await download('there>=1')).wheels).toEqual([])
    expect(calls()).toEqual([])
  })

  test('that cannot be had are told in pip’s words, and nothing is kept', async () => {
    await expect(download(undefined, { BROKEN: '1' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/by --wheels \(ERROR: No matching distribution found for greeting\)/),
    })
    expect(readdirSync(join(folder, 'cache'))).toEqual([])
  })
})

test('the line for people names the usual platforms alone', () => {
  expect(pipLine(target, 'wheels', ['numpy>=2'])).toBe(
    "pip download --only-binary :all: --python-version 3.13 --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 --dest wheels 'numpy>=2'",
  )
})
