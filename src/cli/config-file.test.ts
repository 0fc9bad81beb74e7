import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Command, ListedCommand } from './command.ts'
import { readConfigFile } from './config-file.ts'
import { UsageError, type OptionTable } from './options.ts'

const SERVE = {
  port: { type: 'number', value: 'PORT', min: 0, max: 65_535, doc: 'port' },
  name: { type: 'string', value: 'NAME', doc: 'name' },
  models: { type: 'list', value: 'PATHS', doc: 'models' },
  once: { type: 'boolean', isFlagOnly: true, doc: 'once' },
  config: { type: 'string', value: 'PATH', doc: 'this file' },
} as const satisfies OptionTable

const BATCH = {
  chunkRows: { type: 'number', value: 'N', min: 1, max: 10, doc: 'rows' },
  name: SERVE.name,
} as const satisfies OptionTable

let loaded: string[] = []

function listed(name: string, options: OptionTable, section?: string): ListedCommand {
  const command: Command = {
    usage: '',
    options,
    ...(section === undefined ? {} : { section }),
    run: () => Promise.resolve(0),
  }
  return { name, summary: '', load: () => (loaded.push(name), Promise.resolve(command)) }
}

const COMMANDS = [listed('serve', SERVE), listed('batch', BATCH), listed('config', SERVE, 'serve')]

let folder = ''
let count = 0
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'slipway-config-'))))
afterAll(() => rm(folder, { recursive: true }))

async function read(
  document: unknown,
  section = 'serve',
  table: OptionTable = SERVE,
): Promise<Record<string, unknown>> {
  const path = join(folder, `${count++}.json`)
  await writeFile(
    path,
    typeof document === 'string' || document instanceof Buffer ? document : JSON.stringify(document),
  )
  loaded = []
  const { values } = await readConfigFile(path, section, table, COMMANDS)
  return Object.fromEntries([...values].map(([name, { key, value }]) => [name, [key, value]]))
}

describe('a configuration file', () => {
  const document = {
    $schema: './slipway.schema.json',
    port: 1,
    name: 'all',
    models: ['a'],
    chunkRows: 5,
    batch: { name: 'rows' },
    serve: { port: 2 },
  }

  test("sets a command's options, those of its section over the others", async () => {
    expect(await read(document)).toEqual({
      port: ['serve.port', 2],
      name: ['name', 'all'],
      models: ['models', ['a']],
    })
    expect(await read(document, 'batch', BATCH)).toEqual({ name: ['batch.name', 'rows'], chunkRows: ['chunkRows', 5] })
    expect(await read({})).toEqual({})
  })

  test('for one command loads no other', async () => {
    await read({ port: 1 })
    expect(loaded).toEqual([])
    await read({ chunkRows: 1 })
    expect(loaded).toEqual(['serve', 'batch'])
  })

  test.each<[string, unknown, RegExp]>([
    [
      'an unknown key',
      { prot: 1 },
      /^"prot" in ".*\.json" is no option of any command, and no command; `slipway config --schema` lists/,
    ],
    ['an unknown key in a section', { serve: { prot: 1 } }, /^"serve.prot" in ".*" is no option of slipway serve/],
    ["another command's option in a section", { serve: { chunkRows: 1 } }, /^"serve.chunkRows" in/],
    ['an unknown key for another command', { batch: { prot: 1 } }, /^"batch.prot" in/],
    ['a wrong value', { port: 'x' }, /^"port" in ".*" is a string; it takes a whole number from 0 to 65535$/],
    ['a wrong value below a right one', { port: 'x', serve: { port: 1 } }, /^"port" in/],
    ['a wrong value for another command', { chunkRows: 11 }, /^"chunkRows" in ".*" is "11"; it takes a whole number/],
    ['a wrong value in the section of another', { batch: { chunkRows: 0 } }, /^"batch.chunkRows" in/],
    ['a section that is no object', { batch: [] }, /^"batch" in ".*" is no object of options of slipway batch$/],
    [
      'a section of a command without one',
      { config: {} },
      /^"config" in ".*" is no section: the command reads that of serve$/,
    ],
    ['an option of one call', { once: true }, /^"once" in ".*" is given by its flag, not in a file$/],
    ['another file', { serve: { config: 'x' } }, /^"serve.config" in ".*" is given by its flag/],
    ['a schema that is no text', { $schema: 1 }, /^"\$schema" in/],
    ['no object', '[]', /holds no JSON object of options$/],
    ['null', 'null', /holds no JSON object/],
    ['nothing', '', /is no JSON/],
    [
      'a comment',
      '{ // port\n "port": 1 }',
      /is no JSON at line 1, column 3: comments and trailing commas have no place/,
    ],
    ['a trailing comma', '{"port": 1,}', /is no JSON/],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), /is no JSON/],
    ['a name of objects', '{"__proto__": 1}', /^"__proto__" in/],
    ['a name of objects in a section', '{"serve": {"constructor": 1}}', /^"serve.constructor" in/],
  ])('with %s is refused', async (_what, document, message) => {
    await expect(read(document)).rejects.toThrow(UsageError)
    await expect(read(document)).rejects.toThrow(message)
  })

  test('is refused without the values that stand in it', async () => {
    const canary = 'slw_canary-canary-canary-canary-canary-canary-c'
    for (const document of [
      { port: canary },
      { name: [canary] },
      { [canary]: 1 },
      { serve: { [canary]: canary } },
      `{"name": ${canary}}`,
      `{"name": "${canary}"`,
    ])
      await expect(read(document)).rejects.toSatisfy((error) => !JSON.stringify(error).includes('canary-canary'))
  })

  test('that is not there is not found, and one that is too large is not read', async () => {
    await expect(readConfigFile(join(folder, 'none'), 'serve', SERVE, COMMANDS)).rejects.toMatchObject({
      code: 'not_found',
    })
    await expect(read(' '.repeat(1024 * 1024 + 1))).rejects.toMatchObject({ code: 'too_large' })
  })
})
