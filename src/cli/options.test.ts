import { describe, expect, test } from 'vitest'
import {
  describeOptions,
  flagOf,
  parseOptions,
  UsageError,
  variableOf,
  type FileLayer,
  type OptionTable,
} from './options.ts'

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
  plan: { type: 'choice', values: ['auto', 'fast'], default: 'auto', doc: 'how' },
  level: { type: 'choice', values: ['low', 'high'], doc: 'how much' },
  models: { type: 'list', value: 'PATHS', doc: 'which' },
  noHeader: { type: 'boolean', doc: 'no header' },
  only: { type: 'string', value: 'TEXT', isFlagOnly: true, doc: 'this once' },
} as const satisfies OptionTable

const REST = { plan: 'auto', level: undefined, models: [], noHeader: false, only: undefined }

function parse(args: readonly string[] = [], env: Record<string, string> = {}, file?: Record<string, unknown>) {
  return parseOptions(TABLE, args, env, file === undefined ? undefined : layer(file))
}

function layer(values: Record<string, unknown>): FileLayer {
  const entries = Object.entries(values).map(([key, value]) => [key, { key: `serve.${key}`, value }] as const)
  return { path: 'slipway.json', values: new Map(entries) }
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
      ...REST,
    })
    expect(parse([], env).options).toEqual({
      host: '::1',
      out: undefined,
      maxBodyBytes: 7,
      port: 2,
      json: true,
      ...REST,
    })
    const args = ['--host', '0.0.0.0', '--max-body-bytes=8', '--port', '3']
    expect(parse(args, env).options).toMatchObject({ host: '0.0.0.0', maxBodyBytes: 8, port: 3, json: true })
    expect(parse([], { PORT: '1', AIP_HTTP_PORT: '4' }).options.port).toBe(4)
  })

  test('is what a file says, where neither flag nor variable do, and tells where it came from', () => {
    const file = { host: 'from file', maxBodyBytes: 9, port: 4, json: true, plan: 'fast', level: 'low', models: ['a'] }
    const { options, sources } = parse(['--port', '1', '--no-json'], { SLIPWAY_HOST: '::1' }, file)
    expect(options).toEqual({
      host: '::1',
      out: undefined,
      maxBodyBytes: 9,
      port: 1,
      json: false,
      ...REST,
      plan: 'fast',
      level: 'low',
      models: ['a'],
    })
    expect(sources).toMatchObject({
      host: { from: 'variable', variable: 'SLIPWAY_HOST' },
      out: { from: 'default' },
      maxBodyBytes: { from: 'file', path: 'slipway.json', key: 'serve.maxBodyBytes' },
      port: { from: 'flag', flag: '--port' },
    })
    expect(parse([], { PORT: '5' }).sources).toMatchObject({ port: { from: 'variable', variable: 'PORT' } })
  })

  test('that is yes or no is taken back by its no, and the last word counts', () => {
    expect(parse(['--no-json'], { SLIPWAY_JSON: '1' }).options.json).toBe(false)
    expect(parse(['--no-json', '--json']).options.json).toBe(true)
    expect(parse(['--json', '--no-json']).options.json).toBe(false)
    expect(parse(['--no-header']).options.noHeader).toBe(true)
  })

  test('of several texts is separated by commas', () => {
    expect(parse(['--models', 'a.onnx, b']).options.models).toEqual(['a.onnx', 'b'])
    expect(parse([], { SLIPWAY_MODELS: 'a' }).options.models).toEqual(['a'])
  })

  test('that belongs to one call has no variable', () => {
    expect(parse([], { SLIPWAY_ONLY: 'x' }).options.only).toBeUndefined()
    expect(parse(['--only', 'x']).options.only).toBe('x')
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
    expect(parse(['a', '--json', 'b', '--out=-', '--', '--c'])).toMatchObject({
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
    ['an unknown flag', ['--prot', '1'], {}, /^there is no option "--prot": did you mean --port\?$/],
    ['a flag like no other', ['--nope=slw_secret'], {}, /^there is no option "--nope": see --help for those/],
    ['a flag of one letter', ['-p'], {}, /^there is no option "-p": see --help/],
    ['a flag with one dash', ['-json'], {}, /^there is no option "-j": see --help/],
    ['a flag without its value', ['--host'], {}, /^--host is followed by nothing; it takes a text$/],
    [
      'a flag where another has its value',
      ['--plan', '--json'],
      {},
      /^--plan is followed by the option "--json"; it takes one of "auto", "fast" \(--plan=… for one/,
    ],
    [
      'a value for a flag that takes none',
      ['--json=1'],
      {},
      /^--json is yes by being there and takes no value, found "1"/,
    ],
    ['a value for its no', ['--no-json=1'], {}, /^--no-json is yes by being there/],
    ['a number below zero', ['--port', '-1'], {}, /^--port is "-1"; it takes a whole number from 0/],
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
    ['a choice that there is not', ['--plan', 'slow'], {}, /^--plan is "slow"; it takes one of "auto", "fast"$/],
    ['a choice of objects', ['--plan', '__proto__'], {}, /^--plan is "__proto__"/],
    ['an empty text in a list', ['--models', 'a,,b'], {}, /^--models is "a,,b"; it takes texts, none of them empty$/],
    ['a no for what has values', ['--no-host'], {}, /^there is no option "--no-host"/],
    ['neither yes nor no', [], { SLIPWAY_JSON: 'maybe' }, /^SLIPWAY_JSON is "maybe"; it takes true or false$/],
  ])('is %s', (_what, args, env, message) => {
    expect(() => parse(args, env)).toThrow(UsageError)
    expect(() => parse(args, env)).toThrow(message)
  })
})

describe('a value in a file that does not fit', () => {
  test.each<[string, unknown, RegExp]>([
    ['port', '8080', /^"serve.port" in "slipway.json" is a string; it takes a whole number from 0 to 65535$/],
    ['port', 70_000, /is "70000"; it takes a whole number/],
    ['port', 80.5, /is "80.5"/],
    ['port', null, /is null/],
    ['port', [1], /is a list/],
    ['port', {}, /is an object/],
    ['json', 'true', /is a string; it takes true or false$/],
    ['json', 1, /is "1"; it takes true or false$/],
    ['host', 1, /is "1"; it takes a text$/],
    ['plan', 'slow', /is "slow"; it takes one of "auto", "fast"$/],
    ['plan', 1, /is "1"; it takes one of/],
    ['models', 'a.onnx', /is a string; it takes texts, none of them empty$/],
    ['models', ['a', 1], /is a list; it takes texts/],
    ['models', [''], /is a list; it takes texts/],
  ])('is refused with its key and its file (%s: %j)', (key, value, message) => {
    expect(() => parse([], {}, { [key]: value })).toThrow(UsageError)
    expect(() => parse([], {}, { [key]: value })).toThrow(message)
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
      '  --plan auto|fast             how (default auto) [SLIPWAY_PLAN]',
      '  --level low|high             how much [SLIPWAY_LEVEL]',
      '  --models PATHS               which [SLIPWAY_MODELS]',
      '  --no-header                  no header [SLIPWAY_NO_HEADER]',
      '  --only TEXT                  this once',
    ].join('\n'),
  )
})

test('what the help says of a long flag begins below it, where the others begin', () => {
  const values = ['at-first-this', 'and-then-that']
  expect(describeOptions({ mode: { type: 'choice', isFlagOnly: true, values, doc: 'how' } })).toBe(
    `  --mode at-first-this|and-then-that\n${' '.repeat(31)}how`,
  )
})

describe('an option that takes fractions', () => {
  const table = {
    rtol: { type: 'number', value: 'R', default: 1e-5, min: 0, max: 1, isFraction: true, doc: 'how far' },
  } as const

  test.each([
    ['0.01', 0.01],
    ['1e-7', 1e-7],
    ['.5', 0.5],
    ['1', 1],
  ])('reads %s', (given, value) => {
    expect(parseOptions(table, ['--rtol', given], {}).options.rtol).toBe(value)
    expect(parseOptions(table, [], { SLIPWAY_RTOL: given }).options.rtol).toBe(value)
  })

  test.each(['2', '-0.1', 'e5', '0x1', 'NaN', '1e', ''])('refuses %j', (given) => {
    expect(() => parseOptions(table, [`--rtol=${given}`], {})).toThrow(/--rtol|it takes a number from 0 to 1/)
  })
})
