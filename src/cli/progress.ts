import type { CommandContext } from './command.ts'
import { shorten } from './platform/terminal.ts'

/** A progress bar on stderr: redrawn in place on a terminal, a line every few seconds elsewhere. */
export interface Progress {
  /** @param fraction done, 0 to 1; undefined when the total is unknown */
  update(fraction: number | undefined, text: string): void
  /** Ends the bar's line. */
  finish(text: string): void
}

/** The same, of work that goes through phases. */
export interface PhasedProgress extends Progress {
  /** Tells of a phase, which is always shown. @param fraction of the whole, 0 to 1, where that is known */
  phase(text: string, fraction?: number): void
}

const REDRAW_MS = 100
const LOG_MS = 5_000

/** @param now milliseconds of a clock that only goes forward */
export function createProgress(label: string, stderr: CommandContext['stderr'], now: () => number): PhasedProgress {
  const isTerminal = stderr.isTTY === true
  let last = -Infinity
  function update(fraction: number | undefined, text: string): void {
    if (now() - last < (isTerminal ? REDRAW_MS : LOG_MS)) return
    show(fraction, text)
  }
  function phase(text: string, fraction?: number): void {
    show(fraction, text)
  }
  function show(fraction: number | undefined, text: string): void {
    last = now()
    const words = [label, isTerminal ? bar(fraction) : percent(fraction), text].filter((word) => word !== '').join(' ')
    // a line that breaks could not be drawn over
    stderr.write(isTerminal ? `\r\x1b[2K${shorten(words, (stderr.columns ?? 80) - 1)}` : `${words}\n`)
  }
  function finish(text: string): void {
    stderr.write(isTerminal ? `\r\x1b[2K${label} ${text}\n` : `${label} ${text}\n`)
  }
  return { update, phase, finish }
}

function percent(fraction: number | undefined): string {
  return fraction === undefined ? '' : `${Math.floor(fraction * 100)} %`
}

function bar(fraction: number | undefined): string {
  if (fraction === undefined) return '…'
  const width = 24
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${percent(fraction).padStart(5)}`
}
