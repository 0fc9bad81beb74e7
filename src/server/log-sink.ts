import { constants, fstatSync, openSync, writeSync } from 'node:fs'

/** Takes lines and never waits for whoever reads them. */
export interface LogSink {
  /** Takes a line, without its newline, to be written within a moment. */
  write(line: string): void
  /** Writes what waits, as far as the reader takes it at once. */
  flush(): void
  /** Writes what waits, and gives a slow reader a moment; for the end of the process. */
  flushAtExit(): void
  /** Lines that were thrown away because too many waited. */
  readonly droppedLines: number
}

/**
 * Where bytes go: writes as many as are taken at once.
 * @returns how many; 0 when the reader is behind; undefined when it is gone
 */
export type LogOutput = (bytes: Uint8Array) => number | undefined

export interface LogSinkOptions {
  /** Most that waits (characters). Default: 1 Mi. */
  readonly maxWaiting?: number
  /** The line that tells of lines that were dropped. */
  readonly droppedLine: (lines: number) => string
}

/** Several processes share the output: so much is written at once, or not at all. @see POSIX PIPE_BUF, on Linux */
const PIECE_BYTES = 4096

/** Lines are written together when so much time has passed (ms), or a piece is full. */
const DELAY_MS = 25

const EXIT_MS = 500

export function createLogSink(output: LogOutput, options: LogSinkOptions): LogSink {
  const { maxWaiting = 1 << 20, droppedLine } = options
  let lines: string[] = []
  let waiting = 0
  let droppedLines = 0
  let toldOf = 0
  /** What of a piece is not written yet. */
  let piece: Uint8Array | undefined
  let linesInPiece = 0
  let isGone = false
  let timer: NodeJS.Timeout | undefined

  function add(line: string): void {
    if (isGone || waiting + line.length > maxWaiting) {
      droppedLines++
      return
    }
    lines.push(line)
    waiting += line.length + 1
    if (waiting >= PIECE_BYTES && piece === undefined) flush()
    else flushLater()
  }

  function flushLater(): void {
    timer ??= setTimeout(flush, DELAY_MS).unref()
  }

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (!writeAll()) flushLater()
  }

  /** @returns whether nothing is left */
  function writeAll(): boolean {
    for (let next = nextPiece(); next !== undefined; next = nextPiece()) {
      const written = output(next)
      if (written === undefined) giveUp()
      else piece = written < next.byteLength ? next.subarray(written) : undefined
      if (written === 0) return false
    }
    return true
  }

  /** Whole lines, as many as fit; one that is longer goes alone. */
  function nextPiece(): Uint8Array | undefined {
    if (piece !== undefined) return piece
    if (lines.length === 0) {
      if (droppedLines === toldOf || isGone) return undefined
      lines.push(droppedLine(droppedLines - toldOf))
      toldOf = droppedLines
    }
    let text = ''
    let bytes = 0
    let taken = 0
    for (const line of lines) {
      bytes += Buffer.byteLength(line) + 1
      if (taken > 0 && bytes > PIECE_BYTES) break
      text += `${line}\n`
      taken++
    }
    lines = lines.slice(taken)
    waiting = Math.max(0, waiting - text.length)
    piece = Buffer.from(text)
    linesInPiece = taken
    return piece
  }

  function giveUp(): void {
    isGone = true
    droppedLines += linesInPiece + lines.length
    lines = []
    piece = undefined
  }

  function flushAtExit(): void {
    clearTimeout(timer)
    const until = performance.now() + EXIT_MS
    const cell = new Int32Array(new SharedArrayBuffer(4))
    while (!writeAll() && performance.now() < until) Atomics.wait(cell, 0, 0, 5)
  }

  return {
    write: add,
    flush,
    flushAtExit,
    get droppedLines() {
      return droppedLines
    },
  }
}

/**
 * Standard error, to be written to without ever waiting for a pipe or a socket; a file never makes one wait, and a
 * terminal may.
 */
export function openStandardError(): LogOutput {
  const descriptor = isPipe(STDERR) ? (reopen(STDERR) ?? nonblocking()) : nonblocking()
  return (bytes) => {
    try {
      return writeSync(descriptor, bytes)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return code === 'EAGAIN' || code === 'ENOSPC' || code === 'EINTR' ? 0 : undefined
    }
  }
}

const STDERR = 2

/** Where Node makes its stream for a pipe or a socket, it makes the descriptor one that does not wait. */
function nonblocking(): number {
  return process.stderr.fd
}

function isPipe(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFIFO()
  } catch {
    return false // closed: writing will say so
  }
}

/**
 * The same pipe, opened once more: whether writing waits belongs to the opened pipe, which processes share, and any of
 * them that ends sets it as it found it.
 */
function reopen(descriptor: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return undefined // no /proc, or the pipe belongs to somebody else
  }
}
