import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { VERSION } from '../server/version.ts'
import { COMMANDS } from './commands.ts'
import { flagOf, variableOf } from './options.ts'
import { runHere } from './testing.fixture.ts'

const names = COMMANDS.map(({ name }) => name)

describe('help', () => {
  test.each([['--help'], ['help']])('%s lists every command', async (word) => {
    const { code, stdout, stderr } = await runHere([word])
    expect([code, stderr]).toEqual([0, ''])
    for (const { name, summary } of COMMANDS) expect(stdout).toContain(`  ${name.padEnd(10)} ${summary}\n`)
  })

  test('is given to who says nothing, as a mistake', async () => {
    const { code, stdout } = await runHere([])
    expect(code).toBe(2)
    expect(stdout).toContain('usage: slipway <command>')
  })

  test.each(names)('of %s tells its usage and every option', async (name) => {
    for (const flag of ['--help', '-h']) {
      const { code, stdout, stderr } = await runHere([name, 'whatever', flag])
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toContain(`usage: slipway ${name} `)
      const command = await COMMANDS.find((each) => each.name === name)?.load()
      for (const [option, spec] of Object.entries(command?.options ?? {})) {
        expect(stdout).toContain(`  ${flagOf(option)} `)
        expect(stdout.includes(`[${variableOf(option)}`)).toBe(spec.isFlagOnly !== true)
      }
      expect(stdout).toContain('[SLIPWAY_CONFIG]')
    }
  })

  test('the version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string
    }
    expect(VERSION).toBe(version)
    expect(await runHere(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe('a mistake', () => {
  test('in the command is told with the commands that there are', async () => {
    const { code, stdout, stderr } = await runHere(['sevre', 'x'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toBe(
      `slipway: there is no command "sevre": did you mean serve?\nusage: slipway <command> …; more with --help\n`,
    )
  })

  test.each(names)('in a flag of %s is told with its usage', async (name) => {
    const { code, stdout, stderr } = await runHere([name, '--no-such-flag'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(new RegExp(`^slipway: .*--no-such-flag.*\nusage: slipway ${name} .*; more with --help\n$`))
  })

  test.each(names)('of %s with --json is one JSON document on stdout', async (name) => {
    const { code, stdout, stderr } = await runHere([name, '--json', '--no-such-flag'])
    expect([code, stderr]).toEqual([2, ''])
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'invalid_argument', message: expect.stringContaining('--no-such-flag'), details: {} },
    })
  })

  test.each<[string, string[], number, RegExp]>([
    ['nothing to serve', ['serve'], 2, /name at least one model file, bundle or folder/],
    [
      'a port out of range',
      ['serve', 'm', '--port', '70000'],
      2,
      /--port is "70000"; it takes a whole number from 0 to 65535/,
    ],
    ['a name that cannot be one', ['serve', 'm', '--name', '../x'], 2, /--name is "..\/x"; a name is 1 to 63 letters/],
    [
      'a host that is a name',
      ['serve', 'm', '--host', 'localhost'],
      2,
      /takes a numeric address such as 127.0.0.1, found "localhost"/,
    ],
    [
      'an address that others reach',
      ['serve', 'm', '--host', '0.0.0.0'],
      1,
      /0.0.0.0 can be reached .* --api-key-file, or say --insecure/,
    ],
    [
      'a certificate without its key',
      ['serve', 'm', '--tls-cert', 'cert.pem'],
      2,
      /--tls-key is missing: HTTPS needs both/,
    ],
    ['a key without its certificate', ['serve', 'm', '--tls-key', 'key.pem'], 2, /--tls-cert is missing/],
    ['a plan that there is not', ['serve', 'm', '--plan', 'slow'], 2, /--plan is "slow"; it takes one of "auto"/],
    [
      'a configuration that is not there',
      ['serve', 'm', '--config', 'nothing.json'],
      1,
      /there is no file "nothing.json"/,
    ],
    ['any IPv6 address', ['serve', 'm', '--host', '::'], 1, /:: can be reached/],
    ['an IPv4 address in IPv6', ['serve', 'm', '--host', '::ffff:127.0.0.1'], 1, /can be reached/],
    ['a model that is not there', ['serve', 'nothing.onnx'], 1, /there is no file or folder "nothing.onnx"/],
    ['nothing to inspect', ['inspect'], 2, /name one model file, bundle or folder with code/],
    ['two to inspect', ['inspect', 'a', 'b'], 2, /name one model file, bundle or folder with code/],
    ['nothing to compile', ['compile', '--out', 'x'], 2, /name one model file or bundle/],
    ['nothing to predict with', ['predict'], 2, /name one model file or bundle/],
    [
      'a missing request',
      ['predict', 'examples/fraud/fraud.onnx', '--in', 'nothing.json'],
      1,
      /"nothing.json" cannot be read/,
    ],
  ])('of %s is told', async (_what, args, code, message) => {
    const ran = await runHere(args)
    expect(ran.stderr).toMatch(message)
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.stderr.includes('\nusage: ')).toBe(code === 2)
  })
})

test('a failure prints as JSON what a program needs', () => {
  const error = new ServingError('refused', 'no', { details: { reason: 'x' }, cause: new Error('a path') })
  expect(JSON.stringify(error)).toBe('{"error":{"code":"refused","message":"no","details":{"reason":"x"}}}')
})
