/** Longest line that is passed on (characters), and most lines in a second. */
const MAX_LINE = 2000
const MAX_LINES = 50
const SECOND_MS = 1000
/** Our part of a process begins each line so that tells of a failure of the code. */
export const TRACE_MARK = '\u001e'

/** @param dropped how many were left out, of the line that says so @param isTrace whether it is of a failure */
export type OnLine = (line: string, dropped: number, isTrace: boolean) => void

/** Cuts what is printed into lines. */
export interface OutputLines {
  readonly push: (chunk: string) => void
  /** Nothing more comes: what stands without the end of a line is one, too. */
  readonly end: () => void
}

/**
 * Cuts what a process prints into lines. Of what it prints too much, the rest is counted and told in one line: a log is no
 * place to fill a disk from.
 * @param now milliseconds, never going back
 * @param onLine told of each line
 */
export function createLines(now: () => number, onLine: OnLine): OutputLines {
  let rest = ''
  let isCut = false
  let since = -Infinity
  let lines = 0
  let dropped = 0
  let notice: NodeJS.Timeout | undefined

  function pass(line: string): void {
    const time = now()
    if (time - since >= SECOND_MS) {
      tellDropped()
      since = time
      lines = 0
    }
    if (line === '') return
    if (++lines <= MAX_LINES) {
      const isTrace = line.startsWith(TRACE_MARK)
      return onLine(isTrace ? line.slice(TRACE_MARK.length) : line, 0, isTrace)
    }
    dropped++
    // whoever has printed too much may say nothing for hours
    notice ??= setTimeout(tellDropped, Math.max(0, since + SECOND_MS - time)).unref()
  }

  function tellDropped(): void {
    clearTimeout(notice)
    notice = undefined
    const count = dropped
    dropped = 0
    if (count > 0)
      onLine(`(${count} more ${count === 1 ? 'line was' : 'lines were'} printed, and left out)`, count, false)
  }

  function endLine(): void {
    pass(isCut ? `${rest} …` : rest)
    rest = ''
    isCut = false
  }

  return {
    push(chunk) {
      for (const [i, part] of chunk.split(/\r?\n|\r/).entries()) {
        if (i > 0) endLine()
        if (rest.length + part.length > MAX_LINE) isCut = true
        rest = (rest + part).slice(0, MAX_LINE)
      }
    },
    end() {
      endLine()
      tellDropped()
    },
  }
}
