import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { testApi, type TestApi } from './api.fixture.ts'
import { boundaryOf, readParts } from './multipart.ts'

async function parts(bytes: Buffer, boundary: string, cut: (length: number) => number = (length) => length) {
  async function* stream() {
    for (let at = 0; at < bytes.length;) {
      const size = Math.max(1, cut(bytes.length - at))
      yield bytes.subarray(at, at + size)
      at += size
    }
  }
  const found: { name: string; fileName: string | undefined; content: Buffer }[] = []
  for await (const { name, fileName, content } of readParts(stream(), boundary)) {
    const chunks: Buffer[] = []
    for await (const chunk of content) chunks.push(chunk)
    found.push({ name, fileName, content: Buffer.concat(chunks) })
  }
  return found
}

function form(boundary: string, fields: readonly { name: string; fileName?: string; content: Uint8Array }[]): Buffer {
  const out = fields.flatMap(({ name, fileName, content }) => {
    const file = fileName === undefined ? '' : `; filename="${fileName}"`
    return [
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`),
      content,
      Buffer.from('\r\n'),
    ]
  })
  return Buffer.concat([...out, Buffer.from(`--${boundary}--\r\n`)])
}

describe('multipart forms', () => {
  test('come back as they were, however the bytes are cut', async () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      // all that looks like a delimiter
      fc
        .array(fc.constantFrom('\r', '\n', '-', '--', '\r\n--', 'B', 'Bo', '\r\n--Bo', '\r\n-'), { maxLength: 12 })
        .map((all) => Buffer.from(all.join(''))),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          content.filter((bytes) => !Buffer.from(bytes).includes('\r\n--Bou')),
          { maxLength: 4 },
        ),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        async (contents, cuts) => {
          const fields = contents.map((content, i) => ({ name: `f${i}`, fileName: 'x.bin', content }))
          const found = await parts(form('Bou', fields), 'Bou', () => cuts.next().value as number)
          expect(found).toEqual(fields.map((field) => ({ ...field, content: Buffer.from(field.content) })))
        },
      ),
    )
  })

  test('damaged ones are refused, and never answered with anything but a refusal', async () => {
    const whole = form('Bou', [
      { name: 'description', content: Buffer.from('words') },
      { name: 'file', fileName: 'm.onnx', content: Buffer.from('bytes') },
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        async (at, byte, isCut) => {
          const bytes = isCut ? whole.subarray(0, at) : Buffer.from(whole)
          if (!isCut) bytes[at] = byte
          await parts(Buffer.from(bytes), 'Bou').catch((error: unknown) => expect(error).toBeInstanceOf(ServingError))
        },
      ),
    )
    for (let length = 0; length < whole.length - 4; length++)
      await expect(parts(whole.subarray(0, length), 'Bou')).rejects.toThrow('no multipart/form-data')
  })

  test.each([
    ['multipart/form-data', undefined],
    ['multipart/form-data; boundary=', undefined],
    [`multipart/form-data; boundary=${'a'.repeat(71)}`, undefined],
    ['multipart/form-data; boundary="a b"', 'a b'],
    ['multipart/form-data; boundary="a "', undefined],
    ['multipart/form-data; boundary=----WebKitFormBoundaryx; charset=utf-8', '----WebKitFormBoundaryx'],
  ])('the boundary of %s is %s', (type, boundary) => {
    if (boundary === undefined) expect(() => boundaryOf(type)).toThrow('names no boundary')
    else expect(boundaryOf(type)).toBe(boundary)
  })

  test('headers without an end, and too many parts, are refused within bounds', async () => {
    await expect(parts(Buffer.from(`--Bou\r\n${'x: y\r\n'.repeat(5000)}`), 'Bou')).rejects.toThrow('longer than 8192')
    const many = form(
      'Bou',
      Array.from({ length: 21 }, (_, i) => ({ name: `f${i}`, content: Buffer.from('x') })),
    )
    await expect(parts(many, 'Bou')).rejects.toThrow('more than 20 parts')
    await expect(parts(Buffer.from('x'.repeat(5000)), 'Bou')).rejects.toThrow('no multipart/form-data')
  })
})

describe('a version by one form', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await testApi()
    await api.addKey('ed', { role: 'editor' })
  })
  afterAll(() => api.close())

  const send = (payload: Buffer, boundary = 'Bou') =>
    api.ask('POST', '/api/v1/projects/default/models/f/versions', {
      key: 'ed',
      payload,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    })

  test('the file becomes an upload, and the upload a version', async () => {
    const fields = [
      { name: 'description', content: Buffer.from('the first') },
      { name: 'how', content: Buffer.from('{"allowUntested":true}') },
      { name: 'file', fileName: 'm.joblib', content: Buffer.from('0123456789') },
    ]
    const { status, body } = await send(form('Bou', fields))
    expect(status).toBe(201)
    expect(body).toMatchObject({
      number: 1,
      fileName: 'm.joblib',
      description: 'the first',
      how: { allowUntested: true },
    })
    const upload = await api.ask('GET', `/api/v1/projects/default/uploads/${body.source.upload}`, { key: 'ed' })
    expect(upload.body).toMatchObject({ state: 'complete', sizeBytes: 10 })
  })

  test('what the web platform itself makes of a form is read', async () => {
    const data = new FormData()
    data.append('fileName', 'named.onnx')
    data.append('file', new Blob(['abcdefg']), 'ignored "name".bin')
    const request = new Request('http://localhost/', { method: 'POST', body: data })
    const boundary = boundaryOf(request.headers.get('content-type') ?? '')
    const { status, body } = await send(Buffer.from(await request.arrayBuffer()), boundary)
    expect([status, body.fileName]).toEqual([201, 'named.onnx'])
  })

  test.each([
    ['no file', [{ name: 'description', content: 'x' }], 'lacks the part "file"'],
    [
      'a field that is not known',
      [
        { name: 'owner', content: 'x' },
        { name: 'file', fileName: 'a', content: 'x' },
      ],
      'form.owner is not known',
    ],
    ['a name with folders', [{ name: 'file', fileName: '../../a', content: 'x' }], 'no folders'],
    [
      'two files',
      [
        { name: 'file', fileName: 'a', content: 'x' },
        { name: 'file', fileName: 'b', content: 'x' },
      ],
      'two parts "file"',
    ],
    [
      'a how that is none',
      [
        { name: 'file', fileName: 'a', content: 'x' },
        { name: 'how', content: '{"a":1}' },
      ],
      'form.how.a is not known',
    ],
    ['a long field', [{ name: 'description', content: 'x'.repeat(70_000) }], 'at most 65536 bytes'],
  ])('%s is refused and leaves no upload', async (_what, fields, said) => {
    const before = api.uploads.ids().length
    const { status, body } = await send(
      form(
        'Bou',
        fields.map((field) => ({ ...field, content: Buffer.from(field.content) })),
      ),
    )
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(body.error.message).toContain(said)
    expect(api.uploads.ids()).toHaveLength(before)
  })
})
