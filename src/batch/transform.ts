import { isUtf8 } from 'node:buffer'
import { createRowBuilder, type RowBuilder } from '../codecs/row-builder.ts'
import { planRows, type RowLayout } from '../codecs/row-layout.ts'
import { ServingError } from '../core/errors.ts'
import type { DataPlane, ServedModel } from '../runtime/plane.ts'
import { selectOutputs, type Signature, type TensorSpec } from '../tensor/signature.ts'
import { csvRows } from './csv-rows.ts'
import { jsonLineRows } from './json-line-rows.ts'
import { readRecords, type RecordPlace } from './read-records.ts'
import type { FormatName } from './row-format.ts'
import { addedNames, createRowWriter } from './row-writer.ts'
import { score, stopped, type RowOutcome } from './score.ts'

/** Where text goes; it is awaited, so that a slow disk slows the reading. */
export interface TextSink {
  write(text: string): Promise<void>
}

export interface TransformOptions {
  readonly source: AsyncIterable<Uint8Array>
  readonly output: TextSink
  /** Gets each bad row as a line of JSON: `{"row", "line", "code", "message", "input"}`. */
  readonly errors: TextSink
  readonly plane: DataPlane
  readonly model: ServedModel
  readonly inFormat: FormatName
  readonly outFormat: FormatName
  /** `all`: the input's columns, then the model's; `outputs`: the model's alone. */
  readonly columns: 'all' | 'outputs'
  /** Names of the outputs to compute, in the order in which they are written; those of a request without outputs when absent. */
  readonly outputs?: readonly string[] | undefined
  /** CSV: whether the first record names the columns; the output has a header when the input has one. */
  readonly hasHeader: boolean
  /** Names of the columns that the model takes, in its order, where the model knows none. */
  readonly features?: readonly string[] | undefined
  /** Rows of one call; absent: 1,024, or 1 where rows of one call may sway each other. */
  readonly chunkRows?: number | undefined
  /** The job fails when there are more bad rows than this. */
  readonly maxBadRows: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: TransformProgress) => void
  /** Pauses before a call is tried again that found no room (milliseconds). */
  readonly retryPausesMs?: readonly number[]
}

export interface TransformProgress {
  readonly bytesRead: number
  readonly rows: number
  readonly badRows: number
}

export interface TransformSummary {
  /** Rows of the input, good and bad. */
  readonly rows: number
  readonly badRows: number
  /** Message of the first bad row. */
  readonly firstProblem: string | undefined
}

/**
 * Measured with a linear model, a forest and boosted trees of ten columns: calls of 1,024 rows do 1.05 to 1.5 times the
 * rows a second of calls of 256, and calls of 4,096 gain nothing that all models share.
 */
const CHUNK_ROWS = 1024

/** A chunk is run when it holds this much text, however few rows that is. */
const CHUNK_BYTES = 4 * 2 ** 20

/** What of a bad row is repeated in the error file (bytes). */
const SHOWN_BYTES = 1024

const RETRY_PAUSES_MS = [50, 100, 200, 400, 800, 1600, 3200, 5000]

interface Row {
  readonly row: number
  readonly line: number
  readonly raw: Uint8Array
  /** Absent when the row's values are in the builder. */
  readonly problem: ServingError | undefined
}

interface Chunk {
  readonly rows: Row[]
  builder: RowBuilder | undefined
  good: number
  sizeBytes: number
}

/**
 * Runs a file's rows through a model, in constant memory: one chunk of rows is read while the one before it runs.
 * Good rows keep their order in the output; bad ones go to the errors and cost their neighbours nothing.
 * @throws {ServingError} `invalid_argument` for an output that there is not, a header that does not fit, an open quote or too many bad rows;
 *   `cancelled`; what the model throws that is no row's fault
 */
