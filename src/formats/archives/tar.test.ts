import { describe, expect, test } from 'vitest'
import { gzipSync } from 'node:zlib'
import { refusal } from '../../core/refusal.fixture.ts'
import { archiveContents, openArchive } from './open-archive.ts'
import { makeTar, paxLine, type TarPart } from './tar.fixture.ts'
import { isTar, readTar } from './tar.ts'
import { makeZip } from './zip.fixture.ts'

function contents(bytes: Uint8Array): Record<string, string> {
  return Object.fromEntries([...readTar(bytes)].map(([name, content]) => [name, Buffer.from(content).toString()]))
}

const LONG = `${'folder/'.repeat(30)}model.pkl`

describe('readTar', () => {
  test.each<[string, readonly TarPart[], Record<string, string>]>([
    ['plain files', [{ name: 'a/b', content: 'x'.repeat(700) }, { name: 'c' }], { 'a/b': 'x'.repeat(700), c: '' }],
    [
      'folders',
      [
        { name: './', type: '5' },
        { name: './a/', type: '5' },
        { name: './a/b', content: 'x' },
      ],
      { 'a/b': 'x' },
    ],
    ['a prefix', [{ name: 'c', prefix: 'a/b', content: 'x' }], { 'a/b/c': 'x' }],
    [
      'a long name of GNU tar',
      [
        { name: '././@LongLink', type: 'L', isGnu: true, content: `${LONG}\0` },
        { name: LONG.slice(0, 100), isGnu: true, content: 'x' },
      ],
      { [LONG]: 'x' },
    ],
    [
      'a path of pax',
      [
        { name: 'p', type: 'x', content: paxLine('path', LONG) + paxLine('mtime', '1.5') },
        { name: 'short', content: 'x' },
      ],
      { [LONG]: 'x' },
    ],
    [
      'a size of pax',
      [
        { name: 'p', type: 'x', content: paxLine('size', '3') },
        { name: 'a', content: 'abc', sizeBytes: 0 },
      ],
      { a: 'abc' },
    ],
    [
      'comments for all',
      [
        { name: 'g', type: 'g', content: paxLine('comment', 'a commit') },
        { name: 'a', content: 'abc' },
      ],
      { a: 'abc' },
    ],
    ['nothing', [], {}],
  ])('reads %s', (_what, parts, expected) => {
    expect(contents(makeTar(parts))).toEqual(expected)
  })

  test.each<[string, readonly TarPart[], RegExp]>([
    ['a symbolic link', [{ name: 'a', type: '2' }], /symbolic link/],
    ['a hard link', [{ name: 'a', type: '1' }], /hard link/],
    ['a device', [{ name: 'a', type: '3' }], /device/],
    ['a sparse file', [{ name: 'a', type: 'S' }], /sparse/],
    ['an unknown kind', [{ name: 'a', type: 'Z' }], /kind "Z"/],
    ['a name that climbs out', [{ name: '../a' }], /leaves the archive/],
    ['an absolute name', [{ name: '/a' }], /no path below/],
    [
      'a path of pax that climbs out',
      [{ name: 'p', type: 'x', content: paxLine('path', '../a') }, { name: 'a' }],
      /leaves the archive/,
    ],
    ['the same name twice', [{ name: 'a' }, { name: './a' }], /two entries/],
    [
      'a path for all entries',
      [{ name: 'g', type: 'g', content: paxLine('path', 'a') }, { name: 'b' }],
      /for all entries/,
    ],
    [
      'a sparse file of pax',
      [{ name: 'p', type: 'x', content: paxLine('GNU.sparse.major', '1') }, { name: 'a' }],
      /GNU.sparse/,
    ],
    [
      'two names for one entry',
      [{ name: 'p', type: 'x', content: paxLine('path', 'a') }, { name: 'l', type: 'L', content: 'b' }, { name: 'c' }],
      /two names/,
    ],
    [
      'attributes that lie about their length',
      [{ name: 'p', type: 'x', content: '99 path=a\n' }, { name: 'c' }],
      /attributes that are none/,
    ],
    [
      'an attribute twice',
      [{ name: 'p', type: 'x', content: paxLine('path', 'a') + paxLine('path', 'b') }, { name: 'c' }],
      /twice/,
    ],
    ['a name without an entry', [{ name: 'l', type: 'L', content: 'b' }], /does not follow/],
    ['a folder with bytes', [{ name: 'a/', type: '5', content: 'x' }], /folder with bytes/],
    ['a wrong checksum', [{ name: 'a', checksum: 7 }], /checksum/],
    ['a file that is longer than the archive', [{ name: 'a', sizeBytes: 5000 }], /ends inside/],
  ])('refuses %s', (_what, parts, message) => {
    const error = refusal(() => readTar(makeTar(parts)))
    expect(error.code).toBe('refused')
    expect(error.message).toMatch(message)
  })

  test('refuses bytes behind the end, and an archive without one', () => {
    expect(refusal(() => readTar(makeTar([{ name: 'a' }], Buffer.alloc(1025, 0).fill(1, 1024)))).message).toMatch(
      /behind its end/,
    )
    expect(refusal(() => readTar(makeTar([{ name: 'a' }], Buffer.alloc(0)))).message).toMatch(/end mark/)
    expect(refusal(() => readTar(makeTar([{ name: 'a' }], Buffer.alloc(512)))).message).toMatch(/end mark/)
    expect(contents(makeTar([{ name: 'a' }], Buffer.alloc(10_240)))).toEqual({ a: '' })
  })

  test('is asked for what begins as tar does', () => {
    expect(isTar(makeTar([{ name: 'a' }]))).toBe(true)
    expect(isTar(makeTar([{ name: 'a', checksum: 7 }]))).toBe(false)
    expect(isTar(Buffer.from('ustar'))).toBe(false)
  })
})

describe('openArchive', () => {
  const parts = [
    { name: 'model/MLmodel', content: 'flavors:\n' },
    { name: 'model/model.pkl', content: 'x' },
    { name: 'model/.DS_Store' },
  ]
  test.each([
    ['zip', makeZip(parts)],
    ['tar', makeTar(parts)],
    ['tar.gz', gzipSync(makeTar(parts))],
  ])('opens a %s by its content', (_kind, bytes) => {
    const { names, read } = openArchive(bytes, { maxBytes: 2 ** 20 })
    expect(names).toEqual(['model/MLmodel', 'model/model.pkl'])
    expect(Buffer.from(read('model/model.pkl')).toString()).toBe('x')
    expect(refusal(() => read('other')).code).toBe('not_found')
    expect(archiveContents(names)).toEqual({ kind: 'mlflow', root: 'model/' })
  })

  test.each([
    [['slipway.json', 'graph.onnx'], { kind: 'bundle', root: '' }],
    [['code/inference.py', 'model.joblib'], { kind: 'inference-code', root: '' }],
    [['m/score.py', 'm/model.pkl'], { kind: 'inference-code', root: 'm/' }],
    [['MLmodel', 'model.pkl'], { kind: 'mlflow', root: '' }],
    [['model.pkl'], { kind: 'files', root: '' }],
    [['deep/slipway.json'], { kind: 'files', root: 'deep/' }],
    [[], { kind: 'files', root: '' }],
  ])('knows what %j is for', (names, expected) => {
    expect(archiveContents(names)).toEqual(expected)
  })
})
