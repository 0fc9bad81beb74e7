import { open, rm, stat } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { createPendingFile, fileError, type PendingFile } from '../batch/pending-file.ts'
import { FORMATS, type FormatName } from '../batch/row-format.ts'
import { transform, type TransformSummary } from '../batch/transform.ts'
import { ServingError } from '../core/errors.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import { formatBytes, quote } from '../core/text.ts'
import type { DataPlane } from '../runtime/plane.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import type { HowToCompile } from '../server/compile.ts'
import { MODEL_OPTIONS, howToOpen } from './common-options.ts'
import { UsageError, type Options, type OptionTable } from './options.ts'
import { createProgress } from './progress.ts'

const OPTIONS = {
  in: { type: 'string', value: '<path>', doc: 'rows to score: CSV or JSON lines' },
  out: { type: 'string', value: '<path>', doc: 'where the scored rows go; complete or absent' },
  errors: {
    type: 'string',
    value: '<path>',
    doc: 'where bad rows go, as JSON lines; without it <out>.errors.jsonl, when there are any',
  },
  inFormat: { type: 'string', value: 'csv|jsonl', doc: 'format of the input, where its name does not tell' },
  columns: {
    type: 'string',
    default: 'all',
    value: 'all|outputs',
    doc: "the input's columns followed by the model's, or the model's alone",
  },
  outputs: {
    type: 'string',
    value: '<a,b,…>',
    doc: 'outputs to compute, in this order; without it those of a request that names none',
  },
  features: {
    type: 'string',
    value: '<a,b,…>',
    doc: 'columns that the model takes, in its order, for a model that knows no names',
  },
  noHeader: { type: 'boolean', doc: 'the CSV has no header; the output then has none either' },
  chunkRows: {
    type: 'number',
    value: '<n>',
    min: 1,
    max: 100_000,
    doc: 'rows of one call; without it 1024, or 1 where rows of one call may sway each other',
  },
  maxBadRows: {
    type: 'number',
    value: '<n>',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    doc: 'fail when more rows than this are bad',
  },
  force: { type: 'boolean', doc: 'replace files that are there already' },
  ...MODEL_OPTIONS,
} as const satisfies OptionTable

type BatchOptions = Options<typeof OPTIONS>

/** Opens a model as `slipway serve` would, without a port. */
export type OpenPlane = (
  path: string,
  options: {
    dataFolder: string
    how?: HowToCompile
    python?: PythonSettings | undefined
    typescript?: TypeScriptSettings | undefined
    signal: AbortSignal
    onProgress?: (text: string) => void
  },
) => Promise<{ plane: DataPlane; close(): Promise<void> }>

/** `slipway batch`: a file of rows through a model, into a file of scored rows. */
export function createBatchCommand(openPlane: OpenPlane): Command<typeof OPTIONS> {
  return {
    usage: '<model> --in <path> --out <path> [--errors <path>]',
    options: OPTIONS,
    run: (positionals, options, context) => run(positionals, options, context, openPlane),
  }
}

export const batchCommand: Command<typeof OPTIONS> = createBatchCommand(async (path, options) => {
  // the engines load only when a job really runs: --help and usage errors stay quick
  const { openPlane } = await import('../server/open-plane.ts')
  return openPlane(path, options)
})

async function run(
  positionals: readonly string[],
  options: BatchOptions,
  context: CommandContext,
  openPlane: OpenPlane,
): Promise<number> {
  const job = parseJob(positionals, options)
  await checkPaths(job, options.force)
  const opened = await openPlane(job.model, {
    ...(await howToOpen(options)),
    signal: context.signal,
    onProgress: (text) => context.stderr.write(`${text}\n`),
  })
  try {
    return await score(job, options, context, opened.plane)
  } finally {
    await opened.close()
  }
}

interface Job {
  readonly model: string
  readonly in: string
  readonly out: string
  readonly errors: string
  /** Whether the error file was asked for: then it is written even when it is empty. */
  readonly wantsErrors: boolean
  readonly inFormat: FormatName
  readonly outFormat: FormatName
  readonly columns: 'all' | 'outputs'
  readonly outputs: readonly string[] | undefined
  readonly features: readonly string[] | undefined
}

function parseJob(positionals: readonly string[], options: BatchOptions): Job {
  const [model, ...more] = positionals
  if (model === undefined || more.length > 0)
    throw new UsageError(
      `${positionals.length} models are named; batch takes one: slipway batch <model> --in … --out …`,
    )
  if (options.in === undefined || options.out === undefined)
    throw new UsageError(`${options.in === undefined ? '--in' : '--out'} is missing; it takes a path`)
  if (options.columns !== 'all' && options.columns !== 'outputs')
    throw new UsageError(`--columns is ${quote(options.columns)}; it takes all or outputs`)
  if (options.inFormat !== undefined && !isFormat(options.inFormat))
    throw new UsageError(`--in-format is ${quote(options.inFormat)}; it takes ${FORMATS.join(' or ')}`)
  const inFormat = options.inFormat ?? formatOf(options.in)
  if (inFormat === undefined)
    throw new UsageError(`the name ${quote(options.in)} does not tell its format; say --in-format csv or jsonl`)
  const outFormat = formatOf(options.out) ?? inFormat
  if (options.columns === 'all' && outFormat !== inFormat)
    throw new UsageError(
      `the input is ${inFormat} and the output ${outFormat}; the input's columns go through in their own format only: say --columns outputs, or name the output .${inFormat}`,
    )
  return {
    model,
    in: options.in,
    out: options.out,
    errors: options.errors ?? `${options.out}.errors.jsonl`,
    wantsErrors: options.errors !== undefined,
    inFormat,
    outFormat,
    columns: options.columns,
    outputs: options.outputs?.split(',').map((name) => name.trim()),
    features: options.features?.split(',').map((name) => name.trim()),
  }
}

