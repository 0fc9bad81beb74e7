import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
// @ts-expect-error -- a script that any Node runs, without types
import { makePythonEnvironments } from './python-environments.mjs'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-environments-'))
  mkdirSync(join(folder, 'test'))
  writeFileSync(join(folder, 'test/requirements-some.txt'), 'some==1\n')
  writeFileSync(join(folder, 'test/other.txt'), 'no requirements\n')
})

afterEach(() => rmSync(folder, { recursive: true }))

/** Makes environments with a Python that writes down what it is asked, and fails when it is asked for `failing`. */
async function make(failing = 'nothing'): Promise<string[]> {
  const log = join(folder, 'asked.txt')
  const python = join(folder, 'python')
  const fake = [
    '#!/bin/sh',
    `echo "$*" >>"${log}"`,
    `case "$*" in *"${failing}"*) echo "no way to ${failing}"; exit 1;; esac`,
    // as `-m venv --clear FOLDER` would
    'if [ "$2" = venv ]; then mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; fi',
  ]
  writeFileSync(python, fake.join('\n'))
  chmodSync(python, 0o755)
  rmSync(log, { force: true })
  await makePythonEnvironments({ folder: join(folder, 'test'), target: folder, python })
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
}

describe.skipIf(process.platform === 'win32')('the Python environments of the tests', () => {
  test('are made once, and again when their requirements have changed', async () => {
    expect(await make()).toHaveLength(3)
    expect(readFileSync(join(folder, '.venv-some/installed.txt'), 'utf8')).toBe('some==1\n')
    expect(await make()).toEqual([])
    writeFileSync(join(folder, 'test/requirements-some.txt'), 'some==2\n')
    expect(await make()).toHaveLength(3)
    expect(readFileSync(join(folder, '.venv-some/installed.txt'), 'utf8')).toBe('some==2\n')
  })

  test('are filled by pip where uv cannot', async () => {
    const asked = await make('uv pip')
    expect(asked.at(-1)).toMatch(/^-m pip install .*-r .*requirements-some\.txt$/)
    expect(existsSync(join(folder, '.venv-some/installed.txt'))).toBe(true)
  })

  test.each(['venv', 'pip install'])('are left out without %s, and nothing half made stays', async (failing) => {
    await make(failing)
    expect(existsSync(join(folder, '.venv-some'))).toBe(false)
  })
})
