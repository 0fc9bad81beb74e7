import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'

/** What the dynamic loader needs to know of a program or library. */
export interface ElfHeader {
  readonly machine: 'x64' | 'arm64'
  /** Path of the loader that starts the program; libraries name none. */
  readonly interpreter: string | undefined
  /** Names of the libraries that it needs, in its own order: `libc.so.6`. */
  readonly needed: readonly string[]
}

const MACHINES: Readonly<Record<number, ElfHeader['machine']>> = { 62: 'x64', 183: 'arm64' }
const SEGMENT = { load: 1, dynamic: 2, interpreter: 3 } as const
const TAG = { end: 0n, needed: 1n, stringTable: 5n, stringTableSize: 10n } as const

/** Tables in a real file are a few KiB; a larger one is no program that we know. */
const MAX_TABLE_BYTES = 16 << 20

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: bigint
  readonly sizeBytes: number
}

/**
 * Reads the head of a 64-bit little-endian ELF file. Unlike `ldd` it runs nothing, and reads files of other
 * architectures too.
 * @throws {ServingError} `unsupported` when the file is of another kind
 * @see System V ABI, "Object Files" and "Dynamic Linking"
 */
export async function readElf(path: string): Promise<ElfHeader> {
  const file = await open(path)
  try {
    const head = await readAt(file, 0, 64)
    const isElf = head.subarray(0, 6).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]))
    const machine = isElf ? MACHINES[head.readUInt16LE(18)] : undefined
    if (machine === undefined)
      throw new ServingError('unsupported', `${quote(path)} is no ELF file for x64 or arm64; images are made of those`)
    const segments = await readSegments(file, head)
    const interpreter = segments.find((segment) => segment.type === SEGMENT.interpreter)
    return {
      machine,
      interpreter: interpreter && text(await readAt(file, interpreter.offset, interpreter.sizeBytes), 0),
      needed: await readNeeded(file, segments),
    }
  } catch (error) {
    if (error instanceof ServingError) throw error
    throw new ServingError('unsupported', `${quote(path)} is a damaged ELF file`, { cause: error })
  } finally {
    await file.close()
  }
}

async function readSegments(file: FileHandle, head: Buffer): Promise<Segment[]> {
  const [entryBytes, count] = [head.readUInt16LE(54), head.readUInt16LE(56)]
  const table = await readAt(file, Number(head.readBigUInt64LE(32)), entryBytes * count)
  return Array.from({ length: count }, (_, i) => {
    const entry = table.subarray(i * entryBytes)
    return {
      type: entry.readUInt32LE(0),
      offset: Number(entry.readBigUInt64LE(8)),
      address: entry.readBigUInt64LE(16),
      sizeBytes: Number(entry.readBigUInt64LE(32)),
    }
  })
}

async function readNeeded(file: FileHandle, segments: readonly Segment[]): Promise<string[]> {
  const dynamic = segments.find((segment) => segment.type === SEGMENT.dynamic)
  if (dynamic === undefined) return []
  const table = await readAt(file, dynamic.offset, dynamic.sizeBytes)
  const offsets: number[] = []
  const found = new Map<bigint, bigint>()
  for (let at = 0; at + 16 <= table.byteLength; at += 16) {
    const tag = table.readBigUInt64LE(at)
    const value = table.readBigUInt64LE(at + 8)
    if (tag === TAG.end) break
    if (tag === TAG.needed) offsets.push(Number(value))
    else found.set(tag, value)
  }
  if (offsets.length === 0) return []
  const address = found.get(TAG.stringTable) ?? 0n
  const names = await readAt(file, offsetOf(address, segments), Number(found.get(TAG.stringTableSize) ?? 0n))
  return offsets.map((offset) => text(names, offset))
}

/** Where in the file lies what is loaded at `address`. */
function offsetOf(address: bigint, segments: readonly Segment[]): number {
  const segment = segments.find(
    ({ type, address: start, sizeBytes }) =>
      type === SEGMENT.load && address >= start && address < start + BigInt(sizeBytes),
  )
  if (segment === undefined) throw new RangeError('an address lies in no segment')
  return segment.offset + Number(address - segment.address)
}

function text(bytes: Buffer, offset: number): string {
  const end = bytes.indexOf(0, offset)
  if (offset >= bytes.byteLength || end < 0) throw new RangeError('a text does not end')
  return bytes.toString('latin1', offset, end)
}

async function readAt(file: FileHandle, offset: number, sizeBytes: number): Promise<Buffer> {
  if (sizeBytes > MAX_TABLE_BYTES) throw new RangeError('a table is too large')
  const buffer = Buffer.alloc(sizeBytes)
  const { bytesRead } = await file.read(buffer, 0, sizeBytes, offset)
  if (bytesRead < sizeBytes) throw new RangeError('the file is too short')
  return buffer
}
