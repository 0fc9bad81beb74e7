/** An entry to write, and what is to be unusual about it. */
export interface TarPart {
  readonly name: string
  readonly content?: Uint8Array | string
  /** `0` a file, `5` a folder, `L` a long name, `x` attributes, `2` a link, … */
  readonly type?: string
  /** Of ustar, in front of the name. */
  readonly prefix?: string
  /** GNU tar's mark in place of ustar's. */
  readonly isGnu?: boolean
  readonly sizeBytes?: number
  readonly checksum?: number
}

/** A tar archive, written as plainly as can be. */
export function makeTar(parts: readonly TarPart[], end: Uint8Array = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...parts.flatMap((part) => entryOf(part)), end])
}

function entryOf(part: TarPart): Buffer[] {
  const content = Buffer.from((part.content ?? '') as string)
  const header = Buffer.alloc(512)
  header.write(part.name, 0, 100, 'utf8')
  header.write('0000644\0', 100, 'latin1')
  header.write(`${(part.sizeBytes ?? content.length).toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  header.write(part.type ?? '0', 156, 'latin1')
  header.write(part.isGnu === true ? 'ustar  \0' : 'ustar\x0000', 257, 'latin1')
  header.write(part.prefix ?? '', 345, 155, 'utf8')
  header.fill(0x20, 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${(part.checksum ?? sum).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return [header, content, Buffer.alloc(-content.length & 511)]
}

/** Attributes as pax has them: lines that begin with their own length. */
export function paxLine(name: string, value: string): string {
  const rest = Buffer.byteLength(` ${name}=${value}\n`)
  const length = String(rest + String(rest).length).length + rest
  return `${length} ${name}=${value}\n`
}
