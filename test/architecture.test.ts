import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { describe, expect, test } from 'vitest'

/** The walls of the house: which rooms of `src/` a room may import. Moving a wall means changing this table. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  auth: ['core'],
  tensor: ['core'],
  codecs: ['core', 'tensor'],
  onnx: ['core', 'tensor'],
  formats: ['core', 'tensor', 'codecs'],
  storage: ['core'],
  bundle: ['core', 'tensor', 'storage'],
  compiler: ['core', 'tensor', 'onnx', 'formats', 'bundle'],
  engines: ['core', 'tensor', 'onnx', 'bundle'],
  api: ['core', 'auth'],
  control: ['core', 'api', 'auth'],
  client: ['core', 'auth', 'api'],
  runtime: ['core', 'tensor', 'bundle', 'engines', 'api', 'auth'],
  protocols: ['core', 'auth', 'tensor', 'codecs', 'runtime'],
  batch: ['core', 'tensor', 'codecs', 'storage', 'runtime'],
  telemetry: ['core', 'tensor', 'runtime', 'protocols'],
  packaging: ['core', 'bundle', 'storage'],
  hosts: ['core', 'protocols', 'runtime', 'batch'],
  server: [
    'core',
    'auth',
    'api',
    'control',
    'tensor',
    'codecs',
    'onnx',
    'formats',
    'compiler',
    'storage',
    'bundle',
    'engines',
    'runtime',
    'protocols',
    'telemetry',
    'batch',
    'hosts',
    'packaging',
  ],
  cli: [
    'core',
    'auth',
    'api',
    'control',
    'client',
    'tensor',
    'codecs',
    'onnx',
    'formats',
    'compiler',
    'storage',
    'bundle',
    'engines',
    'runtime',
    'protocols',
    'telemetry',
    'batch',
    'hosts',
    'packaging',
    'server',
  ],
}

const src = resolve(import.meta.dirname, '../src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

/** Paths that a file imports from within `src/`; type imports count too. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/g)].map((match) => match[1] ?? '')
}

/** Imports of one file that the table forbids, in words. */
export function breaches(file: string, text: string): string[] {
  const room = file.split(sep)[0] ?? ''
  const found: string[] = []
  for (const path of importsOf(text)) {
    const target = relative(src, resolve(join(src, file), '..', path))
    const targetRoom = target.split(sep)[0] ?? ''
    if (targetRoom === room) continue
    const isTestSupport = targetRoom === '..' && file.endsWith('.test.ts')
    if (isTestSupport) continue
    if (!MAY_IMPORT[room]?.includes(targetRoom))
      found.push(`src/${file} imports ${target}: ${room} may not import ${targetRoom}`)
  }
  return found
}

describe('the walls of the house', () => {
  test('every room stands in the table', () => {
    const rooms = new Set(files.map((file) => file.split(sep)[0] ?? ''))
    expect([...rooms].filter((room) => !(room in MAY_IMPORT))).toEqual([])
  })

  test('no file imports a room that its own may not know', () => {
    // A test may use any room: it stands outside the house and looks in.
    const own = files.filter((file) => !file.endsWith('.test.ts'))
    expect(own.flatMap((file) => breaches(file, readFileSync(join(src, file), 'utf8')))).toEqual([])
  })

  test('a breach is found, also by a type import', () => {
    const text = `import type { Handle } from '../protocols/protocol.ts'`
    expect(breaches(join('runtime', 'plane.ts'), text)).toHaveLength(1)
  })
})
