import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generate } from '../../scripts/generated-files.ts'
import { parseManifest } from './parse-manifest.ts'
import { MANIFEST_FILE } from './manifest.ts'
import { sampleBundle } from './sample-bundle.fixture.ts'

type Document = Record<string, unknown>

function parse(document: unknown) {
  return parseManifest(new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document)))
}

/** The sample's manifest with something done to it. */
function changed(change: (document: Document) => void): Document {
  const document = JSON.parse(Buffer.from(sampleBundle().files.get(MANIFEST_FILE) ?? '').toString()) as Document
  change(document)
  return document
}

/** The value at a path of member names and indices. */
function inside(document: Document, ...path: (string | number)[]): Document {
  return path.reduce<Document>((value, key) => value[key] as Document, document)
}

describe('parseManifest', () => {
  test('takes what makeBundle writes', () => {
    expect(parse(changed(() => {}))).toEqual(sampleBundle().manifest)
  })

  test.each([2, 99])('refuses manifest version %d by its number', (version) => {
    expect(() => parse({ manifestVersion: version, whatever: 'a newer Slipway writes' })).toThrow(
      `this bundle has manifest version ${version}; this Slipway opens up to 1: update Slipway`,
    )
  })

  test.each<[string, (document: Document) => void, string]>([
    ['no version', (document) => delete document.manifestVersion, "must have required property 'manifestVersion'"],
    ['version 0', (document) => (document.manifestVersion = 0), '/manifestVersion'],
    ['a version as text', (document) => (document.manifestVersion = '1'), '/manifestVersion'],
    ['an unknown member', (document) => (document.extra = 1), 'must NOT have additional properties'],
    ['a name that is a path', (document) => (document.name = '../x'), '/name'],
    ['no inputs', (document) => (inside(document, 'signature').inputs = []), '/signature/inputs'],
    ['an unknown datatype', (document) => (inside(document, 'signature', 'inputs', 0).datatype = 'fp32'), 'datatype'],
    [
      'a shape of 9 dimensions',
      (document) => (inside(document, 'signature', 'inputs', 0).shape = Array(9).fill(1)),
      'shape',
    ],
    ['a size of -2', (document) => (inside(document, 'signature', 'inputs', 0).shape = [-2]), 'shape'],
    ['no steps', (document) => (inside(document, 'program').steps = []), '/program/steps'],
    [
      '65 steps',
      (document) => (inside(document, 'program').steps = Array.from({ length: 65 }, () => ({}))),
      '/program/steps',
    ],
    ['an unknown kind of step', (document) => (inside(document, 'program', 'steps', 0).kind = 'shell'), 'kind'],
    [
      'a step outside the bundle',
      (document) => (inside(document, 'program', 'steps', 0).file = '../../etc/passwd'),
      'file',
    ],
    [
      'an object as tensor data',
      (document) => (inside(document, 'golden', 'inputs', 'X').data = { length: 2 }),
      'data',
    ],
    ['null in tensor data', (document) => (inside(document, 'golden', 'inputs', 'X').data = [null]), 'data'],
    ['a negative tolerance', (document) => (inside(document, 'golden', 'tolerance').relative = -1), 'relative'],
    [
      'a digest in capitals',
      (document) => (inside(document, 'files', 'model.onnx').sha256 = 'AB'.repeat(32)),
      'sha256',
    ],
    ['a fraction of a byte', (document) => (inside(document, 'files', 'model.onnx').sizeBytes = 1.5), 'sizeBytes'],
    [
      '4097 files',
      (document) => (document.files = Object.fromEntries(Array.from({ length: 4097 }, (_, i) => [`f${i}`, {}]))),
      '/files',
    ],
  ])('refuses %s and says where it is', (_what, change, where) => {
    expect(() => parse(changed(change))).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringContaining(where) }),
    )
  })

  test.each([
    '../x',
    '..',
    '.',
    './x',
    'a/../b',
    'a/./b',
    'a/..',
    '/etc/passwd',
    '//x',
    'a//b',
    'a/',
    '',
    'a\\..\\b',
    'C:x',
    'a b',
    'ä',
    'a\u0000',
    'a\n',
    `${'a/'.repeat(200)}a`,
  ])('refuses the file path %j', (path) => {
    const fact = { sha256: 'ab'.repeat(32), sizeBytes: 1 }
    const document = changed((manifest) => (manifest.files = Object.fromEntries([[path, fact]])))
    expect(() => parse(document)).toThrow(expect.objectContaining({ code: 'refused' }))
  })

  test.each(['..x', 'x..y', '...', '.hidden', 'a/b/c.onnx', '__proto__', 'constructor'])(
    'takes the file path %j',
    (path) => {
      const fact = { sha256: 'ab'.repeat(32), sizeBytes: 1 }
      const { files } = parse(changed((manifest) => (manifest.files = Object.fromEntries([[path, fact]]))))
      expect(Object.entries(files)).toEqual([[path, fact]])
    },
  )

  test('a name that is __proto__ stays a name', () => {
    const text = JSON.stringify(changed(() => {})).replaceAll('"X"', '"__proto__"')
    const { golden } = parse(text)
    expect(Object.keys(golden.inputs)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>).datatype).toBeUndefined()
  })

  test('refuses a path that is a file and a folder', () => {
    const fact = { sha256: 'ab'.repeat(32), sizeBytes: 1 }
    const document = changed((manifest) => (manifest.files = { 'a/b': fact, 'a/b/c/d': fact }))
    expect(() => parse(document)).toThrow('slipway.json names "a/b" as a file and as a folder')
  })

  test.each([
    ['text', 'no JSON'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['deep nesting', '['.repeat(200_000)],
  ])('refuses %s', (_what, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'refused' }))
  })

  test('refuses bytes that are no UTF-8', () => {
    const bytes = new TextEncoder().encode(JSON.stringify(changed(() => {})))
    bytes[bytes.indexOf(0x73)] = 0xff // an s in the text
    expect(() => parseManifest(bytes)).toThrow('slipway.json is no JSON in UTF-8')
  })

  test('a hostile manifest is answered in a line, not repeated', () => {
    try {
      parse(changed((document) => (document[`x${'y'.repeat(100_000)}`] = 1)))
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(400)
    }
  })
})

test.each([...generate()])('%s is what the schema makes', (path, text) => {
  expect(readFileSync(join(import.meta.dirname, '../..', path), 'utf8')).toBe(text)
})
