import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseOptions } from './options.ts'
import { checkPlatform, packageCommand } from './package.ts'

const folder = mkdtempSync(join(tmpdir(), 'slipway-package-'))
afterAll(() => rmSync(folder, { recursive: true }))
const out = join(folder, 'layout')

function run(args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  const { options, positionals } = parseOptions(packageCommand.options, args, env)
  const silent = { write: () => true }
  const context = { env, stdout: silent, stderr: silent, signal: new AbortController().signal }
  return packageCommand.run(positionals, options, context)
}

describe('wrong usage is told before any work is done', () => {
  test.each([
    ['no model', ['--out', out]],
    ['two models', ['a.onnx', 'b.onnx', '--out', out]],
    ['no layout', ['a.onnx']],
    ['a tag that registries refuse', ['a.onnx', '--out', out, '--tag', 'no:tag']],
    ['wheels without an image to stand on', ['a.onnx', '--out', out, '--wheels', folder]],
    ['requirements without one', ['a.onnx', '--out', out, '--requirements', 'requirements.txt']],
    ['an unknown processor', ['a.onnx', '--out', out, '--arch', 'mips']],
  ])('%s', async (_word, args) => {
    await expect(run(args)).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(existsSync(out)).toBe(false)
  })

  test('a time that is no number of seconds', async () => {
    const failure = run(['a.onnx', '--out', out], { SOURCE_DATE_EPOCH: 'yesterday' })
    await expect(failure).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('1970') })
  })
})

test('a machine that is not Linux is told where images can be made', () => {
  expect(() => checkPlatform('linux')).not.toThrow()
  for (const platform of ['darwin', 'win32'])
    expect(() => checkPlatform(platform)).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('on Linux') }),
    )
})

test.skipIf(process.platform !== 'linux')('a model that is not there leaves no layout', async () => {
  const failure = run([join(folder, 'missing.onnx'), '--out', out, '--data', join(folder, 'data')])
  await expect(failure).rejects.toMatchObject({ code: 'not_found' })
  expect(existsSync(out)).toBe(false)
})

test.skipIf(process.platform !== 'linux')(
  'an image to stand on that is not there is told before anything is compiled',
  async () => {
    const failure = run([join(folder, 'missing.onnx'), '--out', out, '--base', join(folder, 'nothing')])
    await expect(failure).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('no base image'),
    })
  },
)
