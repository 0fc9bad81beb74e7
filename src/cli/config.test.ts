import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateReference } from '../../scripts/generated-files.ts'
import { createKey } from '../auth/api-key.ts'
import { COMMANDS } from './commands.ts'
import { checkServeOptions, pathsToServe, SERVE_OPTIONS, type ServeOptions } from './serve-options.ts'
import { isFileOption } from './config-file.ts'
import { parseOptions, type OptionSpec } from './options.ts'
import { configSchema } from './reference.ts'
import { runHere } from './testing.fixture.ts'

let folder = ''
let file = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-config-'))
  file = join(folder, 'slipway.json')
  const document = {
    models: ['a.onnx', 'b.onnx'],
    port: 1,
    timeoutMs: 2000,
    serve: { port: 2, workers: 0, plan: 'off-loop' },
    batch: { chunkRows: 4096 },
  }
  await writeFile(file, JSON.stringify(document))
})
afterAll(() => rm(folder, { recursive: true }))

function serveOptions(...args: string[]): ServeOptions {
  return parseOptions(SERVE_OPTIONS, args, {}).options
}

describe('slipway config', () => {
  test('prints every option of serve with its value and where that came from', async () => {
    const env = { SLIPWAY_WORKERS: '3', PORT: '4', SLIPWAY_CONFIG: file }
    const { code, stdout, stderr } = await runHere(['config', '--json', '--host', '::1', '--watch', 'c.onnx'], env)
    expect([code, stderr]).toEqual([0, ''])
    const printed = JSON.parse(stdout) as Record<string, unknown>
    expect(Object.keys(printed)).toEqual(Object.keys(SERVE_OPTIONS))
    expect(printed).toMatchObject({
      host: { value: '::1', from: 'flag', flag: '--host' },
      watch: { value: true, from: 'flag', flag: '--watch' },
      port: { value: 4, from: 'variable', variable: 'PORT' },
      workers: { value: 3, from: 'variable', variable: 'SLIPWAY_WORKERS' },
      plan: { value: 'off-loop', from: 'file', path: file, key: 'serve.plan' },
      timeoutMs: { value: 2000, from: 'file', path: file, key: 'timeoutMs' },
      models: { value: ['c.onnx'], from: 'arguments' },
      apiKeyFile: { value: null, from: 'default' },
      maxConnections: { value: 10_000, from: 'default' },
    })
  })

  test('prints a table for people', async () => {
    const { stdout } = await runHere(['config', '--config', file, '--tls-key', 'key.pem'])
    for (const line of [
      /^option +value +from$/m,
      new RegExp(`^port +2 +file ${file}, serve\\.port$`, 'm'),
      new RegExp(`^models +a\\.onnx, b\\.onnx +file ${file}, models$`, 'm'),
      /^tlsKey +key\.pem +flag --tls-key$/m,
      /^host +127\.0\.0\.1 +default$/m,
      /^apiKeyFile +- +default$/m,
    ])
      expect(stdout).toMatch(line)
  })

  test('and serve are set by the same section', async () => {
    const path = join(folder, 'wrong.json')
    await writeFile(path, JSON.stringify({ serve: { port: 'x' } }))
    for (const command of ['config', 'serve', 'batch'])
      expect(await runHere([command, '--config', path])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`"serve.port" in "${path}" is a string; it takes a whole number`),
      })
  })

  test('reads a mistake in a file as JSON where the file asks for JSON', async () => {
    const path = join(folder, 'json.json')
    await writeFile(path, JSON.stringify({ json: true }))
    const { code, stdout } = await runHere(['serve', '--config', path])
    expect([code, (JSON.parse(stdout) as { error: unknown }).error]).toEqual([
      2,
      expect.objectContaining({ message: 'name at least one model file, bundle or folder' }),
    ])
  })

  test.each(['text', 'json'])('shows no key, wherever one was put (%s)', async (form) => {
    const canary = createKey()
    const path = join(folder, `${form}.json`)
    await writeFile(path, JSON.stringify({ data: canary, models: [canary] }))
    const args = form === 'json' ? ['--json'] : []
    const env = { SLIPWAY_TLS_CERT: canary, SLIPWAY_CONFIG: path }
    const { code, stdout } = await runHere(['config', ...args, '--api-key-file', canary, '--name', canary], env)
    expect(code).toBe(0)
    expect(stdout.match(/slw_…/g)?.length).toBe(5)
    expect(stdout).not.toContain(canary.slice(4, 20))
  })
})

describe('no mistake with a key', () => {
  const canary = createKey()
  test.each<[string, string[], Record<string, string>]>([
    ['as a flag', ['serve', `--${canary}`], {}],
    ['as the value of a flag', ['serve', `--api-key=${canary}`], {}],
    ['for a number', ['serve', 'm', '--port', canary], {}],
    ['for a number in a variable', ['serve', 'm'], { SLIPWAY_PORT: canary }],
    ['for a choice', ['serve', 'm', '--plan', canary], {}],
    ['for yes or no', ['serve', 'm', `--watch=${canary}`], {}],
    ['for an address', ['serve', 'm', '--host', canary], {}],
    ['for a model', ['inspect', canary], {}],
    ['for a file of options', ['config', '--config', canary], {}],
    ['for a command', [canary], {}],
    ['for a word', ['key', 'list', '--file', canary], {}],
    ['for a date', ['key', 'new', '--expires', canary], {}],
    ['for scopes', ['key', 'new', '--scopes', canary], {}],
    ['for a name with more', ['key', 'new', '--name', `../${canary}`], {}],
    ['behind much else', ['serve', 'm', '--port', `${'x'.repeat(60)}${canary}`], {}],
  ])('%s tells that key', async (_where, args, env) => {
    for (const form of [[], ['--json']]) {
      const { code, stdout, stderr } = await runHere([...args, ...form], env)
      expect(code).not.toBe(0)
      expect(stdout + stderr).not.toContain(canary.slice(4, 14))
    }
  })
})

