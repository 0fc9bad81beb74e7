import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { VERSION } from '../src/server/version.ts'

let folder: string

function node(...args: string[]) {
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { PATH: process.env.PATH } })
}

function build(out: string): void {
  const { status, stderr } = node(join(import.meta.dirname, 'build.mjs'), '--out', out)
  expect(status, stderr).toBe(0)
}

const slipway = (...args: string[]) => node(join(folder, 'slipway.js'), ...args)
const parts = () => readdirSync(folder).filter((name) => name.endsWith('.js'))
const textOf = (name: string) => readFileSync(join(folder, name), 'latin1')
const kept = () => join(folder, '.compiled')

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-build-'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  build(folder)
})

beforeEach(() => rmSync(kept(), { recursive: true, force: true }))

afterAll(() => rmSync(folder, { recursive: true }))

test('the same sources give the same bytes', () => {
  const other = join(folder, 'other')
  build(other)
  for (const name of [...parts(), 'THIRD-PARTY-LICENSES.md'])
    expect(readFileSync(join(other, name)).equals(readFileSync(join(folder, name)))).toBe(true)
})

test('each command runs, whichever part it is in', () => {
  expect(slipway('--version').stdout).toBe(`${VERSION}\n`)
  for (const command of [
    'serve',
    'inspect',
    'compile',
    'predict',
    'batch',
    'verify',
    'package',
    'key',
    'config',
    'up',
    'deploy',
    'apply',
    'get',
    'describe',
    'rollout',
    'undo',
    'label',
    'delete',
    'logs',
    'events',
    'audit',
    'top',
    'ca',
  ])
    expect(slipway(command, '--help').stdout).toContain(`usage: slipway ${command}`)
})

test('who serves loads nothing of what reads and compiles models, and no file beside the parts', () => {
  expect(parts()).toEqual([
    'asking.js',
    'controlling.js',
    'making.js',
    'platform.js',
    'program.js',
    'rolldown-runtime.js',
    'serving.js',
    'slipway.js',
    'speaking.js',
  ])
  const compiles = /\binit_(compile_onnx|compile_pipeline|compile_torch|read_joblib|read_torch|detect)\b/
  expect(textOf('making.js')).toMatch(compiles)
  for (const name of parts().filter((part) => part !== 'making.js')) expect(textOf(name)).not.toMatch(compiles)
  // and nobody but control loads its database and its API
  for (const name of parts())
    if (name !== 'controlling.js') expect(textOf(name)).not.toContain('from"./controlling.js"')
})

test('the program is ASCII, and what it takes of Node it takes when a part needs it', () => {
  for (const name of parts()) {
    const text = textOf(name)
    expect(/[^\0-\x7f]/.test(text)).toBe(false)
    if (name === 'controlling.js') continue // nobody waits for control: what serves does not need it
    const imported = [...text.matchAll(/\bfrom\s*"node:([^"]+)"/g)].map(([, builtin]) => builtin)
    for (const builtin of ['crypto', 'fs', 'fs/promises', 'net', 'util', 'v8']) expect(imported).not.toContain(builtin)
  }
})

test('what V8 made of the program is kept for those who serve, and not for who looks at something once', () => {
  slipway('inspect', '--nope')
  expect(existsSync(kept())).toBe(false)
  const { status } = slipway('serve', '--nope')
  expect(status).toBe(2)
  expect(readdirSync(kept())).toHaveLength(1)
  expect(slipway('serve', '--nope').status).toBe(2)
})

test('it is kept for a deploy and for the process that tries a model, which somebody waits for', () => {
  expect(slipway('deploy', '--nope').status).toBe(2)
  expect(readdirSync(kept())).toHaveLength(1)
  rmSync(kept(), { recursive: true })
  slipway('--slipway-process', 'probation') // has nobody who gives it a job
  expect(existsSync(kept())).toBe(true)
})

test('where nothing can be kept, or what is kept is damaged, it runs all the same', () => {
  writeFileSync(kept(), 'a file in the way')
  expect(slipway('serve', '--nope').status).toBe(2)
  rmSync(kept())
  slipway('serve', '--nope')
  const [one = ''] = readdirSync(kept())
  const files = readdirSync(join(kept(), one))
  for (const name of files) writeFileSync(join(kept(), one, name), 'damaged')
  expect(files.length).toBeGreaterThan(0)
  expect(slipway('serve', '--nope').status).toBe(2)
})
