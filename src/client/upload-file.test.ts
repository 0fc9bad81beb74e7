import { createHash } from 'node:crypto'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { refusal } from '../core/refusal.fixture.ts'
import { ServingError } from '../core/errors.ts'
import { failure, startApiServer, type ApiServer, type Got, type Reply } from './api-server.fixture.ts'
import { createClient } from './client.ts'
import { createNodeTransport } from './node-transport.ts'
import { uploadFile } from './upload-file.ts'

const PART = 1024 * 1024
let folder = ''
let server: ApiServer | undefined
let path = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-upload-'))
  path = join(folder, 'model.bin')
})
afterEach(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

/** Bytes that differ from part to part. */
function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += PART) bytes.fill(1 + at / PART, at, Math.min(size, at + PART))
  return bytes
}

interface Kept {
  sizeBytes: number
  sha256: string
  fileName: string
  readonly parts: Map<number, Buffer>
}

/** A platform that keeps parts, as far as it is told to. */
async function keeping(kept: Kept, meddle: (got: Got, attempt: number) => Reply | undefined = () => undefined) {
  const shown = (state: string) => ({
    body: {
      project: 'default',
      name: 'u1',
      fileName: kept.fileName,
      sizeBytes: kept.sizeBytes,
      partBytes: PART,
      sha256: kept.sha256,
      parts: [...kept.parts.keys()].sort((a, b) => a - b),
      state,
    },
  })
  server = await startApiServer((got, attempt) => {
    const meddled = meddle(got, attempt)
    if (meddled !== undefined) return meddled
    if (got.name === 'listUploads') return { body: { items: kept.fileName === '' ? [] : [shown('open').body] } }
    if (got.name === 'createUpload') {
      Object.assign(kept, JSON.parse(String(got.body)))
      return { ...shown('open'), status: 201 }
    }
    if (got.name === 'putUploadPart') {
      expect(got.headers['x-slipway-sha256']).toBe(createHash('sha256').update(got.body).digest('hex'))
      kept.parts.set(Number(got.params.part), got.body)
      return shown('open')
    }
    return shown('complete')
  })
  const { transport, close } = createNodeTransport()
  const client = createClient({ url: server.url, transport })
  return { client, close, server }
}

const nothing = (): Kept => ({ sizeBytes: 0, sha256: '', fileName: '', parts: new Map() })
const whole = ({ parts }: Kept) => Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes))

describe('a file', () => {
  test('comes in parts, whole, with its digest, and tells how far it is', async () => {
    const bytes = bytesOf(3 * PART + 17)
    await writeFile(path, bytes)
    const kept = nothing()
    const { client, close } = await keeping(kept)
    const seen: number[] = []
    const done = await uploadFile(client, path, { project: 'default', onProgress: (sent) => seen.push(sent) })
    close()
    expect(done.state).toBe('complete')
    expect([...kept.parts.keys()].sort((a, b) => a - b)).toEqual([1, 2, 3, 4])
    expect(whole(kept).equals(bytes)).toBe(true)
    expect(kept).toMatchObject({ fileName: 'model.bin', sha256: createHash('sha256').update(bytes).digest('hex') })
    expect(seen[0]).toBe(0)
    expect(seen.at(-1)).toBe(bytes.byteLength)
  })

  test('whose upload was cut short is gone on with: only what is missing is sent', async () => {
    const bytes = bytesOf(17 * PART)
    await writeFile(path, bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const parts = new Map([1, 2, 5].map((part) => [part, bytes.subarray((part - 1) * PART, part * PART)]))
    const kept: Kept = { sizeBytes: bytes.byteLength, sha256, fileName: 'model.bin', parts }
    const { client, close, server: asked } = await keeping(kept)
    await uploadFile(client, path, { project: 'default' })
    close()
    const sent = asked.got.filter(({ name }) => name === 'putUploadPart').map(({ params }) => Number(params.part))
    expect(sent.sort((a, b) => a - b)).toEqual([3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17])
    expect(asked.got.some(({ name }) => name === 'createUpload')).toBe(false)
    expect(whole(kept).equals(bytes)).toBe(true)
  })

  test('of another content than the upload that was cut short begins anew', async () => {
    const bytes = bytesOf(16 * PART)
    await writeFile(path, bytes)
    const kept: Kept = { sizeBytes: bytes.byteLength, sha256: 'f'.repeat(64), fileName: 'model.bin', parts: new Map() }
    const { client, close, server: asked } = await keeping(kept)
    await uploadFile(client, path, { project: 'default' })
    close()
    expect(asked.got.some(({ name }) => name === 'createUpload')).toBe(true)
  })

  test('survives a connection that breaks in the middle of a part', async () => {
    const bytes = bytesOf(2 * PART)
    await writeFile(path, bytes)
    const kept = nothing()
    const { client, close } = await keeping(kept, ({ name }, attempt) =>
      name === 'putUploadPart' && attempt === 1 ? 'break' : undefined,
    )
    await uploadFile(client, path, { project: 'default' })
    close()
    expect(whole(kept).equals(bytes)).toBe(true)
  })

  test('that becomes shorter meanwhile is told, and is not completed', async () => {
    await writeFile(path, bytesOf(2 * PART))
    const kept = nothing()
    const { client, close, server: asked } = await keeping(kept)
    let isCut: Promise<void> | undefined
    const failed = await uploadFile(client, path, {
      project: 'default',
      onProgress: () => {
        isCut ??= truncate(path, 5)
      },
    }).catch((error: unknown) => error)
    close()
    await isCut
    expect(
      refusal(() => {
        throw failed
      }),
    ).toMatchObject({ code: 'conflict' })
    expect(asked.got.some(({ name }) => name === 'completeUpload')).toBe(false)
  })

  test('that the platform refuses in the middle fails with its words, and nothing more is sent', async () => {
    await writeFile(path, bytesOf(12 * PART))
    const kept = nothing()
    const full = failure(507, 'unavailable', 'the disk is full', { reason: 'disk_full' })
    const {
      client,
      close,
      server: asked,
    } = await keeping(kept, ({ name }) => (name === 'putUploadPart' ? full : undefined))
    const error = await uploadFile(client, path, { project: 'default' }).catch((thrown: unknown) => thrown)
    close()
    expect(error).toMatchObject({ code: 'unavailable', message: 'the disk is full' })
    expect(asked.got.filter(({ name }) => name === 'putUploadPart').length).toBeLessThanOrEqual(2)
  })
})

test.each([
  ['nothing', 'nothing.bin', /there is no file or folder/],
  ['a folder', '.', /is no file that could be uploaded/],
])('%s is refused', async (_what, name, message) => {
  const client = createClient({ url: 'http://127.0.0.1:1' })
  const error = await uploadFile(client, join(folder, name), { project: 'default' }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ServingError)
  expect((error as ServingError).message).toMatch(message)
})
