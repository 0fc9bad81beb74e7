import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { pack as createPack } from 'tar-stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { makeBundle, sha256Hex } from './make.ts'
import { MANIFEST_FILE } from './manifest.ts'
import { openBundle, verifyBundle } from './open.ts'
import { packBundle, unpackBundle } from './pack.ts'
import { SAMPLE_PARTS, sampleBundle } from './sample-bundle.fixture.ts'
import { BundleStore } from './store.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-bundle-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

/** Everything below the test's folder, so that a test sees what was written where. */
async function everything(): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort()
}

describe('a bundle', () => {
  test('has a manifest that names its files, and that manifest as its version', () => {
    const { manifest, digest, files } = sampleBundle()
    const model = files.get('model.onnx') ?? new Uint8Array()
    expect(manifest.files).toEqual({ 'model.onnx': { sha256: sha256Hex(model), sizeBytes: model.length } })
    expect(digest).toBe(sha256Hex(files.get(MANIFEST_FILE) ?? new Uint8Array()))
    expect(digest).not.toBe(sampleBundle({ more: '' }).digest)
  })

  test('has the same digest whatever the order of members and files', () => {
    const turned = Object.fromEntries(Object.entries(SAMPLE_PARTS).toReversed()) as unknown as typeof SAMPLE_PARTS
    const files: [string, Uint8Array][] = [
      ['b', Uint8Array.of(1)],
      ['a', Uint8Array.of(2)],
    ]
    expect(makeBundle(turned, new Map(files.toReversed())).digest).toBe(makeBundle(SAMPLE_PARTS, new Map(files)).digest)
  })

  test('keeps its digest from the store into an archive and back', async () => {
    const made = sampleBundle({ 'assets/words.txt': 'à la carte', empty: '' })
    const store = new BundleStore(join(folder, 'one'))
    const path = await store.put(made)
    expect(path).toBe(store.folderOf(made.digest))
    const opened = await store.open(made.digest)
    expect(opened).toMatchObject({ digest: made.digest, manifest: made.manifest })
    const unpacked = await unpackBundle(await packBundle(opened.files))
    expect(unpacked.digest).toBe(made.digest)
    expect(Object.fromEntries(unpacked.files)).toEqual(Object.fromEntries(made.files))
    const again = new BundleStore(join(folder, 'two'))
    await again.put(unpacked)
    expect((await openBundle(again.folderOf(made.digest), made.digest)).files.size).toBe(4)
  })
})

describe('canonical JSON', () => {
  test('sorts keys, leaves out what is undefined, and is JSON', () => {
    expect(canonicalJson({ b: [1, 'x', null], a: undefined, A: { z: {}, y: [] } })).toBe(
      '{\n  "A": {\n    "y": [],\n    "z": {}\n  },\n  "b": [1,"x",null]\n}\n',
    )
  })

  test('says what JSON says, for any value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})

describe.each([
  ['opening', openBundle],
  ['verifying', verifyBundle],
] as const)('%s a bundle', (_how, openIt) => {
  let path: string

  beforeEach(async () => {
    path = await new BundleStore(folder).put(sampleBundle({ 'assets/words.txt': 'words' }))
  })

  test.each([MANIFEST_FILE, 'model.onnx', 'assets/words.txt'])('refuses a flipped bit anywhere in %s', async (name) => {
    const { digest } = sampleBundle({ 'assets/words.txt': 'words' })
    const whole = await readFile(join(path, name))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(whole)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        await writeFile(join(path, name), changed)
        await expect(openIt(path, digest)).rejects.toMatchObject({ code: 'refused' })
      }),
      { numRuns: 60 },
    )
    await writeFile(join(path, name), whole)
    await openIt(path, digest)
  })

  test.each<[string, () => Promise<unknown>, string]>([
    [
      'a file cut short',
      () => writeFile(join(path, 'model.onnx'), 'not'),
      '"model.onnx" is not the one its manifest names',
    ],
    [
      'a file with more at its end',
      () => writeFile(join(path, 'model.onnx'), 'x'.repeat(99)),
      '"model.onnx" is not the one',
    ],
    ['a missing file', () => rm(join(path, 'model.onnx')), 'lacks "model.onnx"'],
    ['an extra file', () => writeFile(join(path, 'extra'), ''), 'holds "extra", which its manifest does not name'],
    ['an extra file deep inside', () => writeFile(join(path, 'assets/extra'), ''), 'holds "assets/extra"'],
    ['a link in place of a file', () => replaceByLink('model.onnx'), 'symbolic link'],
    ['a link in place of a folder', () => replaceByLink('assets'), 'holds "assets"'],
    ['a link in place of the manifest', () => replaceByLink(MANIFEST_FILE), 'symbolic link'],
    ['an extra link', () => symlink('/etc/passwd', join(path, 'extra')), 'holds "extra"'],
  ])('refuses %s', async (_what, change, message) => {
    await change()
    await expect(openIt(path)).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining(message) })
  })

  async function replaceByLink(name: string): Promise<void> {
    await cp(join(path, name), join(folder, 'elsewhere'), { recursive: true })
    await rm(join(path, name), { recursive: true })
    await symlink(join(folder, 'elsewhere'), join(path, name))
  }

  test('a folder without a manifest is not found to be one', async () => {
    await expect(openIt(folder)).rejects.toMatchObject({
      code: 'not_found',
      message: 'there is no file "slipway.json"',
    })
  })

  test('refuses another version than the one asked for', async () => {
    await expect(openIt(path, 'ab'.repeat(32))).rejects.toThrow(
      /the bundle was changed: its digest is .*, its name says abab/,
    )
  })
})

