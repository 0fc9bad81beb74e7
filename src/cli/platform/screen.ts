import type { CommandContext } from '../command.ts'
import { widthOf } from './terminal.ts'

/** A terminal that is drawn on as a whole. */
export interface Screen {
  /** Aborts when the person has had enough: `q`, Ctrl-C, or the command's own signal. */
  readonly ended: AbortSignal
  /** Draws a text, cut to what fits; again by itself when the window changes its size. */
  draw(text: string): void
  /** Waits, and less when a key is pressed or the screen ends. */
  pause(ms: number): Promise<void>
  /** Gives the terminal back as it was. */
  close(): void
}

/** Takes a terminal: what was on it comes back at the end. @param onKey told of keys that do not end it */
export function createScreen(
  stdout: CommandContext['stdout'],
  stdin: NodeJS.ReadStream,
  signal: AbortSignal,
  onKey: (key: string) => void = () => {},
): Screen {
  const over = new AbortController()
  const ended = AbortSignal.any([signal, over.signal])
  let last = ''
  let wake = () => {}
  const onBytes = (bytes: Buffer) => {
    // q, Q, Ctrl-C, Ctrl-D: in raw mode no signal comes of them
    if (['q', 'Q', '\x03', '\x04'].some((key) => bytes.includes(key))) {
      over.abort()
      return
    }
    onKey(bytes.toString('utf8'))
    wake()
  }
  const redraw = () => draw(last)
  const resizes = process.stdout
  stdout.write('\x1b[?1049h\x1b[?25l')
  stdin.setRawMode(true)
  stdin.resume()
  stdin.on('data', onBytes)
  resizes.on('resize', redraw)
  return { ended, draw, pause, close }

  function draw(text: string): void {
    last = text
    const { rows = 24, columns = 80 } = stdout
    const lines = text.split('\n').slice(0, rows - 1)
    stdout.write(`\x1b[H${lines.map((line) => `${cut(line, columns)}\x1b[K`).join('\r\n')}\x1b[J`)
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      wake = done
      ended.addEventListener('abort', done, { once: true })
      if (ended.aborted) done()
      function done(): void {
        clearTimeout(timer)
        ended.removeEventListener('abort', done)
        resolve()
      }
    })
  }

  function close(): void {
    stdin.off('data', onBytes)
    resizes.off('resize', redraw)
    stdin.setRawMode(false)
    stdin.pause()
    stdout.write('\x1b[?25h\x1b[?1049l')
  }
}

/** The first columns of a line; colours take none. */
export function cut(line: string, columns: number): string {
  let shown = 0
  let text = ''
  for (const [piece] of line.matchAll(/\p{Cc}\[[\d;]*m|./gsu)) {
    if (!piece.startsWith('\x1b')) {
      shown += widthOf(piece)
      if (shown > columns) continue
    }
    text += piece
  }
  return text
}