export async function transform(options: TransformOptions): Promise<TransformSummary> {
  const { model, plane, signal } = options
  if (options.columns === 'all' && options.inFormat !== options.outFormat)
    throw new ServingError(
      'invalid_argument',
      `the input is ${options.inFormat} and the output ${options.outFormat}; the input's columns go through in their own format only: leave them out (--columns outputs) or name the output .${options.inFormat}`,
    )
  const layout = planRows(model.signature, options.features)
  const outputs = wantedOutputs(model.signature, options.outputs)
  const chunkRows = options.chunkRows ?? defaultChunkRows(model, layout)
  refuseFixedRows(layout, chunkRows)
  const added = options.columns === 'all' ? addedNames(outputs, options.outFormat) : []
  const format = (options.inFormat === 'csv' ? csvRows : jsonLineRows)({ layout, hasHeader: options.hasHeader, added })
  const writer = createRowWriter(options, outputs)
  let chunk = emptyChunk()
  let inFlight: Promise<void> = Promise.resolve()
  let bytesRead = 0
  let rowsRead = 0
  let rowsDone = 0
  let badRows = 0
  let firstProblem: string | undefined

  await readRecords(options.source, format, takeRecord, (sizeBytes) => {
    if (signal.aborted) throw stopped()
    bytesRead = sizeBytes
  }).catch(async (error: unknown) => {
    // the chunk that still runs must not outlive the job
    await inFlight.catch(() => undefined)
    throw error
  })
  if (options.inFormat === 'csv' && options.hasHeader && format.header() === undefined) {
    await inFlight
    throw new ServingError('invalid_argument', 'the input is empty: it has no header')
  }
  await startChunk()
  await inFlight
  await options.output.write(writer.header(format.header(), undefined))
  return { rows: rowsDone, badRows, firstProblem }

  function takeRecord(place: RecordPlace): Promise<void> | undefined {
    const isHeaderDue = options.inFormat === 'csv' && options.hasHeader && format.header() === undefined
    if (isHeaderDue && (place.isBlank || format.takeHeader(place.bytes, place.from))) return undefined
    const row = ++rowsRead
    const raw = place.isBlank ? place.bytes : place.bytes.subarray(place.from, format.end())
    const problem = place.isBlank ? 'the line is blank' : readRow(place, raw)
    if (problem === undefined) chunk.good++
    chunk.rows.push({
      row,
      line: place.line,
      raw,
      problem: problem === undefined ? undefined : new ServingError('invalid_argument', problem),
    })
    chunk.sizeBytes += raw.length
    return chunk.rows.length >= chunkRows || chunk.sizeBytes >= CHUNK_BYTES ? startChunk() : undefined
  }

  function readRow(place: RecordPlace, raw: Uint8Array): string | undefined {
    if (!isUtf8(raw)) return 'the row is not valid UTF-8'
    return format.setRow(builderFor, chunk.good, place.bytes, place.from)?.message
  }

  function builderFor(fitted: RowLayout): RowBuilder {
    // a row of n columns has at least n - 1 bytes
    const most = Math.ceil(CHUNK_BYTES / Math.max(1, fitted.columns.length - 1)) + 1
    return (chunk.builder ??= createRowBuilder(fitted, Math.min(chunkRows, most)))
  }

  /** Waits for the chunk before, and lets this one run while the next is read. */
  async function startChunk(): Promise<void> {
    const full = chunk
    chunk = emptyChunk()
    await inFlight
    if (signal.aborted) throw stopped()
    inFlight = finishChunk(full)
    inFlight.catch(() => undefined)
  }

  async function finishChunk({ rows, builder, good }: Chunk): Promise<void> {
    const outcomes =
      builder === undefined || good === 0
        ? []
        : await score(builder.build(good), good, {
            plane,
            model,
            outputs: outputs.map(({ name }) => name),
            signal,
            retryPausesMs: options.retryPausesMs ?? RETRY_PAUSES_MS,
          })
    let text = ''
    let badText = ''
    let next = 0
    for (const row of rows) {
      const outcome = row.problem ?? (outcomes[next++] as RowOutcome)
      const line = outcome instanceof ServingError ? outcome : printed(row, outcome)
      if (typeof line === 'string') text += line
      else {
        badRows++
        firstProblem ??= `row ${row.row} (line ${row.line}): ${line.message}`
        badText += badLine(row, line)
      }
    }
    const printer = outcomes.find((outcome) => !(outcome instanceof ServingError))
    if (printer !== undefined && 'printer' in printer) text = writer.header(format.header(), printer.printer) + text
    if (badText !== '') await options.errors.write(badText)
    if (badRows > options.maxBadRows)
      throw new ServingError(
        'invalid_argument',
        `${badRows} rows are bad by row ${rows.at(-1)?.row ?? 0}, the most is ${options.maxBadRows}; the first: ${firstProblem}`,
        { details: { badRows, maxBadRows: options.maxBadRows } },
      )
    await options.output.write(text)
    rowsDone += rows.length
    options.onProgress({ bytesRead, rows: rowsDone, badRows })
  }

  function printed(row: Row, outcome: Exclude<RowOutcome, ServingError>): string | ServingError {
    try {
      return writer.line(row.raw, outcome.printer, outcome.row)
    } catch (error) {
      if (error instanceof ServingError) return error
      throw error
    }
  }
}

/** @throws {ServingError} `invalid_argument` listing what there is, for another name */
function wantedOutputs(signature: Signature, names: readonly string[] | undefined): readonly TensorSpec[] {
  return selectOutputs(names, signature).flatMap((name) => signature.outputs.filter((spec) => spec.name === name))
}

function emptyChunk(): Chunk {
  return { rows: [], builder: undefined, good: 0, sizeBytes: 0 }
}

function defaultChunkRows(model: ServedModel, layout: RowLayout): number {
  if (layout.fixedRows !== undefined) return layout.fixedRows
  return model.batching.rowsAreIndependent ? CHUNK_ROWS : 1
}

function refuseFixedRows({ fixedRows }: RowLayout, chunkRows: number): void {
  if (fixedRows === undefined || (fixedRows === 1 && chunkRows === 1)) return
  throw new ServingError(
    'unsupported',
    fixedRows === 1
      ? `the model takes one row a call, ${chunkRows} are asked for`
      : `the model takes exactly ${fixedRows} rows a call; a batch job needs a model that takes any number, or one`,
  )
}

function badLine({ row, line, raw }: Row, error: ServingError): string {
  const shown = Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.length, SHOWN_BYTES)).toString()
  // a character that the cut went through is left out
  const input = raw.length > SHOWN_BYTES ? shown.replace(/\ufffd+$/, '') : shown
  return `${JSON.stringify({ row, line, code: error.code, message: error.message, input })}\n`
}