function isFormat(name: string): name is FormatName {
  return (FORMATS as readonly string[]).includes(name)
}

function formatOf(path: string): FormatName | undefined {
  const extension = extname(path).toLowerCase()
  if (extension === '.csv') return 'csv'
  return extension === '.jsonl' || extension === '.ndjson' ? 'jsonl' : undefined
}

/** Everything that can be wrong with the paths is said before a model is opened. */
async function checkPaths(job: Job, force: boolean): Promise<void> {
  const input = await stat(job.in).catch((error: unknown) => {
    throw fileError(error, job.in, 'read')
  })
  if (input.isDirectory()) throw new ServingError('invalid_argument', `--in ${quote(job.in)} is a folder; name a file`)
  if (resolve(job.out) === resolve(job.errors))
    throw new ServingError('invalid_argument', '--out and --errors name the same file; name two')
  for (const path of [job.out, job.errors]) {
    const folder = await stat(dirname(path)).catch(() => undefined)
    if (folder?.isDirectory() !== true)
      throw new ServingError(
        'not_found',
        `there is no folder ${quote(dirname(path))} to write ${quote(path)} in; make it first`,
      )
    const there = await stat(path).catch(() => undefined)
    if (there === undefined) continue
    if (there.dev === input.dev && there.ino === input.ino)
      throw new ServingError('invalid_argument', `${quote(path)} is the input itself; name another file to write`)
    if (!there.isFile())
      throw new ServingError('invalid_argument', `${quote(path)} is no plain file and cannot be replaced`)
    if (!force)
      throw new ServingError(
        'conflict',
        `${quote(path)} is there already; name another file, or say --force to replace it`,
      )
  }
}

async function score(job: Job, options: BatchOptions, context: CommandContext, plane: DataPlane): Promise<number> {
  const model = plane.model()
  const progress = createProgress('batch', context.stderr, () => performance.now())
  const file = await open(job.in).catch((error: unknown) => {
    throw fileError(error, job.in, 'read')
  })
  const { size } = await file.stat()
  const pending: PendingFile[] = []
  const begun = performance.now()
  try {
    const errors = await begin(job.errors, pending)
    const output = await begin(job.out, pending)
    const summary = await transform({
      source: file.createReadStream({ highWaterMark: 256 * 1024, autoClose: false }),
      output,
      errors,
      plane,
      model,
      inFormat: job.inFormat,
      outFormat: job.outFormat,
      columns: job.columns,
      hasHeader: !options.noHeader,
      outputs: job.outputs,
      features: job.features,
      chunkRows: options.chunkRows,
      maxBadRows: options.maxBadRows ?? Infinity,
      signal: context.signal,
      onProgress: ({ bytesRead, rows, badRows }) => {
        const rate = Math.round(rows / Math.max(0.001, (performance.now() - begun) / 1000))
        const text = `${rows} rows, ${rate} rows/s${badRows > 0 ? `, ${badRows} bad` : ''}`
        progress.update(size > 0 ? bytesRead / size : undefined, text)
      },
    })
    await publish(job, summary, options.force, errors, output)
    const seconds = (performance.now() - begun) / 1000
    progress.finish(`${summary.rows} rows of ${formatBytes(size)} in ${seconds.toFixed(1)} s`)
    context.stdout.write(describe(job, options, summary, seconds, { name: model.name, version: model.version }))
    return EXIT.done
  } finally {
    for (const each of pending) await each.discard()
    await file.close()
  }
}

async function begin(path: string, pending: PendingFile[]): Promise<PendingFile> {
  const file = await createPendingFile(path, process.pid)
  pending.push(file)
  return file
}

/** Errors first: whoever sees the output finds the errors beside it. When no row is good there is no output. */
async function publish(
  job: Job,
  { rows, badRows, firstProblem }: TransformSummary,
  force: boolean,
  errors: PendingFile,
  output: PendingFile,
): Promise<void> {
  if (!force) await refuseExisting([job.errors, job.out])
  if (badRows > 0 || job.wantsErrors) await errors.commit()
  // an older run's errors must not lie beside this run's output
  else if (force) await rm(job.errors, { force: true })
  if (rows > 0 && rows === badRows)
    throw new ServingError(
      'invalid_argument',
      `all ${rows} rows are bad, so there is no output; the first: ${firstProblem}; ${quote(job.errors)} holds them all`,
      { details: { rows, badRows, errors: job.errors } },
    )
  await output.commit()
}

/** Somebody may have written there while the job ran. */
async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths)
    if ((await stat(path).catch(() => undefined)) !== undefined)
      throw new ServingError(
        'conflict',
        `${quote(path)} has appeared meanwhile; it is left as it is, and nothing was written`,
      )
}

function describe(
  job: Job,
  { json }: BatchOptions,
  { rows, badRows }: TransformSummary,
  seconds: number,
  model: { name: string; version: string },
): string {
  const rowsPerSecond = Math.round(rows / Math.max(0.001, seconds))
  const errors = badRows > 0 || job.wantsErrors ? job.errors : null
  if (json)
    return `${JSON.stringify({ model, rows, badRows, seconds: Number(seconds.toFixed(3)), rowsPerSecond, output: job.out, errors })}\n`
  const bad = badRows === 0 ? 'none bad' : `${badRows} bad, see ${job.errors}`
  return `${rows - badRows} of ${rows} rows scored into ${job.out} in ${seconds.toFixed(1)} s (${rowsPerSecond} rows/s), ${bad}\n`
}
