import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'

/** One entry of a tar archive that is read from its beginning to its end. */
export interface TarRecord {
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other'
  /** As the archive has it, without `./` in front and `/` at the end. */
  readonly path: string
  /** What a link leads to, as the archive has it; empty for others. */
  readonly target: string
  readonly mode: number
  readonly sizeBytes: number
  /** Where its bytes begin in the archive. */
  readonly offset: number
}

/** A stream of bytes of which so many are taken as are asked for. */
interface Taker {
  readonly position: number
  /** Exactly so many bytes, in memory. */
  take(sizeBytes: number): Promise<Buffer>
  /** So many bytes, in pieces. */
  pieces(sizeBytes: number): AsyncGenerator<Uint8Array>
  /** Reads to the end. */
  drain(): Promise<void>
  /** Lets go of the source. */
  close(): Promise<void>
}

const BLOCK = 512
/** Long names and lists of attributes stand for one path. */
const MAX_ATTRIBUTES_BYTES = 1 << 20
const KINDS: Readonly<Record<string, TarRecord['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '5': 'directory',
  '2': 'symlink',
  '1': 'hardlink',
}

/**
 * Reads the tar archive of a layer or an image: ustar, the long names of GNU tar, and pax. All of it is read.
 * @param onEntry called for each entry in turn; it may read the entry's bytes while it runs, and need not
 * @throws {ServingError} `refused` for damage, sparse files and entries beyond `maxEntries`
 * @see POSIX.1-2017, pax, "pax Interchange Format"; GNU tar, "Basic Tar Format"
 */
export async function readTar(
  source: AsyncIterable<Uint8Array>,
  onEntry: (record: TarRecord, bytes: () => AsyncGenerator<Uint8Array>) => void | Promise<void>,
  maxEntries = 2_000_000,
): Promise<void> {
  const taker = takerOf(source)
  try {
    await readEntries(taker, onEntry, maxEntries)
    await taker.drain()
  } finally {
    await taker.close()
  }
}

async function readEntries(
  taker: Taker,
  onEntry: (record: TarRecord, bytes: () => AsyncGenerator<Uint8Array>) => void | Promise<void>,
  maxEntries: number,
): Promise<void> {
  let given: Map<string, string> = new Map()
  for (let count = 0; ; count++) {
    if (count > maxEntries) throw damaged(`has over ${maxEntries} entries`)
    const header = await taker.take(BLOCK)
    if (header.every((byte) => byte === 0)) break
    const type = checkHeader(header)
    const isPlain = KINDS[type] === 'file'
    const stated = given.get('size')
    const sizeBytes = stated !== undefined && !isAbout(type) ? Number(stated) : numberAt(header, 124, 12)
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw damaged('has an entry without a size')
    // a link has no bytes, whatever it says
    const body = type === '1' || type === '2' || type === '5' ? 0 : sizeBytes
    const padding = (BLOCK - (body % BLOCK)) % BLOCK
    if (isAbout(type)) {
      if (body > MAX_ATTRIBUTES_BYTES) throw damaged(`has ${formatBytes(body)} of attributes for one entry`)
      const bytes = await taker.take(body)
      await taker.take(padding)
      if (type === 'L') given.set('path', textOf(bytes))
      if (type === 'K') given.set('linkpath', textOf(bytes))
      if (type === 'x') for (const [name, value] of attributesOf(bytes)) given.set(name, value)
      continue
    }
    const raw = given.get('path') ?? nameOf(header)
    const sparse = type === 'S' || [...given.keys()].some((name) => name.startsWith('GNU.sparse.'))
    if (sparse) throw damaged(`has the sparse file ${quote(raw)}, which is not read`)
    const record: TarRecord = {
      kind: isPlain && raw.endsWith('/') ? 'directory' : (KINDS[type] ?? 'other'),
      path: raw.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, ''),
      target: type === '1' || type === '2' ? (given.get('linkpath') ?? textOf(header.subarray(157, 257))) : '',
      mode: numberAt(header, 100, 8) & 0o7777,
      sizeBytes: body,
      offset: taker.position,
    }
    given = new Map()
    const end = taker.position + body
    await onEntry(record, () => taker.pieces(end - taker.position))
    for await (const _ of taker.pieces(end + padding - taker.position));
  }
}

/** Whether an entry tells something of the next one, or of all. */
function isAbout(type: string): boolean {
  return type === 'L' || type === 'K' || type === 'x' || type === 'g'
}

/** @returns the entry's type */
function checkHeader(header: Buffer): string {
  let sum = 8 * 0x20
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i] ?? 0
  if (sum !== numberAt(header, 148, 8)) throw damaged('fails the checksum of an entry')
  return header.toString('latin1', 156, 157)
}

function nameOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100))
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isPosix ? textOf(header.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Lines of `LENGTH NAME=VALUE`, the length counting the whole line. */
function attributesOf(bytes: Buffer): Map<string, string> {
  const found = new Map<string, string>()
  for (let from = 0; from < bytes.length;) {
    const space = bytes.indexOf(0x20, from)
    const length = space < 0 ? 0 : Number(bytes.toString('latin1', from, space))
    const equals = bytes.indexOf(0x3d, space)
    const to = from + length
    if (!Number.isSafeInteger(length) || equals < 0 || equals >= to || to > bytes.length || bytes[to - 1] !== 0x0a)
      throw damaged('has attributes that are none')
    found.set(bytes.toString('utf8', space + 1, equals), bytes.toString('utf8', equals + 1, to - 1))
    from = to
  }
  return found
}

/** Octal digits or, for large numbers, bytes behind a mark. */
function numberAt(header: Buffer, from: number, length: number): number {
  const field = header.subarray(from, from + length)
  if (((field[0] ?? 0) & 0x80) === 0) {
    const digits = textOf(field).trim()
    return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
  }
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, (field[0] ?? 0) & 0x7f)
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? field.length : end)
}

function takerOf(source: AsyncIterable<Uint8Array>): Taker {
  const iterator = source[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array()
  let position = 0
  async function next(most: number): Promise<Uint8Array> {
    while (rest.byteLength === 0) {
      const { value, done } = (await iterator.next()) as IteratorResult<Uint8Array, undefined>
      if (done === true) throw damaged('ends too early')
      rest = value ?? rest
    }
    const piece = rest.subarray(0, most)
    rest = rest.subarray(piece.byteLength)
    position += piece.byteLength
    return piece
  }
  return {
    get position() {
      return position
    },
    async take(sizeBytes) {
      const buffer = Buffer.alloc(sizeBytes)
      for (let filled = 0; filled < sizeBytes;) {
        const piece = await next(sizeBytes - filled)
        buffer.set(piece, filled)
        filled += piece.byteLength
      }
      return buffer
    },
    async *pieces(sizeBytes) {
      for (let left = sizeBytes; left > 0;) {
        const piece = await next(left)
        left -= piece.byteLength
        yield piece
      }
    },
    async drain() {
      while ((await iterator.next()).done !== true);
    },
    async close() {
      await iterator.return?.()
    },
  }
}

function damaged(what: string): ServingError {
  return new ServingError('refused', `a tar archive of the base image ${what}; export the image again`, {
    details: { reason: 'base_image' },
  })
}
