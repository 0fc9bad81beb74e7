import { brotliDecompress, constants, deflate, gunzip, gzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import type { BodyMemory, Claim, Flow } from '../runtime/body-memory.ts'
import type { Call } from '../runtime/plane.ts'
import type { WireRequest, WireResponse } from './protocol.ts'

/** Codings of request bodies, as an answer 415 lists them. @see RFC 9110, section 12.5.3 */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br, zstd'

/** What `details.reason` says of a coding that is not read. */
export const UNKNOWN_ENCODING = 'content_encoding'

/** Largest window of a zstd frame: what its decompressor keeps in memory (bits). @see RFC 9659, section 3 */
const ZSTD_WINDOW_BITS = 23

/** Inflated at once; bodies that come meanwhile wait, so that small bodies that grow large fill no memory together. */
const MAX_AT_ONCE = 4

/** Memory for what comes out, in pieces of this many times what goes in, within these bounds (bytes). */
const CHUNK_GROWTH = 4
const MIN_CHUNK_BYTES = 16 * 1024
const MAX_CHUNK_BYTES = 256 * 1024

interface Options {
  readonly maxOutputLength: number
  readonly chunkSize: number
  readonly info: true
}

/** With `info`, the result and the stream that made it, which knows how much of its input it used. */
type Done = (error: Error | null, result: unknown) => void
type Inflate = (bytes: Uint8Array, options: Options, done: Done) => void

const ungzip: Inflate = (bytes, options, done) => gunzip(bytes, options, done)
/** Functions of zlib are named only where they are called: a server to which nothing comes compressed never loads it. */
const INFLATE: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', ungzip],
  ['x-gzip', ungzip],
  ['deflate', (bytes, options, done) => (isZlib(bytes) ? inflate : inflateRaw)(bytes, options, done)],
  ['br', (bytes, options, done) => (brotliDecompress as Inflate)(bytes, options, done)],
  [
    'zstd',
    (bytes, options, done) => {
      const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_BITS }
      ;(zstdDecompress as (bytes: Uint8Array, options: object, done: Done) => void)(bytes, { ...options, params }, done)
    },
  ],
])

/** A request as it was before its sender compressed it. */
export interface Unpacked {
  readonly request: WireRequest
  /** Gives back the room that its body has taken. */
  readonly release: () => void
}

/** Where decompressed bodies take their room, and for whom. */
export interface Room {
  readonly memory: BodyMemory
  readonly flow: Flow
}

/**
 * A request with its body as it was before its sender compressed it; the very same request where its body came as it is.
 * Never more than `maxBodyBytes` come out, whatever goes in. `deflate` is the zlib format, or its bare data,
 * as some clients send.
 * @throws {ServingError} `unsupported` (an answer 415) for a coding that is not known, or several; `invalid_argument` for
 *   what is broken, cut short, or has more behind it; `too_large`
 * @see RFC 9110, section 8.4
 */
export async function decompressed(
  request: WireRequest,
  call: Call,
  maxBodyBytes: number,
  room?: Room,
): Promise<Unpacked> {
  const coding = (request.headers['content-encoding'] ?? '').trim().toLowerCase()
  if (coding === '' || coding === 'identity') return { request, release() {} }
  const known = INFLATE.get(coding)
  if (known === undefined)
    throw new ServingError(
      'unsupported',
      `the content-encoding is ${quote(coding, 40)}; send the body as it is, or compressed once, by one of ${ACCEPTED_ENCODINGS}`,
      { details: { reason: UNKNOWN_ENCODING } },
    )
  const mostBytes = IS_DEFLATED.has(coding) ? mostInflated(request.body.length, maxBodyBytes) : maxBodyBytes
  const isWanted = () => !call.aborted
  const { body, release } = await unpack(mostBytes, isWanted, room, () =>
    run(known, coding, request.body, maxBodyBytes),
  )
  const { 'content-encoding': _, ...headers } = request.headers
  return { request: { ...request, headers, body }, release }
}

const IS_DEFLATED: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate'])

/** How many times as long as it came a deflated body may be once it is inflated. @see zlib, "Technical Details" */
const MOST_GROWTH = 1032

/** Most bytes that deflated ones can be inflated to. @param length as they came (bytes) @param mostBytes that are taken */
export function mostInflated(length: number, mostBytes: number): number {
  return Math.min(mostBytes, MOST_GROWTH * length)
}

/** Whether deflated bytes begin as the zlib format does: as its bare data, no encoder begins so. @see RFC 1950, section 2.2 */
function isZlib(bytes: Uint8Array): boolean {
  const [method = 0, flags = 0] = bytes
  return (method & 0x0f) === 8 && method >> 4 <= 7 && ((method << 8) | flags) % 31 === 0
}

