import { createHash, randomBytes } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { blocksOf } from './blocks.ts'
import {
  checkKey,
  corrupt,
  noObject,
  throwIfCancelled,
  type Body,
  type ObjectStorage,
  type PutOptions,
  type StorageOptions,
  type StoredObject,
} from './object-storage.ts'
import { parseS3Url } from './s3-url.ts'

export interface S3Options {
  /** Those that the SDK finds (environment, profile, role) when absent. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  /** Size of the blocks that larger objects are sent in (bytes); S3 takes none below 5 MiB. */
  readonly blockBytes?: number | undefined
  /** Tries of a request that the storage did not answer, or answered with 5xx; the client stops earlier when many fail. */
  readonly maxAttempts?: number | undefined
  /** Longest without an answer, or without 16 KiB more of one (ms). */
  readonly idleMs?: number | undefined
}

const BLOCK_BYTES = 8 * 2 ** 20
/** S3 takes 10,000 blocks of an object: later ones are larger. */
const BLOCKS_OF_A_SIZE = 2000
const MAX_ATTEMPTS = 5
const IDLE_MS = 30_000
/** What a request's body is given time for besides (bytes a second). */
const LEAST_RATE = 64 * 1024
/** What must come in `idleMs` at least, or the rest of it (bytes). */
const LEAST_PROGRESS_BYTES = 16 * 1024
/** Where objects lie whose digest is not known before they have been sent; no key begins so. */
const INCOMING = '.incoming/'
const DIGEST = 'sha256'

type Sdk = typeof import('@aws-sdk/client-s3')

/**
 * Objects in a bucket of S3, or of what speaks as it does. Each carries its digest; S3 itself checks each request's bytes.
 * @param url `s3://bucket/prefix?endpoint=…&region=…`
 * @throws {ServingError} `invalid_argument`
 */
export async function createS3Storage(url: string, options: S3Options = {}): Promise<ObjectStorage> {
  const { bucket, prefix, endpoint, region } = parseS3Url(url)
  const { blockBytes = BLOCK_BYTES, maxAttempts = MAX_ATTEMPTS, idleMs = IDLE_MS, credentials } = options
  const sdk = await import('@aws-sdk/client-s3') // some megabytes, for those who use it
  const name = `s3://${bucket}/${prefix}`
  const givenRegion = region ?? (endpoint === undefined ? undefined : 'us-east-1')
  const client = new sdk.S3Client({
    maxAttempts,
    // our own digests are checked; not everything that speaks as S3 does knows these
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(givenRegion !== undefined && { region: givenRegion }),
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials !== undefined && { credentials }),
  })
  const at = (key: string) => ({ Bucket: bucket, Key: prefix + key })

  /** Sends a request, in bounded time. @param bytes that go with it */
  async function asking<T>(
    signal: AbortSignal | undefined,
    ask: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    bytes = 0,
  ): Promise<T> {
    throwIfCancelled(signal)
    const ended = new AbortController()
    const abort = () => ended.abort()
    // only until there is an answer: what it brings has a time of its own
    const timer = setTimeout(abort, idleMs + (bytes / LEAST_RATE) * 1000)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await ask({ abortSignal: ended.signal })
    } catch (error) {
      throw inWords(error, name, signal)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  async function put(key: string, body: Body, { signal, sha256: expected }: PutOptions = {}): Promise<StoredObject> {
    checkKey(key)
    const hash = createHash('sha256')
    const sender = createSender({ sdk, client, asking, at, signal })
    let sizeBytes = 0
    let pending: Uint8Array | undefined
    try {
      // one block behind: whether there is a second decides how the first is sent
      for await (const block of growing(body, blockBytes)) {
        throwIfCancelled(signal)
        if (pending !== undefined) await sender.sendBlock(key, pending, expected)
        hash.update(block)
        sizeBytes += block.byteLength
        pending = block
      }
      const sha256 = hash.digest('hex')
      if (expected !== undefined && expected !== sha256) throw corrupt(key, name)
      if (pending === undefined) throw new Error('a body has a block at least; this is a bug')
      await sender.finish(key, pending, sha256)
      return { key, sizeBytes, sha256 }
    } catch (error) {
      await sender.abandon()
      throw error
    }
  }

  async function head(key: string, { signal }: StorageOptions = {}): Promise<StoredObject | undefined> {
    checkKey(key)
    try {
      const found = await asking(signal, (how) => client.send(new sdk.HeadObjectCommand(at(key)), how))
      return describe(key, found, name)
    } catch (error) {
      if (error instanceof ServingError && error.code === 'not_found' && error.details['reason'] !== 'bucket')
        return undefined
      throw error
    }
  }

  async function get(key: string, { signal }: StorageOptions = {}) {
    checkKey(key)
    const from = (offset: number, etag: string | undefined) =>
      asking(signal, (how) =>
        client.send(
          new sdk.GetObjectCommand({
            ...at(key),
            ...(offset > 0 && { Range: `bytes=${offset}-` }),
            ...(etag !== undefined && { IfMatch: etag }),
          }),
          how,
        ),
      )
    // the answer's beginning is known before its body is; a body that nobody reads would hold a connection
    const found = await head(key, { signal })
    if (found === undefined) throw noObject(key, name)
    const { sha256, sizeBytes } = found
    async function* body(): AsyncGenerator<Uint8Array> {
      const hash = createHash('sha256')
      let received = 0
      let etag: string | undefined
      let failures = 0
      while (received < sizeBytes || failures === 0) {
        const before = received
        try {
          const answer = await from(received, etag)
          etag ??= answer.ETag
          for await (const piece of withinTime(answer.Body as AsyncIterable<Uint8Array>, idleMs, signal)) {
            received += piece.byteLength
            hash.update(piece)
            yield piece
          }
          if (received < sizeBytes) throw new Error('the body ended before its end')
          break
        } catch (error) {
          const known = inWords(error, name, signal)
          // goes on where it broke off, as long as that gets it further
          failures = received - before >= LEAST_PROGRESS_BYTES ? 1 : failures + 1
          if (failures >= maxAttempts || known.code !== 'unavailable') throw known
        }
      }
      if (received !== sizeBytes || hash.digest('hex') !== sha256) throw corrupt(key, name)
    }
    return { ...found, body: body() }
  }

  async function* list(start: string, { signal }: StorageOptions = {}) {
    let token: string | undefined
    do {
      const page = await asking(signal, (how) =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix + start,
            ...(token !== undefined && { ContinuationToken: token }),
          }),
          how,
        ),
      )
      for (const { Key = '', Size = 0 } of page.Contents ?? []) {
        const key = Key.slice(prefix.length)
        if (!key.startsWith(INCOMING)) yield { key, sizeBytes: Size }
      }
      token = page.NextContinuationToken
    } while (token !== undefined)
  }

  async function remove(key: string, { signal }: StorageOptions = {}): Promise<void> {
    checkKey(key)
    await asking(signal, (how) => client.send(new sdk.DeleteObjectCommand(at(key)), how))
  }

  return { name, put, get, head, list, remove, close: async () => client.destroy() }
}