describe('the options', () => {
  test('of one name are of one type in every command', async () => {
    const types = new Map<string, Set<string>>()
    for (const { load } of COMMANDS)
      for (const [name, spec] of Object.entries((await load()).options)) {
        if (spec.isFlagOnly) continue
        const of = types.get(name) ?? new Set()
        types.set(name, of.add(spec.type))
      }
    expect([...types].filter(([, of]) => of.size > 1)).toEqual([])
  })

  test('that a file may set and the commands share no name', async () => {
    const names = new Set(COMMANDS.map(({ name }) => name))
    const options = (await Promise.all(COMMANDS.map(({ load }) => load()))).flatMap(({ options }) =>
      Object.entries(options).flatMap(([name, spec]) => (isFileOption(name, spec) ? [name] : [])),
    )
    expect(options.filter((name) => names.has(name))).toEqual([])
  })

  test('of serve have defaults within their own bounds', () => {
    for (const spec of Object.values<OptionSpec>(SERVE_OPTIONS)) {
      if (spec.type === 'number' && spec.default !== undefined)
        expect(spec.default >= spec.min && spec.default <= spec.max).toBe(true)
      if (spec.type === 'choice') expect(spec.values).toContain(spec.default)
    }
  })

  test.each([['127.0.0.1'], ['127.8.9.1'], ['::1']])('let only this machine reach %s', (host) => {
    expect(() => checkServeOptions(serveOptions('--host', host))).not.toThrow()
  })

  test.each([['0.0.0.0'], ['192.0.2.1'], ['::'], ['::ffff:127.0.0.1'], ['2001:db8::1']])(
    'let others reach %s only with keys, or by an explicit word',
    (host) => {
      expect(() => checkServeOptions(serveOptions('--host', host))).toThrow(/--api-key-file, or say --insecure/)
      expect(() => checkServeOptions(serveOptions('--host', host, '--api-key-file', 'keys'))).not.toThrow()
      expect(() => checkServeOptions(serveOptions('--host', host, '--insecure'))).not.toThrow()
    },
  )

  test('take routes from Vertex AI, below our own words', () => {
    const env = { AIP_PREDICT_ROUTE: '/predict', AIP_HEALTH_ROUTE: '/health', SLIPWAY_HEALTH_ROUTE: '/well' }
    const { options } = parseOptions(SERVE_OPTIONS, [], env)
    expect(options).toMatchObject({ predictRoute: '/predict', healthRoute: '/well' })
    expect(parseOptions(SERVE_OPTIONS, ['--predict-route', '/v1/a:predict'], env).options.predictRoute).toBe(
      '/v1/a:predict',
    )
  })

  test.each(['/', '/predict', '/v1/endpoints/1/deployedModels/2:predict', '/a/', '/%7Ea'])(
    'take the route %s',
    (route) => {
      expect(() => checkServeOptions(serveOptions('--predict-route', route, '--health-route', route))).not.toThrow()
    },
  )

  test.each(['predict', '/a?b', '/a b', '/{model}', '/a#b', '/é', `/${'a'.repeat(256)}`, 'http://a/b'])(
    'refuse the route %s, which no request can ask for',
    (route) => {
      for (const flag of ['--predict-route', '--health-route'])
        expect(() => checkServeOptions(serveOptions(flag, route))).toThrow(/route is ".+"; it takes a path/)
    },
  )

  test('say what to serve where no path is given', () => {
    expect(pathsToServe(['a'], serveOptions('--models', 'b', '--model', 'c'))).toEqual(['a'])
    expect(pathsToServe([], serveOptions('--models', 'b,d', '--model', 'c'))).toEqual(['b', 'd'])
    expect(pathsToServe([], serveOptions('--model', 'c,d'))).toEqual(['c,d'])
    expect(() => pathsToServe([], serveOptions())).toThrow(/name at least one model/)
  })
})

describe('the schema of configuration files', () => {
  test('is printed, and is a schema that the printed example fits', async () => {
    const { code, stdout } = await runHere(['config', '--schema'])
    expect(code).toBe(0)
    const validate = new Ajv2020({ strict: true }).compile(JSON.parse(stdout) as object)
    expect(validate(JSON.parse(await readFile(file, 'utf8')))).toBe(true)
    const page = (await generateReference()).get('docs/configuration.md') ?? ''
    expect(validate(JSON.parse(/```json\n([^`]+)```/.exec(page)?.[1] ?? ''))).toBe(true)
  })

  test.each([
    { prot: 1 },
    { port: '1' },
    { port: 70_000 },
    { port: 1.5 },
    { plan: 'slow' },
    { watch: 'yes' },
    { models: 'a' },
    { models: [''] },
    { host: 1 },
    { serve: { prot: 1 } },
    { serve: { chunkRows: 1 } },
    { serve: [] },
    { config: {} },
    { key: { name: 'x' } },
    { scopes: 'inference' },
    { $schema: 1 },
  ])('refuses what the program refuses: %j', async (document) => {
    const validate = new Ajv2020({ strict: true }).compile(await configSchema(COMMANDS))
    expect(validate(document)).toBe(false)
    const path = join(folder, 'refused.json')
    await writeFile(path, JSON.stringify(document))
    expect((await runHere(['config', '--config', path])).code).toBe(2)
  })
})

test('the page of all options is made from them', async () => {
  for (const [path, text] of await generateReference())
    expect(await readFile(join(import.meta.dirname, '../..', path), 'utf8')).toBe(text)
})
