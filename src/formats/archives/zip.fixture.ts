import { crc32, deflateRawSync } from 'node:zlib'

/** An entry to write, and what is to be wrong with it. */
export interface ZipPart {
  readonly name: string
  readonly content?: Uint8Array | string
  readonly isDeflated?: boolean
  /** Whether check and sizes stand behind the bytes, as PyTorch and streams have them. */
  readonly hasDescriptor?: boolean
  /** Whether sizes stand in extra fields of 64 bits, as numpy writes them. */
  readonly is64?: boolean
  readonly localName?: string
  readonly flags?: number
  readonly method?: number
  readonly mode?: number
  readonly crc?: number
  readonly sizeBytes?: number
  /** Bytes between this entry and the next. */
  readonly behind?: Uint8Array
  readonly localExtra?: Uint8Array
}

export interface ZipShape {
  readonly before?: Uint8Array
  readonly behind?: Uint8Array
  readonly comment?: string
  /** Whether the end is told in 64 bits. */
  readonly is64?: boolean
  readonly entries?: number
}

/** A zip archive, written as plainly as can be. */
export function makeZip(parts: readonly ZipPart[], shape: ZipShape = {}): Buffer {
  const chunks: Buffer[] = [Buffer.from(shape.before ?? [])]
  const directory: Buffer[] = []
  let counted = 0
  let sum = 0
  /** Bytes so far. */
  function length(): number {
    for (; counted < chunks.length; counted++) sum += chunks[counted]?.length ?? 0
    return sum
  }
  for (const part of parts) {
    const content = Buffer.from((part.content ?? '') as string)
    const packed = part.isDeflated === true ? deflateRawSync(content) : content
    const name = Buffer.from(part.name)
    const localName = Buffer.from(part.localName ?? part.name)
    const flags = part.flags ?? (part.hasDescriptor === true ? 8 : 0)
    const method = part.method ?? (part.isDeflated === true ? 8 : 0)
    const crc = part.crc ?? crc32(content)
    const sizeBytes = part.sizeBytes ?? content.length
    const offset = length()
    const large = part.is64 === true ? extra64(sizeBytes, packed.length) : Buffer.alloc(0)
    const extra = Buffer.concat([large, part.localExtra ?? Buffer.alloc(0)])
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x0403_4b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt16LE(flags, 6)
    local.writeUInt16LE(method, 8)
    const isEmpty = part.hasDescriptor === true
    local.writeUInt32LE(isEmpty ? 0 : crc, 14)
    local.writeUInt32LE(part.is64 === true ? 0xffff_ffff : isEmpty ? 0 : packed.length, 18)
    local.writeUInt32LE(part.is64 === true ? 0xffff_ffff : isEmpty ? 0 : sizeBytes, 22)
    local.writeUInt16LE(localName.length, 26)
    local.writeUInt16LE(extra.length, 28)
    chunks.push(local, localName, extra, packed)
    if (part.hasDescriptor === true) chunks.push(words(0x0807_4b50, crc, packed.length, sizeBytes))
    chunks.push(Buffer.from(part.behind ?? []))
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x0201_4b50, 0)
    central.writeUInt16LE(0x0314, 4)
    central.writeUInt16LE(20, 6)
    central.writeUInt16LE(flags, 8)
    central.writeUInt16LE(method, 10)
    central.writeUInt32LE(crc, 16)
    central.writeUInt32LE(packed.length, 20)
    central.writeUInt32LE(sizeBytes, 24)
    central.writeUInt16LE(name.length, 28)
    central.writeUInt32LE(((part.mode ?? 0o100_644) << 16) >>> 0, 38)
    central.writeUInt32LE(offset, 42)
    directory.push(central, name)
  }
  const begin = length()
  chunks.push(...directory)
  const size = length() - begin
  const entries = shape.entries ?? parts.length
  if (shape.is64 === true) chunks.push(end64(entries, size, begin))
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x0605_4b50, 0)
  end.writeUInt16LE(shape.is64 === true ? 0xffff : entries, 8)
  end.writeUInt16LE(shape.is64 === true ? 0xffff : entries, 10)
  end.writeUInt32LE(shape.is64 === true ? 0xffff_ffff : size, 12)
  end.writeUInt32LE(shape.is64 === true ? 0xffff_ffff : begin, 16)
  end.writeUInt16LE(shape.comment?.length ?? 0, 20)
  chunks.push(end, Buffer.from(shape.comment ?? ''), Buffer.from(shape.behind ?? []))
  return Buffer.concat(chunks)
}

function extra64(sizeBytes: number, packedBytes: number): Buffer {
  const extra = Buffer.alloc(20)
  extra.writeUInt16LE(1, 0)
  extra.writeUInt16LE(16, 2)
  extra.writeBigUInt64LE(BigInt(sizeBytes), 4)
  extra.writeBigUInt64LE(BigInt(packedBytes), 12)
  return extra
}

function end64(entries: number, size: number, begin: number): Buffer {
  const end = Buffer.alloc(56 + 20)
  end.writeUInt32LE(0x0606_4b50, 0)
  end.writeBigUInt64LE(44n, 4)
  end.writeUInt16LE(45, 12)
  end.writeUInt16LE(45, 14)
  end.writeBigUInt64LE(BigInt(entries), 24)
  end.writeBigUInt64LE(BigInt(entries), 32)
  end.writeBigUInt64LE(BigInt(size), 40)
  end.writeBigUInt64LE(BigInt(begin), 48)
  end.writeUInt32LE(0x0706_4b50, 56)
  end.writeBigUInt64LE(BigInt(begin + size), 64)
  end.writeUInt32LE(1, 72)
  return end
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => bytes.writeUInt32LE(value, i * 4))
  return bytes
}