/** Inflates when it is its turn, of all hosts together: small bodies that grow large fill no memory together. */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  await takeTurn()
  try {
    return await work()
  } finally {
    passTurn()
  }
}

/**
 * Inflates in turn, once there is room for the most that can come out. What came out keeps its room until it is released.
 * @param isWanted whether somebody still waits for it; asked when it is its turn
 * @throws {ServingError} `cancelled` where nobody does; `overloaded` where there is no room; what `work` throws
 */
export async function unpack(
  mostBytes: number,
  isWanted: () => boolean,
  room: Room | undefined,
  work: () => Promise<Uint8Array>,
): Promise<{ readonly body: Uint8Array; readonly release: () => void }> {
  let claim: Claim | undefined
  try {
    const body = await inTurn(async () => {
      if (isWanted() && room !== undefined) claim = await claimed(mostBytes, room)
      if (!isWanted()) throw new ServingError('cancelled', 'the caller has gone')
      return work()
    })
    claim?.resize(body.length)
    return { body, release: () => claim?.release() }
  } catch (error) {
    claim?.release()
    throw error
  }
}

function claimed(bytes: number, { memory, flow }: Room): Promise<Claim> {
  return new Promise((resolve, reject) => {
    const onRoom = () => resolve(claim)
    const claim = memory.claim({ bytes, flow, begunBytes: 0, isToCome: false, onRoom, onRefused: reject })
    if (claim.hasRoom) resolve(claim)
  })
}

let underWay = 0
const waiting: (() => void)[] = []

async function takeTurn(): Promise<void> {
  if (underWay < MAX_AT_ONCE) underWay++
  else await new Promise<void>((resolve) => void waiting.push(resolve))
}

/** Whoever waits takes over the turn itself, so that nobody comes between. */
function passTurn(): void {
  const next = waiting.shift()
  if (next === undefined) underWay--
  else next()
}

function run(decompress: Inflate, coding: string, bytes: Uint8Array, maxBodyBytes: number): Promise<Uint8Array> {
  const chunkSize = Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, CHUNK_GROWTH * bytes.length))
  return new Promise((resolve, reject) => {
    decompress(bytes, { maxOutputLength: maxBodyBytes, chunkSize, info: true }, (error, result) => {
      if (error !== null) return reject(refusal(error, coding, maxBodyBytes))
      const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } }
      const rest = bytes.length - engine.bytesWritten
      if (rest === 0) return resolve(buffer)
      reject(
        new ServingError('invalid_argument', `the body has ${rest} bytes behind its ${coding} data: send none there`),
      )
    })
  })
}

function refusal(error: NodeJS.ErrnoException, coding: string, maxBodyBytes: number): ServingError {
  if (error.code === 'ERR_BUFFER_TOO_LARGE')
    return new ServingError(
      'too_large',
      `the body is larger than ${formatBytes(maxBodyBytes)} once it is decompressed, the most that is taken`,
      { cause: error },
    )
  const why = error.code === 'Z_BUF_ERROR' ? 'it ends too early' : 'it is broken, or no such data'
  return new ServingError('invalid_argument', `the body cannot be read as ${coding}, its content-encoding: ${why}`, {
    cause: error,
  })
}

/** Answers up to this gain nothing by being compressed (characters). */
const MIN_ANSWER_LENGTH = 1024

export type AnswerCoding = 'gzip' | 'deflate'

/** No name of a coding that we write is longer, with a space around it. */
const LONGEST_NAME = ' deflate '.length

/**
 * How a client wants its answers compressed: only one that asks for nothing else, whose `accept-encoding` is `gzip`, or
 * `deflate`, alone. A list of several is what HTTP libraries send by themselves, whatever their callers want, and on a
 * local network bytes are sent sooner than compressed: those are answered as they are, which every list allows.
 * @see RFC 9110, section 12.5.3
 */
export function answerCoding(acceptEncoding: string): AnswerCoding | undefined {
  if (acceptEncoding.length > LONGEST_NAME) return undefined
  const name = acceptEncoding.trim().toLowerCase()
  return name === 'gzip' || name === 'deflate' ? name : undefined
}

/** An answer, compressed; the very same where that gains nothing. */
export async function compressed(
  answer: WireResponse,
  coding: AnswerCoding,
  request: WireRequest,
): Promise<WireResponse> {
  const { body, headers } = answer
  if (body.length <= MIN_ANSWER_LENGTH || headers['content-encoding'] !== undefined || request.method === 'HEAD')
    return answer
  const compress = coding === 'gzip' ? gzip : deflate
  const bytes = await new Promise<Uint8Array>((resolve, reject) => {
    compress(body, { level: constants.Z_BEST_SPEED }, (error, result) => {
      if (error === null) resolve(result)
      else reject(error)
    })
  })
  return { ...answer, headers: { ...headers, 'content-encoding': coding, vary: 'accept-encoding' }, body: bytes }
}
