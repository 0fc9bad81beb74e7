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
const VERSION_TAG = {
  provided: 0x6fff_fffcn,
  providedCount: 0x6fff_fffdn,
  needed: 0x6fff_fffen,
  neededCount: 0x6fff_ffffn,
}
/** A release that may be missing. */
const WEAK = 2
/** Lists of releases in a real file are some KiB. */
const MAX_VERSIONS_BYTES = 1 << 20

/** Releases of its functions that a library has, and that a program or library needs of others. */
export interface ElfVersions {
  /** `GLIBC_2.34`, `GLIBCXX_3.4.29`. */
  readonly provided: ReadonlySet<string>
  /** The same by the library that has to have them. */
  readonly needed: ReadonlyMap<string, readonly string[]>
}

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
  return readParts(path, async (file, machine, segments) => {
    const interpreter = segments.find((segment) => segment.type === SEGMENT.interpreter)
    return {
      machine,
      interpreter: interpreter && text(await readAt(file, interpreter.offset, interpreter.sizeBytes), 0),
      needed: (await readDynamic(file, segments)).needed,
    }
  })
}

/**
 * Which releases a file has and needs, so that it can be told beforehand whether a loader will take it.
 * @throws {ServingError} `unsupported` when the file is of another kind
 * @see Linux Standard Base, "Symbol Versioning"
 */
export async function readElfVersions(path: string): Promise<ElfVersions> {
  return readParts(path, async (file, _machine, segments) => {
    const { found, names } = await readDynamic(file, segments)
    const provided = new Set<string>()
    const needed = new Map<string, string[]>()
    const tableAt = async (tag: bigint) =>
      readAtMost(file, offsetOf(found.get(tag) ?? 0n, segments), MAX_VERSIONS_BYTES)
    const definitions = Number(found.get(VERSION_TAG.providedCount) ?? 0n)
    const table = definitions === 0 ? Buffer.alloc(0) : await tableAt(VERSION_TAG.provided)
    for (let i = 0, at = 0; i < definitions; i++, at += table.readUInt32LE(at + 16))
      provided.add(text(names, table.readUInt32LE(at + table.readUInt32LE(at + 12))))
    const needs = Number(found.get(VERSION_TAG.neededCount) ?? 0n)
    const wanted = needs === 0 ? Buffer.alloc(0) : await tableAt(VERSION_TAG.needed)
    for (let i = 0, at = 0; i < needs; i++, at += wanted.readUInt32LE(at + 12)) {
      const releases: string[] = []
      let part = at + wanted.readUInt32LE(at + 8)
      for (let j = 0; j < wanted.readUInt16LE(at + 2); j++, part += wanted.readUInt32LE(part + 12))
        if ((wanted.readUInt16LE(part + 4) & WEAK) === 0) releases.push(text(names, wanted.readUInt32LE(part + 8)))
      needed.set(text(names, wanted.readUInt32LE(at + 4)), releases)
    }
    return { provided, needed }
  })
}

async function readParts<T>(
  path: string,
  read: (file: FileHandle, machine: ElfHeader['machine'], segments: readonly Segment[]) => Promise<T>,
): Promise<T> {
  const file = await open(path)
  try {
    const head = await readAt(file, 0, 64)
    const isElf = head.subarray(0, 6).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]))
    const machine = isElf ? MACHINES[head.readUInt16LE(18)] : undefined
    if (machine === undefined)
      throw new ServingError('unsupported', `${quote(path)} is no ELF file for x64 or arm64; images are made of those`)
    return await read(file, machine, await readSegments(file, head))
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

/** What stands in the table for the loader. */
interface Dynamic {
  readonly needed: readonly string[]
  readonly found: ReadonlyMap<bigint, bigint>
  readonly names: Buffer
}

async function readDynamic(file: FileHandle, segments: readonly Segment[]): Promise<Dynamic> {
  const offsets: number[] = []
  const found = new Map<bigint, bigint>()
  const dynamic = segments.find((segment) => segment.type === SEGMENT.dynamic)
  if (dynamic === undefined) return { needed: [], found, names: Buffer.alloc(0) }
  const table = await readAt(file, dynamic.offset, dynamic.sizeBytes)
  for (let at = 0; at + 16 <= table.byteLength; at += 16) {
    const tag = table.readBigUInt64LE(at)
    const value = table.readBigUInt64LE(at + 8)
    if (tag === TAG.end) break
    if (tag === TAG.needed) offsets.push(Number(value))
    else found.set(tag, value)
  }
  const address = found.get(TAG.stringTable)
  if (address === undefined) return { needed: [], found, names: Buffer.alloc(0) }
  const names = await readAt(file, offsetOf(address, segments), Number(found.get(TAG.stringTableSize) ?? 0n))
  return { needed: offsets.map((offset) => text(names, offset)), found, names }
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

/** What of so many bytes the file has. */
async function readAtMost(file: FileHandle, offset: number, sizeBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(sizeBytes)
  const { bytesRead } = await file.read(buffer, 0, sizeBytes, offset)
  return buffer.subarray(0, bytesRead)
}

async function readAt(file: FileHandle, offset: number, sizeBytes: number): Promise<Buffer> {
  if (sizeBytes > MAX_TABLE_BYTES) throw new RangeError('a table is too large')
  const buffer = Buffer.alloc(sizeBytes)
  const { bytesRead } = await file.read(buffer, 0, sizeBytes, offset)
  if (bytesRead < sizeBytes) throw new RangeError('the file is too short')
  return buffer
}
