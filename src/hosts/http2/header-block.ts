import { STATIC_TABLE } from './static-table.ts'

/**
 * Headers to be sent, encoded once however often they go out. They use no table of the connection's, so that the same bytes
 * are right on every connection, whatever its client has agreed to.
 */
export class HeaderBlock {
  readonly fields: Readonly<Record<string, string>>
  #bytes: Buffer | undefined

  /** @param fields names in lower case, `:status` first; values without line ends */
  constructor(fields: Readonly<Record<string, string>>) {
    this.fields = fields
  }

  get bytes(): Buffer {
    return (this.#bytes ??= encode(this.fields))
  }
}

/** Stands for trailers where there are none. */
export const NO_TRAILERS = new HeaderBlock({})

/** Index of each name that has one, and of each name with its value. */
const INDICES = new Map<string, number>()
for (const [i, [name, value]] of STATIC_TABLE.entries()) {
  if (!INDICES.has(name)) INDICES.set(name, i + 1)
  if (value !== '') INDICES.set(`${name}: ${value}`, i + 1)
}

/** As indices where the static table has them, else as literals that are not remembered. @see RFC 7541, "Binary Format" */
function encode(fields: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of Object.entries(fields)) {
    const known = INDICES.get(`${name}: ${value}`)
    if (known !== undefined) parts.push(integer(0x80, 0x7f, known))
    else {
      const index = INDICES.get(name) ?? 0
      parts.push(integer(0, 0x0f, index))
      if (index === 0) parts.push(...text(name))
      parts.push(...text(value))
    }
  }
  return Buffer.concat(parts)
}

function text(characters: string): Buffer[] {
  const bytes = Buffer.from(characters, 'latin1')
  return [integer(0, 0x7f, bytes.length), bytes]
}

/** @see RFC 7541, "Integer Representation" */
function integer(flags: number, mask: number, value: number): Buffer {
  if (value < mask) return Buffer.of(flags | value)
  const bytes = [flags | mask]
  let rest = value - mask
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}