describe('the store', () => {
  test('keeping a bundle again changes nothing', async () => {
    const store = new BundleStore(folder)
    const path = await store.put(sampleBundle())
    const { ino } = await stat(path)
    await store.put(sampleBundle())
    expect((await stat(path)).ino).toBe(ino)
    expect(await everything()).toHaveLength(4) // sha256, the bundle, its two files
  })

  test('puts a whole bundle in the place of a damaged one', async () => {
    const store = new BundleStore(folder)
    const { digest } = sampleBundle()
    const path = await store.put(sampleBundle())
    for (const damage of [
      () => writeFile(join(path, 'model.onnx'), 'changed'),
      () => rm(join(path, MANIFEST_FILE)),
      () => writeFile(join(path, 'extra'), ''),
    ]) {
      await damage()
      await expect(store.open(digest)).rejects.toThrow()
      await store.put(sampleBundle())
      expect((await store.open(digest)).digest).toBe(digest)
    }
  })

  test('many keepers at once leave one whole bundle', async () => {
    const store = new BundleStore(folder)
    await Promise.all(Array.from({ length: 20 }, () => store.put(sampleBundle())))
    await store.open(sampleBundle().digest)
    expect(await everything()).toHaveLength(4)
  })

  test.each(['', '../../x', 'AB'.repeat(32), 'ab'.repeat(33)])('has no folder for the digest %j', (digest) => {
    expect(() => new BundleStore(folder).folderOf(digest)).toThrow('a bundle digest is 64 hexadecimal digits')
  })

  test('recalls what a source became for as long as the bundle is whole', async () => {
    const store = new BundleStore(folder)
    const { digest } = sampleBundle()
    const source = { digest, beside: [{ name: 'weights', sha256: 'cd'.repeat(32) }] }
    expect(await store.recall('key')).toBeUndefined()
    await store.remember('key', source)
    expect(await store.recall('key')).toBeUndefined() // the bundle is not there
    const path = await store.put(sampleBundle())
    expect(await store.recall('key')).toMatchObject(source)
    await writeFile(join(path, 'model.onnx'), 'changed')
    expect(await store.recall('key')).toBeUndefined()
    await writeFile(join(folder, 'sources/key'), '{"digest": "../../..')
    expect(await store.recall('key')).toBeUndefined()
  })
})