interface SenderOptions {
  readonly sdk: Sdk
  readonly client: S3Client
  readonly asking: <T>(
    signal: AbortSignal | undefined,
    ask: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    bytes?: number,
  ) => Promise<T>
  readonly at: (key: string) => { readonly Bucket: string; readonly Key: string }
  readonly signal: AbortSignal | undefined
}

/**
 * Sends one object: in one request, or in blocks that appear as one when the last is there. The digest goes with the
 * object's beginning; where it is not known by then, the object is copied to its key at the end, with its digest.
 */
function createSender({ sdk, client, asking, at, signal }: SenderOptions) {
  let upload: { readonly id: string; readonly key: string } | undefined
  let copied: string | undefined
  const blocks: { readonly ETag: string; readonly PartNumber: number }[] = []

  async function begin(key: string, expected: string | undefined) {
    const place = expected === undefined ? `${INCOMING}${randomBytes(16).toString('hex')}` : key
    const created = await asking(signal, (how) =>
      client.send(
        new sdk.CreateMultipartUploadCommand({
          ...at(place),
          ...(expected !== undefined && { Metadata: { [DIGEST]: expected } }),
        }),
        how,
      ),
    )
    return { id: created.UploadId ?? '', key: place }
  }

  async function sendBlock(key: string, block: Uint8Array, expected: string | undefined): Promise<void> {
    const { id, key: place } = (upload ??= await begin(key, expected))
    const number = blocks.length + 1
    const sent = await asking(
      signal,
      (how) =>
        client.send(
          new sdk.UploadPartCommand({ ...at(place), UploadId: id, PartNumber: number, Body: block, ...md5Of(block) }),
          how,
        ),
      block.byteLength,
    )
    blocks.push({ ETag: sent.ETag ?? '', PartNumber: number })
  }

  async function finish(key: string, last: Uint8Array, sha256: string): Promise<void> {
    const Metadata = { [DIGEST]: sha256 }
    if (upload === undefined) {
      await asking(
        signal,
        (how) => client.send(new sdk.PutObjectCommand({ ...at(key), Body: last, Metadata, ...md5Of(last) }), how),
        last.byteLength,
      )
      return
    }
    await sendBlock(key, last, undefined)
    const { id, key: place } = upload
    await asking(signal, (how) =>
      client.send(
        new sdk.CompleteMultipartUploadCommand({ ...at(place), UploadId: id, MultipartUpload: { Parts: blocks } }),
        how,
      ),
    )
    upload = undefined
    if (place === key) return
    copied = place
    const { Bucket, Key } = at(place)
    const CopySource = `${Bucket}/${Key}`
    await asking(
      signal,
      (how) =>
        client.send(new sdk.CopyObjectCommand({ ...at(key), CopySource, Metadata, MetadataDirective: 'REPLACE' }), how),
      MAX_COPY_BYTES,
    )
    await abandon()
  }

  /** Takes away what is not an object; what cannot be taken away is the bucket's own to sweep. */
  async function abandon(): Promise<void> {
    const [unfinished, left] = [upload, copied]
    upload = undefined
    copied = undefined
    const quietly = (error: unknown) => void error
    if (unfinished !== undefined)
      await asking(undefined, (how) =>
        client.send(new sdk.AbortMultipartUploadCommand({ ...at(unfinished.key), UploadId: unfinished.id }), how),
      ).catch(quietly)
    if (left !== undefined)
      await asking(undefined, (how) => client.send(new sdk.DeleteObjectCommand(at(left)), how)).catch(quietly)
  }

  return { sendBlock, finish, abandon }
}

