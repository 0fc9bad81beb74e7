/** Longest line that is passed on (characters), and most lines in a second. */
const MAX_LINE = 2000
const MAX_LINES = 50

/**
 * Cuts what a process prints into lines. Of what it prints too much, the rest is counted: a log is no place to fill a disk
 * from.
 * @param now milliseconds, never going back
 */
export function createLines(now: () => number, onLine: (line: string) => void): (chunk: string) => void {
  let rest = ''
  let isCut = false
  let since = -Infinity
  let lines = 0
  let dropped = 0

  function pass(line: string): void {
    const time = now()
    if (time - since >= 1000) {
      if (dropped > 0) onLine(`(${dropped} lines more were printed, and left out)`)
      since = time
      lines = dropped = 0
    }
    if (++lines > MAX_LINES) dropped++
    else if (line !== '') onLine(line)
  }

  return (chunk) => {
    for (const [i, part] of chunk.split(/\r?\n|\r/).entries()) {
      if (i > 0) {
        pass(isCut ? `${rest} …` : rest)
        rest = ''
        isCut = false
      }
      if (rest.length + part.length > MAX_LINE) isCut = true
      rest = (rest + part).slice(0, MAX_LINE)
    }
  }
}