describe('an archive', () => {
  test('is the same bytes each time, without times or owners', async () => {
    const { files } = sampleBundle({ 'assets/words.txt': 'words' })
    const one = await packBundle(files)
    const two = await packBundle(new Map([...files].toReversed()))
    expect(Buffer.compare(one, two)).toBe(0)
    const tar = gunzipSync(one)
    expect(tar.subarray(136, 148).toString()).toBe('00000000000 ') // the time of the first entry
    expect([one[4], one[5], one[6], one[7], one[9]]).toEqual([0, 0, 0, 0, 255]) // gzip's time and system
  })

  test('may hold folders, and paths that begin with ./', async () => {
    const { files, digest } = sampleBundle({ 'assets/words.txt': 'words' })
    const entries: Entry[] = [
      { name: './', type: 'directory' },
      { name: 'assets/', type: 'directory' },
    ]
    const archive = await tarOf([...entries, ...[...files].map(([name, body]) => ({ name: `./${name}`, body }))])
    expect((await unpackBundle(archive)).digest).toBe(digest)
  })

  test.each<[string, (good: Entry[]) => Entry[], string]>([
    [
      'a symbolic link',
      (good) => [...good, { name: 'x', type: 'symlink', linkname: '/etc/passwd' }],
      'is a symlink; plain files only',
    ],
    [
      'a hard link',
      (good) => [...good, { name: 'x', type: 'link', linkname: 'model.onnx' }],
      'is a link; plain files only',
    ],
    ['a device', (good) => [...good, { name: 'x', type: 'character-device' }], 'is a character-device'],
    ['a named pipe', (good) => [...good, { name: 'x', type: 'fifo' }], 'is a fifo'],
    ['a path that climbs out', (good) => [...good, { name: '../x' }], 'holds "../x", which its manifest does not name'],
    ['a path from the root', (good) => [...good, { name: '/etc/x' }], 'holds "/etc/x"'],
    ['an extra file', (good) => [...good, { name: 'extra' }], 'holds "extra"'],
    ['an extra file called constructor', (good) => [...good, { name: 'constructor' }], 'holds "constructor"'],
    ['an extra file called __proto__', (good) => [...good, { name: '__proto__' }], 'holds "__proto__"'],
    ['a file twice', (good) => [...good, ...good], 'twice'],
    ['a file twice, once with ./', (good) => [...good, { name: './model.onnx' }], 'holds "model.onnx" twice'],
    [
      'a changed file',
      (good) => good.map((entry) => (entry.name === 'model.onnx' ? { ...entry, body: Buffer.from('x') } : entry)),
      'digest differs',
    ],
    [
      'a missing file',
      (good) => good.filter(({ name }) => name !== 'model.onnx'),
      'lacks the bundle\'s file "model.onnx"',
    ],
    ['no manifest', (good) => good.filter(({ name }) => name === 'model.onnx'), 'it holds no slipway.json'],
    ['nothing', () => [], 'it holds no slipway.json'],
  ])('with %s is refused, and nothing is written', async (_what, change, message) => {
    const good = [...sampleBundle().files].map(([name, body]) => ({ name, body }))
    await expect(unpackBundle(await tarOf(change(good)))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(message),
    })
    expect(await everything()).toEqual([])
  })

  test.each<[string, (packed: Buffer) => Uint8Array]>([
    ['cut short', (packed) => packed.subarray(0, packed.length - 12)],
    ['cut to half', (packed) => packed.subarray(0, packed.length >> 1)],
    ['its header alone', (packed) => packed.subarray(0, 10)],
    ['with bytes behind it', (packed) => Buffer.concat([packed, Buffer.from('more')])],
    ['with another archive behind it', (packed) => Buffer.concat([packed, gzipSync(Buffer.alloc(512, 1))])],
    ['not compressed', (packed) => gunzipSync(packed)],
    ['empty', () => new Uint8Array()],
    ['text in gzip', () => gzipSync('just some words')],
    ['text', () => Buffer.from('just some words')],
  ])('%s is refused', async (_what, damage) => {
    const packed = Buffer.from(await packBundle(sampleBundle().files))
    await expect(unpackBundle(damage(packed))).rejects.toMatchObject({ code: 'refused' })
  })

  test('with any byte changed gives the same bundle or none', async () => {
    const { files, digest } = sampleBundle()
    const packed = Buffer.from(await packBundle(files))
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = Buffer.from(packed)
        changed[at] = (changed[at] ?? 0) ^ change
        const outcome = await unpackBundle(changed).then(
          (bundle) => bundle.digest,
          (error: { code: string }) => error.code,
        )
        expect([digest, 'refused', 'too_large']).toContain(outcome)
      }),
      { numRuns: 300 },
    )
  })

  test.each<[string, Entry[]]>([
    ['files', [{ name: 'zeros', body: Buffer.alloc(3 << 20) }]],
    ['headers', Array.from({ length: 3 << 11 }, (_, i) => ({ name: `d${i}/`, type: 'directory' as const }))],
    ['a long name', [{ name: 'x', pax: { comment: 'y'.repeat(3 << 20) } }]],
  ])('that unpacks to more than is allowed in %s is too large', async (_what, entries) => {
    const bomb = await tarOf(entries)
    await expect(unpackBundle(bomb, 2 << 20)).rejects.toMatchObject({
      code: 'too_large',
      message: 'the archive unpacks to over 2.0 MiB',
    })
  })

  test('of more than 10,000 files is too large', async () => {
    const many = Array.from({ length: 10_001 }, (_, i) => ({ name: `f${i}` }))
    await expect(unpackBundle(await tarOf(many))).rejects.toMatchObject({ code: 'too_large' })
  })
})

interface Entry {
  readonly name: string
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'character-device' | 'fifo'
  readonly linkname?: string
  readonly pax?: Record<string, string>
  readonly body?: Uint8Array
}

/** A .tar.gz with any entries at all. */
async function tarOf(entries: readonly Entry[]): Promise<Uint8Array> {
  const pack = createPack()
  for (const { body = new Uint8Array(), ...header } of entries)
    pack.entry({ size: body.byteLength, ...header }, Buffer.from(body))
  pack.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of pack) chunks.push(chunk as Uint8Array)
  return gzipSync(Buffer.concat(chunks))
}

test('a folder of its own is made for each bundle that is kept', async () => {
  await mkdir(join(folder, 'store'))
  const store = new BundleStore(join(folder, 'store'))
  const digests = [sampleBundle(), sampleBundle({ more: '' })]
  for (const bundle of digests) await store.put(bundle)
  expect((await readdir(join(folder, 'store/sha256'))).sort()).toEqual(digests.map(({ digest }) => digest).sort())
})
