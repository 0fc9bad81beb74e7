import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'

/** One part of a form. Its content has to be read to its end before the next part. */
export interface FormPart {
  readonly name: string
  /** Of a file. */
  readonly fileName?: string | undefined
  readonly content: AsyncIterable<Buffer>
}

/** A part's headers are at most so long (bytes). */
const MAX_HEADER_BYTES = 8192
/** Parts of a form. */
const MAX_PARTS = 20
/** What may stand before the first delimiter (bytes): clients send nothing. */
const MAX_PREAMBLE_BYTES = 1024

const CRLF = Buffer.from('\r\n')
const BLANK_LINE = Buffer.from('\r\n\r\n')

/**
 * The boundary that a content type names.
 * @throws {ServingError} `invalid_argument`
 * @see RFC 2046, section 5.1.1
 */
export function boundaryOf(contentType: string): string {
  const text = contentType.slice(0, 1000)
  const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(text)
  const boundary = found?.[1] ?? found?.[2]
  if (boundary === undefined || !/^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/.test(boundary))
    throw malformed('its content-type names no boundary of 1 to 70 characters')
  return boundary
}

/**
 * The parts of a form, as they come in: memory holds a chunk and a delimiter, whatever the size of the parts.
 * @throws {ServingError} `invalid_argument` for what is no form, or is cut short
 * @see RFC 7578; RFC 2046, section 5.1
 */
export async function* readParts(stream: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<FormPart> {
  const source = stream[Symbol.asyncIterator]()
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  // the first delimiter may stand at the very beginning
  let held: Buffer = CRLF
  let isEnded = false

  /** @returns whether more came */
  async function more(): Promise<boolean> {
    if (isEnded) return false
    const next = await source.next()
    if (next.done === true) {
      isEnded = true
      return false
    }
    const chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    return true
  }

  /** Everything up to the next delimiter, which is taken out. */
  async function* untilDelimiter(): AsyncGenerator<Buffer> {
    for (;;) {
      const at = held.indexOf(delimiter)
      if (at >= 0) {
        if (at > 0) yield held.subarray(0, at)
        held = held.subarray(at + delimiter.length)
        return
      }
      // the end of what is held may be a delimiter's beginning
      const sure = held.length - delimiter.length + 1
      if (sure > 0) {
        yield held.subarray(0, sure)
        held = held.subarray(sure)
      }
      if (!(await more())) throw malformed('it ends within a part')
    }
  }

  /** Whether the delimiter that was just taken out was the last. */
  async function isLast(): Promise<boolean> {
    for (let padding = 0; ; padding++) {
      while (held.length < 2) if (!(await more())) throw malformed('it ends within a delimiter')
      if (held.subarray(0, 2).equals(CRLF)) {
        held = held.subarray(2)
        return false
      }
      if (padding === 0 && held.subarray(0, 2).toString('latin1') === '--') return true
      if (padding > 100 || (held[0] !== 0x20 && held[0] !== 0x09))
        throw malformed('a delimiter is followed by something else')
      held = held.subarray(1)
    }
  }

  async function headers(): Promise<Map<string, string>> {
    for (;;) {
      // a part without headers begins with the blank line's second half
      const isBare = held.length >= 2 && held.subarray(0, 2).equals(CRLF)
      const end = isBare ? 0 : held.indexOf(BLANK_LINE)
      if (end >= 0 && end <= MAX_HEADER_BYTES) {
        const text = held.subarray(0, end).toString('utf8')
        held = held.subarray(end + (isBare ? 2 : BLANK_LINE.length))
        return parseHeaders(text)
      }
      if (held.length > MAX_HEADER_BYTES)
        throw malformed(`the headers of a part are longer than ${MAX_HEADER_BYTES} bytes`)
      if (!(await more())) throw malformed('it ends within the headers of a part')
    }
  }

  let preambleBytes = 0
  for await (const chunk of untilDelimiter()) {
    preambleBytes += chunk.length
    if (preambleBytes > MAX_PREAMBLE_BYTES) throw malformed('it does not begin with its boundary')
  }
  for (let count = 0; !(await isLast()); count++) {
    if (count >= MAX_PARTS) throw malformed(`it has more than ${MAX_PARTS} parts`)
    const { name, fileName } = dispositionOf(await headers())
    const content = untilDelimiter()
    yield { name, fileName, content }
    // what was left unread is skipped
    for await (const chunk of content) void chunk
  }
}

function parseHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>()
  for (const line of text === '' ? [] : text.split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase()
    if (!/^[a-z0-9-]{1,64}$/.test(name)) throw malformed('a part has a header that is none')
    if (headers.has(name)) throw malformed(`a part has the header ${quote(name)} twice`)
    headers.set(name, line.slice(colon + 1).trim())
  }
  const encoding = headers.get('content-transfer-encoding')
  if (encoding !== undefined && !/^(?:7bit|8bit|binary)$/i.test(encoding))
    throw malformed(`a part has the content-transfer-encoding ${quote(encoding, 40)}, which forms do not use`)
  return headers
}

function dispositionOf(headers: ReadonlyMap<string, string>): { name: string; fileName: string | undefined } {
  const text = headers.get('content-disposition') ?? ''
  if (!/^form-data\s*;/i.test(text)) throw malformed('a part lacks the header content-disposition: form-data')
  const name = parameter(text, 'name')
  if (name === undefined) throw malformed('a part has no name')
  return { name, fileName: parameter(text, 'filename') }
}

/** A quoted parameter, in which `"` and line breaks come percent-encoded. @see WHATWG HTML, "multipart form data" */
function parameter(text: string, name: string): string | undefined {
  let at = text.indexOf(';')
  while (at >= 0 && at < text.length) {
    const rest = text.slice(at)
    const found = /^;\s{0,20}([A-Za-z*]{1,20})=(?:"((?:[^"\\]|\\.){0,1024})"|([^\s;"]{0,1024}))\s{0,20}/.exec(rest)
    if (found === null) throw malformed('a content-disposition cannot be read')
    const [whole, key = '', quoted, token = ''] = found
    if (key.toLowerCase() === name)
      return quoted === undefined
        ? token
        : quoted
            .replace(/\\(["\\])/g, '$1')
            .replace(/%22/g, '"')
            .replace(/%0D/gi, '\r')
            .replace(/%0A/gi, '\n')
    at = at + whole.length < text.length ? at + whole.length : -1
  }
  return undefined
}

function malformed(why: string): ServingError {
  return new ServingError('invalid_argument', `the body is no multipart/form-data: ${why}`, {
    details: { reason: 'form' },
  })
}
