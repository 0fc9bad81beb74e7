import { describeCase, isGrpc } from './cases.ts'
import { labelOf } from './labels.ts'
import type { Line } from './results.ts'
import { at, text } from './svg.ts'

const ROW = 22
const HEAD = 40
const FOOT = 24
/** How far titles and notes stand left of the bars. */
const INDENT = 176

/** One bar: lengths are in powers of ten, so that all servers fit one page. */
interface Bar {
  readonly label: string
  readonly value: number
  readonly shown: string
  readonly kind: 'fastapi' | 'slipway' | 'static'
}

/** Height that the bars of these lines take. */
export function barPanelsHeight(summary: readonly Line[]): number {
  return HEAD + Math.max(serverBars(summary).length, caseBars(summary).length) * ROW + FOOT
}

/** All servers under the tiny model on the left, Slipway against FastAPI in all cases on the right. */
export function barPanels(summary: readonly Line[], top: number): string {
  return [
    panel(serverBars(summary), {
      left: 200,
      right: 380,
      top,
      title: 'Requests per second: tiny, 1 row, 64 connections',
    }),
    panel(caseBars(summary), { left: 690, right: 800, top, title: 'Slipway, requests per second, FastAPI = 1' }),
  ].join('\n')
}

function serverBars(summary: readonly Line[]): Bar[] {
  return summary
    .filter((line) => line.model === 'tiny' && line.rows === 1 && line.connections === 64 && !isGrpc(line))
    .map((line) => ({
      label: labelOf(line.server),
      value: line.requestsPerSecond,
      shown: Math.round(line.requestsPerSecond).toLocaleString('en'),
      kind: line.server.startsWith('slipway') ? 'slipway' : line.server === 'static' ? 'static' : 'fastapi',
    }))
}

function caseBars(summary: readonly Line[]): Bar[] {
  return summary
    .filter((line) => line.server === 'slipway' && !isGrpc(line))
    .map((line) => ({
      label: describeCase(line),
      value: line.timesFastapi.middle,
      shown: `${line.timesFastapi.middle.toFixed(1)}×`,
      kind: 'slipway',
    }))
}

function panel(
  bars: readonly Bar[],
  { left, right, top, title }: { left: number; right: number; top: number; title: string },
): string {
  if (bars.length === 0) return ''
  const values = bars.map((bar) => bar.value)
  const low = Math.min(0, ...values.map((value) => Math.floor(Math.log10(value))))
  const high = Math.max(low + 1, ...values.map((value) => Math.ceil(Math.log10(value))))
  const x = (value: number) => left + ((Math.log10(value) - low) / (high - low)) * (right - left)
  const parts = [text(left - INDENT, top + 16, title, 'title')]
  bars.forEach((bar, i) => {
    const y = top + HEAD + i * ROW
    parts.push(
      text(left - 8, y + 11, bar.label, 'small', 'end'),
      `<rect class="${bar.kind}" x="${at(left)}" y="${at(y)}" width="${at(x(bar.value) - left)}" height="14" rx="2"/>`,
      text(x(bar.value) + 6, y + 11, bar.shown, 'small'),
    )
  })
  parts.push(
    text(left - INDENT, top + HEAD + bars.length * ROW + 14, 'the same length more is ten times as many', 'small'),
  )
  return parts.join('\n')
}
