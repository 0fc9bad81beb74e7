import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findTool, needs } from '../../test/support/needs.ts'
import { findPython } from './python-settings.ts'
import { checkRequirements, ensureEnvironment } from './python-environment.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-environment-'))
})

afterEach(() => rm(folder, { recursive: true }))

const WISHES = { python: undefined, workers: 1, memoryMiB: 1024, startTimeoutMs: 1000, runTimeoutMs: 1000 }
const signal = new AbortController().signal

describe('requirements', () => {
  test.each([
    'numpy',
    'scikit-learn==1.5.2 # the one it was trained with',
    'pandas>=2,<3 ; python_version < "3.13"',
    'torch[cpu] ~= 2.4',
    '--extra-index-url https://download.pytorch.org/whl/cpu\ntorch',
    '# nothing\n\n',
    'numpy==2.0.0 \\\n  --hash=sha256:00',
  ])('%j is taken', (text) => {
    expect(() => checkRequirements(Buffer.from(text))).not.toThrow()
  })

  test.each([
    'git+https://example.com/x.git',
    'x @ https://example.com/x.whl',
    'https://example.com/x.whl',
    '-e .',
    './local',
    '../x.whl',
    'folder/x.whl',
    '-r other.txt',
    '--find-links /tmp',
    '--no-binary :all:',
    '--only-binary :none:',
    '--only-binary=numpy',
    '--trusted-host x',
  ])('%j is refused with its line', (text) => {
    expect(() => checkRequirements(Buffer.from(`numpy\n${text}`))).toThrow(/line 2 of requirements\.txt/)
  })
})

describe.skipIf(!needs('python3'))('an environment', () => {
  test('is not built for no packages, nor beside an interpreter that was named', async () => {
    const found = await findPython(WISHES, folder)
    expect(found.interpreter.version).toMatch(/^3\.\d+\.\d+$/)
    await ensureEnvironment(found, undefined, { signal })
    await ensureEnvironment(found, Buffer.from('# none\n'), { signal })
    const named = await findPython({ ...WISHES, python: findTool('python3') }, folder)
    await ensureEnvironment(named, Buffer.from('numpy'), { signal })
    expect(await readdir(folder)).toEqual([])
  })

  test('that cannot be had is said, with what to do, and leaves nothing behind', { timeout: 120_000 }, async () => {
    const settings = await findPython(WISHES, folder)
    const lines = '--no-index\nslipway-has-no-such-package==1\n'
    const built = ensureEnvironment(settings, Buffer.from(lines), { signal })
    await expect(built).rejects.toMatchObject({ code: 'unavailable', message: /name its Python with --python/ })
    expect(await readdir(join(folder, 'python'))).toEqual([])
  })
})
