const QUOTE = 0x22
const COMMA = 0x2c
const LF = 0x0a
const CR = 0x0d

/** How a field stands in the text: plain, between quotes, or between quotes with doubled quotes inside. */
const PLAIN = 0
const QUOTED = 1
const ESCAPED = 2

/** One record of a CSV text, as positions in its bytes; reused from record to record. */
export interface CsvRecord {
  fields: number
  /** Fields whose places are kept; those behind them are only counted. */
  readonly mostFields: number
  /** Where each field's text begins and ends, without its quotes. */
  starts: number[]
  ends: number[]
  kinds: number[]
  /** End of the record, without its line break. */
  end: number
  /** Line breaks that the record took up, its own among them. */
  lineBreaks: number
  /** Quotes that break the rules, where the record's end could still be told. */
  problem: string | undefined
  /** A quote was opened and the text ended before it was closed. */
  isUnterminated: boolean
}

export function createCsvRecord(mostFields: number = Infinity): CsvRecord {
  return {
    fields: 0,
    mostFields,
    starts: [],
    ends: [],
    kinds: [],
    end: 0,
    lineBreaks: 0,
    problem: undefined,
    isUnterminated: false,
  }
}

/**
 * Finds the fields of the record that begins at `from`; copies nothing.
 * Fields are parted by commas, records by LF or CRLF. A quoted field may hold commas, line breaks and doubled quotes.
 * @param isLast no bytes come after these
 * @returns where the next record begins; -1 when this one's end is not in the bytes yet
 * @see RFC 4180
 */
export function scanCsvRecord(bytes: Uint8Array, from: number, isLast: boolean, record: CsvRecord): number {
  record.fields = 0
  record.lineBreaks = 0
  record.problem = undefined
  record.isUnterminated = false
  const length = bytes.length
  let at = from
  for (;;) {
    let start = at
    let end: number
    let kind = PLAIN
    if (at < length && bytes[at] === QUOTE) {
      start = at + 1
      kind = QUOTED
      at = start
      for (;;) {
        at = bytes.indexOf(QUOTE, at)
        if (at < 0) {
          if (!isLast) return -1
          record.isUnterminated = true
          at = length
          break
        }
        if (at + 1 >= length && !isLast) return -1
        if (bytes[at + 1] !== QUOTE) break
        kind = ESCAPED
        at += 2
      }
      end = at
      for (let i = start; i < end; i++) if (bytes[i] === LF) record.lineBreaks++
      if (at < length) at++
      const after = at
      while (at < length && bytes[at] !== COMMA && bytes[at] !== LF) at++
      if (at >= length && !isLast) return -1
      const isClean = at === after || (at === after + 1 && bytes[after] === CR && bytes[at] !== COMMA)
      if (!isClean) record.problem ??= 'text follows a closing quote; a quote inside a quoted field is written twice'
    } else {
      while (at < length) {
        const byte = bytes[at]
        if (byte === COMMA || byte === LF) break
        if (byte === QUOTE)
          record.problem ??= 'a quote stands inside an unquoted field; quote the whole field and write the quote twice'
        at++
      }
      if (at >= length && !isLast) return -1
      end = at
      if (end > start && bytes[end - 1] === CR && bytes[at] !== COMMA) end--
    }
    if (record.fields < record.mostFields) {
      record.starts[record.fields] = start
      record.ends[record.fields] = end
      record.kinds[record.fields] = kind
    }
    record.fields++
    if (at < length && bytes[at] === COMMA) {
      at++
      continue
    }
    record.end = at > from && bytes[at - 1] === CR ? at - 1 : at
    if (at >= length) return length
    record.lineBreaks++
    return at + 1
  }
}

/** Whether nothing stands between two line breaks. */
export function isBlankRecord(record: CsvRecord): boolean {
  return record.fields === 1 && record.kinds[0] === PLAIN && record.starts[0] === record.ends[0]
}

/** Text of a field, with doubled quotes made single. The bytes must be valid UTF-8. */
export function fieldText(bytes: Uint8Array, record: CsvRecord, field: number): string {
  const start = record.starts[field] as number
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, (record.ends[field] as number) - start).toString()
  return record.kinds[field] === ESCAPED ? text.replaceAll('""', '"') : text
}

/** Whether a field's bytes are not yet its text, because quotes in it are doubled. */
export function isEscaped(record: CsvRecord, field: number): boolean {
  return record.kinds[field] === ESCAPED
}

/** Whether nothing stands in a field, no quotes either. */
export function isEmpty(record: CsvRecord, field: number): boolean {
  return record.kinds[field] === PLAIN && record.starts[field] === record.ends[field]
}

export function fieldTexts(bytes: Uint8Array, record: CsvRecord): string[] {
  return Array.from({ length: record.fields }, (_, field) => fieldText(bytes, record, field))
}
