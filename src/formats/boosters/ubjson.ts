import { damaged, MAX_DEPTH, setOnce, type FileObject, type FileValue, type NumberList } from './tree-file.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes of a number, by its marker. */
const SIZES: ReadonlyMap<string, number> = new Map([
  ['i', 1],
  ['U', 1],
  ['I', 2],
  ['l', 4],
  ['L', 8],
  ['d', 4],
  ['D', 8],
])

/**
 * Reads UBJSON, as XGBoost writes it: one object, and nothing after it. Lists of one type of numbers come as typed arrays.
 * @throws {ServingError} `refused`
 * @see ubjson.org, draft 12
 */
export function readUbjson(bytes: Uint8Array): FileObject {
  const reader = new Reader(bytes)
  if (reader.marker() !== '{') throw damaged('it does not begin with an object', 0)
  const value = reader.object(0)
  if (reader.at !== bytes.length) throw damaged(`${bytes.length - reader.at} bytes follow its end`, reader.at)
  return value
}

class Reader {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The next marker; what means nothing is passed over. */
  marker(): string {
    for (;;) {
      const byte = this.#bytes[this.at]
      if (byte === undefined) throw damaged('it ends too soon', this.at)
      this.at++
      if (byte !== 0x4e) return String.fromCharCode(byte) // N, no-op
    }
  }

  object(depth: number): FileObject {
    if (depth > MAX_DEPTH) throw damaged(`it is over ${MAX_DEPTH} lists and objects deep`, this.at)
    const { type, count } = this.#container()
    const object = new Map<string, FileValue>()
    for (let i = 0; count === undefined ? !this.#isEnd('}') : i < count; i++) {
      const from = this.at
      const key = this.#text()
      setOnce(object, key, this.#value(type ?? this.marker(), depth + 1), from)
    }
    return object
  }

  #list(depth: number): readonly FileValue[] | NumberList {
    if (depth > MAX_DEPTH) throw damaged(`it is over ${MAX_DEPTH} lists and objects deep`, this.at)
    const { type, count } = this.#container()
    if (type !== undefined && count !== undefined && SIZES.has(type)) return this.#numbers(type, count)
    const list: FileValue[] = []
    for (let i = 0; count === undefined ? !this.#isEnd(']') : i < count; i++)
      list.push(this.#value(type ?? this.marker(), depth + 1))
    return list.length > 0 && list.every((value) => typeof value === 'number') ? Float64Array.from(list) : list
  }

  /** `$` and `#`: the type of all that follows, and how many they are. Each takes a byte at least. */
  #container(): { type: string | undefined; count: number | undefined } {
    let type: string | undefined
    if (this.#bytes[this.at] === 0x24) {
      this.at++
      type = this.marker()
      if (!SIZES.has(type) && !'SCH{['.includes(type))
        throw damaged(`its lists are of type ${JSON.stringify(type)}`, this.at)
      if (this.#bytes[this.at] !== 0x23) throw damaged('a type without a count', this.at)
    }
    if (this.#bytes[this.at] !== 0x23) return { type, count: undefined }
    this.at++
    const count = this.#length()
    if (count > this.#bytes.length - this.at) throw damaged(`${count} values cannot follow`, this.at)
    return { type, count }
  }

  #isEnd(end: string): boolean {
    while (this.#bytes[this.at] === 0x4e) this.at++
    if (this.#bytes[this.at] !== end.charCodeAt(0)) return false
    this.at++
    return true
  }

  #value(marker: string, depth: number): FileValue {
    switch (marker) {
      case 'Z':
        return null
      case 'T':
        return true
      case 'F':
        return false
      case 'S':
        return this.#text()
      case 'C':
        return String.fromCharCode(this.#bytes[this.#take(1)] as number)
      case 'H': {
        const text = this.#text()
        if (!/^-?\d{1,400}$/.test(text)) throw damaged('a long number is none', this.at)
        return Number(text)
      }
      case '{':
        return this.object(depth)
      case '[':
        return this.#list(depth)
      default:
        return this.#number(marker)
    }
  }

  #text(): string {
    const length = this.#length()
    const from = this.#take(length)
    try {
      return utf8.decode(this.#bytes.subarray(from, from + length))
    } catch {
      throw damaged('a text is no UTF-8', from)
    }
  }

  #length(): number {
    const value = this.#number(this.marker())
    if (!Number.isSafeInteger(value) || value < 0) throw damaged(`a length of ${value}`, this.at)
    return value
  }

  #number(marker: string): number {
    const size = SIZES.get(marker)
    if (size === undefined)
      throw damaged(`it has the type ${JSON.stringify(marker)}, which UBJSON has not`, this.at - 1)
    return this.#numberAt(marker, this.#take(size))
  }

  #numberAt(marker: string, at: number): number {
    const view = this.#view
    if (marker === 'i') return view.getInt8(at)
    if (marker === 'U') return view.getUint8(at)
    if (marker === 'I') return view.getInt16(at)
    if (marker === 'l') return view.getInt32(at)
    if (marker === 'd') return view.getFloat32(at)
    return marker === 'D' ? view.getFloat64(at) : Number(view.getBigInt64(at))
  }

  #numbers(type: string, count: number): NumberList {
    const size = SIZES.get(type) as number
    const from = this.#take(size * count)
    if (type === 'U') return this.#bytes.slice(from, from + count)
    const list =
      type === 'i'
        ? new Int8Array(count)
        : type === 'I'
          ? new Int16Array(count)
          : type === 'l'
            ? new Int32Array(count)
            : type === 'd'
              ? new Float32Array(count)
              : new Float64Array(count)
    for (let i = 0; i < count; i++) list[i] = this.#numberAt(type, from + i * size)
    return list
  }

  /** Steps over bytes that are to be read. @returns where they begin */
  #take(length: number): number {
    const from = this.at
    if (length > this.#bytes.length - from) throw damaged(`${length} bytes cannot follow`, from)
    this.at = from + length
    return from
  }
}
