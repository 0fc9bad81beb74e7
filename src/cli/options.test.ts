import { describe, expect, test } from 'vitest'
import { describeOptions, flagOf, parseOptions, UsageError, variableOf, type OptionTable } from './options.ts'

const TABLE = {
  host: { type: 'string', value: 'ADDRESS', default: '127.0.0.1', doc: 'where to listen' },
  out: { type: 'string', value: 'PATH', doc: 'where it goes' },
  maxBodyBytes: { type: 'number', value: 'BYTES', default: 100, min: 1, max: 1000, doc: 'largest body' },
  port: {
    type: 'number',
    value: 'PORT',
    min: 0,
    max: 65_535,
    doc: 'port',
    platformVariables: ['AIP_HTTP_PORT', 'PORT'],
  },
  json: { type: 'boolean', doc: 'print JSON' },
} as const satisfies OptionTable

function parse(args: readonly string[] = [], env: Record<string, string> = {}) {
  return parseOptions(TABLE, args, env)
}

describe('an option', () => {
  test('is its flag, else its variable, else a variable of the platform, else its default', () => {
    const env = { SLIPWAY_HOST: '::1', SLIPWAY_MAX_BODY_BYTES: '7', SLIPWAY_JSON: 'yes', SLIPWAY_PORT: '2', PORT: '1' }
    expect(parse().options).toEqual({
      host: '127.0.0.1',
      out: undefined,
      maxBodyBytes: 100,
      port: undefined,
      json: false,
    })
    expect(parse([], env).options).toEqual({ host: '::1', out: undefined, maxBodyBytes: 7, port: 2, json: true })
    const args = ['--host', '0.0.0.0', '--max-body-bytes=8', '--port', '3']
    expect(parse(args, env).options).toEqual({ host: '0.0.0.0', out: undefined, maxBodyBytes: 8, port: 3, json: true })
    expect(parse([], { PORT: '1', AIP_HTTP_PORT: '4' }).options.port).toBe(4)
  })

  test('whose variable is empty has its default', () => {
    expect(parse([], { SLIPWAY_HOST: '', SLIPWAY_PORT: '', PORT: '5' }).options).toMatchObject({
      host: '127.0.0.1',
      port: 5,
    })
  })

  test('that is given twice has its last value', () => {
    expect(parse(['--host', 'a', '--host', 'b']).options.host).toBe('b')
  })

  test('stands anywhere among the other words', () => {
    expect(parse(['a', '--json', 'b', '--out=-', '--', '--c'])).toEqual({
      options: expect.objectContaining({ json: true, out: '-' }),
      positionals: ['a', 'b', '--c'],
    })
  })

  test.each([
    ['1', true],
    ['TRUE', true],
    ['on', true],
    ['0', false],
    ['No', false],
    ['off', false],
  ])('that is yes or no takes %s from its variable', (text, value) => {
    expect(parse([], { SLIPWAY_JSON: text }).options.json).toBe(value)
  })

  test('has its name in capitals as its variable', () => {
    expect(variableOf('maxBodyBytes')).toBe('SLIPWAY_MAX_BODY_BYTES')
    expect(flagOf('maxBodyBytes')).toBe('--max-body-bytes')
  })
})

describe('wrong usage', () => {
  test.each<[string, string[], Record<string, string>, RegExp]>([
    ['an unknown flag', ['--prot', '1'], {}, /'--prot'/],
    ['a flag without its value', ['--host'], {}, /--host/],
    ['a value for a flag that takes none', ['--json=1'], {}, /--json/],
    [
      'too small a number',
      ['--max-body-bytes', '0'],
      {},
      /^--max-body-bytes is "0"; it takes a whole number from 1 to 1000$/,
    ],
    ['too large a number', ['--max-body-bytes', '1001'], {}, /is "1001"/],
    ['a negative number', ['--port=-1'], {}, /^--port is "-1"/],
    ['a fraction', ['--port', '80.5'], {}, /is "80.5"/],
    ['a word for a number', ['--port', 'http'], {}, /is "http"/],
    ['a hexadecimal number', ['--port', '0x50'], {}, /is "0x50"/],
    ['nothing for a number', ['--port', ''], {}, /is ""/],
    ['a number out of range from a variable', [], { SLIPWAY_MAX_BODY_BYTES: '0' }, /^SLIPWAY_MAX_BODY_BYTES is "0"/],
    [
      'a number out of range from the platform',
      [],
      { PORT: '99999' },
      /^PORT is "99999"; it takes a whole number from 0 to 65535$/,
    ],
    ['neither yes nor no', [], { SLIPWAY_JSON: 'maybe' }, /^SLIPWAY_JSON is "maybe"; it takes true or false$/],
  ])('is %s', (_what, args, env, message) => {
    expect(() => parse(args, env)).toThrow(UsageError)
    expect(() => parse(args, env)).toThrow(message)
  })
})

test('the help names every flag with its value, its default and its variables', () => {
  expect(describeOptions(TABLE)).toBe(
    [
      '  --host ADDRESS               where to listen (default 127.0.0.1) [SLIPWAY_HOST]',
      '  --out PATH                   where it goes [SLIPWAY_OUT]',
      '  --max-body-bytes BYTES       largest body (default 100) [SLIPWAY_MAX_BODY_BYTES]',
      '  --port PORT                  port [SLIPWAY_PORT, AIP_HTTP_PORT, PORT]',
      '  --json                       print JSON [SLIPWAY_JSON]',
    ].join('\n'),
  )
})
