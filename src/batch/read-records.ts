import { ServingError } from '../core/errors.ts'
import { formatBytes } from '../core/text.ts'
import type { RowFormat } from './row-format.ts'

/** Most bytes of one record: what is longer is taken for a quote that was never closed. */
const MAX_RECORD_BYTES = 16 * 2 ** 20

export interface RecordPlace {
  readonly bytes: Uint8Array
  readonly from: number
  /** Counted from 1, in the file as it stands. */
  readonly line: number
  /** Nothing stands on the line; the format has not scanned it last. */
  readonly isBlank: boolean
}

/**
 * Cuts a stream of bytes into records and holds no more of it than the pieces that the current record lies in.
 * Blank lines at the end are left out; those before a record are records.
 * @param take called with each record right after the format has scanned it; what it returns is awaited
 * @param onRead told how many bytes have come so far
 * @throws {ServingError} `invalid_argument` for an open quote, `too_large` for a record over 16 MiB
 */
export async function readRecords(
  source: AsyncIterable<Uint8Array>,
  format: RowFormat,
  take: (place: RecordPlace) => Promise<void> | undefined,
  onRead: (sizeBytes: number) => void,
): Promise<void> {
  let pieces: Uint8Array[] = []
  let held = 0
  let wanted = 0
  let total = 0
  let line = 1
  let blankFrom: number | undefined
  let isFirst = true

  async function drain(bytes: Uint8Array, isLast: boolean): Promise<number> {
    let at = isFirst && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
    if (bytes.length > 0) isFirst = false
    while (at < bytes.length) {
      const next = format.scan(bytes, at, isLast)
      if (next < 0) break
      const fatal = format.fatal()
      if (fatal !== undefined)
        throw new ServingError('invalid_argument', `line ${line}: ${fatal}`, { details: { line } })
      if (format.isBlank()) blankFrom ??= line
      else {
        for (; blankFrom !== undefined && blankFrom < line; blankFrom++)
          await take({ bytes: new Uint8Array(), from: 0, line: blankFrom, isBlank: true })
        blankFrom = undefined
        const pause = take({ bytes, from: at, line, isBlank: false })
        if (pause !== undefined) await pause
      }
      line += format.lineBreaks()
      at = next
    }
    return at
  }

  for await (const piece of source) {
    total += piece.length
    onRead(total)
    pieces.push(piece)
    held += piece.length
    // a record that was not whole is looked at again when twice as much of it is there: linear, however long it is
    if (held < wanted) continue
    const bytes = pieces.length === 1 ? piece : Buffer.concat(pieces, held)
    const at = held < 3 && isFirst ? 0 : await drain(bytes, false)
    const rest = bytes.subarray(at)
    if (rest.length > MAX_RECORD_BYTES)
      throw new ServingError(
        'too_large',
        `the record at line ${line} is longer than ${formatBytes(MAX_RECORD_BYTES)}; is a quote left open there?`,
        { details: { line } },
      )
    pieces = rest.length === 0 ? [] : [rest]
    held = rest.length
    wanted = at === 0 ? held * 2 : 0
  }
  await drain(Buffer.concat(pieces, held), true)
}
