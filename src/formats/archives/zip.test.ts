import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import { readZip } from './zip.ts'
import { makeZip, type ZipPart, type ZipShape } from './zip.fixture.ts'

const LONG = 'weights '.repeat(500)

function contents(bytes: Uint8Array): Record<string, string> {
  const { entries, read } = readZip(bytes)
  return Object.fromEntries([...entries.keys()].map((name) => [name, Buffer.from(read(name)).toString()]))
}

describe('readZip', () => {
  test.each<[string, readonly ZipPart[], ZipShape]>([
    [
      'stored and deflated',
      [
        { name: 'a/b.txt', content: LONG, isDeflated: true },
        { name: 'c', content: 'x' },
      ],
      {},
    ],
    [
      'with descriptors behind the bytes',
      [
        { name: 'a', content: LONG, isDeflated: true, hasDescriptor: true },
        { name: 'b', content: 'y', hasDescriptor: true },
      ],
      {},
    ],
    ['with sizes of 64 bits, as numpy has them', [{ name: 'X.npy', content: LONG, isDeflated: true, is64: true }], {}],
    ['with an end of 64 bits', [{ name: 'a', content: LONG }], { is64: true }],
    [
      'padded in extra fields, as PyTorch aligns its weights',
      [{ name: 'a', content: 'w', localExtra: Buffer.from([0x46, 0x42, 4, 0, 90, 90, 90, 90]) }],
      {},
    ],
    ['with a comment', [{ name: 'a', content: 'w' }], { comment: 'of somebody' }],
    ['empty', [], {}],
    ['with an empty file', [{ name: 'a', isDeflated: true }, { name: 'b' }], {}],
    ['with names beyond ASCII', [{ name: 'größe/数.bin', content: 'w', flags: 0x800 }], {}],
  ])('reads an archive %s', (_what, parts, shape) => {
    expect(contents(makeZip(parts, shape))).toEqual(
      Object.fromEntries(parts.map(({ name, content = '' }) => [name, content])),
    )
  })

  test('leaves folders out, and gives stored entries as views', () => {
    const bytes = makeZip([
      { name: 'a/', mode: 0o040_755 },
      { name: 'a/b', content: 'abc' },
    ])
    const { entries, read } = readZip(bytes)
    expect([...entries.keys()]).toEqual(['a/b'])
    expect(read('a/b').buffer).toBe(bytes.buffer)
    expect(entries.get('a/b')).toMatchObject({ sizeBytes: 3, packedBytes: 3, method: 'stored' })
    expect(refusal(() => read('a/')).code).toBe('refused')
  })

  const other = { name: 'b', content: 'other' }
  test.each<[string, readonly ZipPart[], ZipShape, RegExp]>([
    ['a name that climbs out', [{ name: '../a' }], {}, /leaves the archive/],
    ['a name that climbs within', [{ name: 'a/../../b' }], {}, /leaves the archive/],
    ['an absolute name', [{ name: '/etc/passwd' }], {}, /no path below/],
    ['a drive', [{ name: 'C:a' }], {}, /no path below/],
    ['a backslash', [{ name: 'a\\b' }], {}, /backslash/],
    ['a NUL', [{ name: 'a\0.pkl' }], {}, /control character/],
    ['no name', [{ name: '' }], {}, /no name/],
    ['the same name twice', [{ name: 'a' }, { name: 'a' }], {}, /two entries/],
    ['names that differ by case', [{ name: 'Model.pkl' }, { name: 'model.PKL' }], {}, /two entries/],
    ['names that differ by the form of accents', [{ name: '\u00e9' }, { name: 'e\u0301' }], {}, /two entries/],
    ['a file and a folder of one name', [{ name: 'a' }, { name: 'a/', mode: 0o040_755 }], {}, /two entries/],
    ['another name in front of the bytes', [{ name: 'a.txt', localName: 'a.pkl' }, other], {}, /one thing/],
    ['a link', [{ name: 'a', content: '/etc/passwd', mode: 0o120_777 }], {}, /a link/],
    ['a device', [{ name: 'a', mode: 0o020_666 }], {}, /no plain file/],
    ['encryption', [{ name: 'a', flags: 1 }], {}, /encrypted/],
    ['strong encryption', [{ name: 'a', flags: 0x41 }], {}, /encrypted/],
    ['a wrong check', [{ name: 'a', content: 'abc', crc: 1 }], {}, /checksum/],
    [
      'a size that is too small',
      [{ name: 'a', content: LONG, isDeflated: true, sizeBytes: 20 }],
      {},
      /does not unpack/,
    ],
    [
      'a size that is too large',
      [{ name: 'a', content: LONG, isDeflated: true, sizeBytes: 90_000 }],
      {},
      /does not unpack/,
    ],
    ['two sizes for stored bytes', [{ name: 'a', content: 'abc', sizeBytes: 9 }], {}, /two sizes/],
    ['bytes in front', [other], { before: Buffer.from('\x80\x04.') }, /no entry before/],
    ['bytes behind', [other], { behind: Buffer.from('x') }, /no end/],
    ['bytes between', [{ name: 'a', behind: Buffer.from('hidden') }, other], {}, /no entry/],
    ['bytes before the directory', [{ name: 'a', behind: Buffer.from('hidden') }], {}, /no entry/],
    ['another count of entries', [other], { entries: 2 }, /an entry that is none/],
    ['fewer entries than there are', [other, { name: 'c' }], { entries: 1 }, /another length/],
  ])('refuses %s', (_what, parts, shape, message) => {
    const error = refusal(() => contents(makeZip(parts, shape)))
    expect(error.code).toBe('refused')
    expect(error.message).toMatch(message)
  })

  test('refuses an archive that something else was put in front of', () => {
    const bytes = Buffer.concat([Buffer.from('\x80\x04N.', 'latin1'), makeZip([other])])
    expect(refusal(() => readZip(bytes)).message).toMatch(/does not end where/)
  })

  test('refuses entries that overlap, as the bombs of quines do', () => {
    const bytes = makeZip([
      { name: 'a', content: 'same' },
      { name: 'b', content: 'same' },
    ])
    const second = bytes.lastIndexOf('PK\x01\x02')
    bytes.writeUInt32LE(0, second + 42)
    expect(refusal(() => readZip(bytes)).message).toMatch(/overlapping/)
  })

  test('refuses a directory that lies elsewhere than the end of 64 bits says', () => {
    const bytes = makeZip([other], { is64: true })
    bytes.writeBigUInt64LE(1n, bytes.indexOf('PK\x06\x06') + 48)
    expect(refusal(() => readZip(bytes)).message).toMatch(/disagree/)
  })

  test('names the method that it does not read', () => {
    const error = refusal(() => readZip(makeZip([{ name: 'a', method: 93 }])))
    expect(error).toMatchObject({ code: 'unsupported' })
    expect(error.message).toContain('Zstandard')
  })

  test('ends bombs before anything is unpacked', () => {
    const zeros = Buffer.alloc(40 * 2 ** 20)
    const bomb = makeZip([
      { name: 'a', content: zeros, isDeflated: true },
      { name: 'b', content: zeros, isDeflated: true },
    ])
    expect(refusal(() => readZip(bomb)).code).toBe('too_large')
    expect(refusal(() => readZip(makeZip([other]), { maxBytes: 2 })).code).toBe('too_large')
  })

  test('has an end to the number of entries', () => {
    const parts = Array.from({ length: 10_001 }, (_, i) => ({ name: `e${i}` }))
    expect(refusal(() => readZip(makeZip(parts))).code).toBe('too_large')
  })
})