/** A copy is made by the storage itself; it is given the time of so many bytes. */
const MAX_COPY_BYTES = 64 * 2 ** 20

/** By which every storage that speaks as S3 does checks what it gets. */
function md5Of(bytes: Uint8Array): { readonly ContentMD5: string } {
  return { ContentMD5: createHash('md5').update(bytes).digest('base64') }
}

/** Blocks of a size, larger after some thousands. */
async function* growing(body: Body, blockBytes: number): AsyncGenerator<Uint8Array> {
  let count = 0
  let pieces: Uint8Array[] = []
  for await (const block of blocksOf(body, blockBytes)) {
    pieces.push(block)
    if (pieces.length < 2 ** Math.floor(count / BLOCKS_OF_A_SIZE)) continue
    yield pieces.length === 1 ? block : Buffer.concat(pieces)
    pieces = []
    count++
  }
  if (pieces.length > 0) yield Buffer.concat(pieces)
}

function describe(
  key: string,
  found: { readonly ContentLength?: number | undefined; readonly Metadata?: Record<string, string> | undefined },
  storage: string,
): StoredObject {
  const sha256 = found.Metadata?.[DIGEST]
  if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) throw corrupt(key, storage)
  return { key, sizeBytes: found.ContentLength ?? 0, sha256 }
}

/** Pieces that come; when too few come in the time it ends. */
async function* withinTime(
  pieces: AsyncIterable<Uint8Array>,
  idleMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  const stop = Promise.withResolvers<never>()
  stop.promise.catch(() => {})
  const cancel = () => stop.reject(new ServingError('cancelled', 'interrupted'))
  if (signal?.aborted) cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  // how long was waited, and what came meanwhile: the time that the reader takes does not count
  let waitedMs = 0
  let bytes = 0
  try {
    for (;;) {
      const began = performance.now()
      const timer = setTimeout(() => stop.reject(new Error('too few bytes came')), idleMs - waitedMs)
      const next = await Promise.race([iterator.next(), stop.promise]).finally(() => clearTimeout(timer))
      if (next.done === true) return
      waitedMs += performance.now() - began
      bytes += next.value.byteLength
      if (bytes >= LEAST_PROGRESS_BYTES) [waitedMs, bytes] = [0, 0]
      yield next.value
    }
  } finally {
    signal?.removeEventListener('abort', cancel)
    // ends the connection where the body was not read to its end
    ;(pieces as { destroy?: () => void }).destroy?.()
  }
}

/** What the SDK throws, for our callers. */
function inWords(error: unknown, storage: string, signal: AbortSignal | undefined): ServingError {
  if (error instanceof ServingError) return error
  if (signal?.aborted) return new ServingError('cancelled', 'interrupted', { cause: error })
  const { name = '', $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  if (name === 'NoSuchBucket')
    return new ServingError('not_found', `there is no bucket ${quote(storage)}`, {
      cause: error,
      details: { reason: 'bucket' },
    })
  if (name === 'NoSuchKey' || status === 404)
    return new ServingError('not_found', `there is no such object in ${storage}`, { cause: error })
  if (status === 401 || status === 403 || name === 'CredentialsProviderError')
    return new ServingError(
      'permission_denied',
      `${storage} does not let us (${name}): see its credentials and policy`,
      { cause: error },
    )
  if (status === 507)
    return new ServingError('unavailable', `${storage} is full: make room, and try again`, {
      cause: error,
      details: { reason: 'disk_full' },
    })
  if (status === 412)
    return new ServingError('unavailable', `an object in ${storage} was replaced while it was read`, {
      cause: error,
      details: { reason: 'storage' },
    })
  return new ServingError(
    'unavailable',
    `${storage} does not answer as it should (${name === '' ? 'unknown' : name}): try again later`,
    {
      cause: error,
      details: { reason: 'storage' },
    },
  )
}
