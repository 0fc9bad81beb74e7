import { formatBytes } from '../../src/core/text.ts'
import type { BenchResult, ServerFacts } from './results.ts'
import { median } from './schedule.ts'

/** How people call each server. */
const LABELS: Readonly<Record<string, string>> = {
  fastapi: 'FastAPI + ONNX Runtime',
  slipway: 'Slipway',
  'slipway-source': 'Slipway, unbuilt',
  'slipway-variant': 'Slipway, variant',
  static: 'node:http, static',
}

export function labelOf(server: string): string {
  return LABELS[server] ?? server
}

/** A table before it is drawn: the first `textColumns` columns hold words, the others numbers. */
interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly textColumns: number
}

/** Speed under load, one row a server and number of connections. */
function speedTable({ summary }: BenchResult): Table {
  return {
    head: [
      'connections',
      'server',
      'req/s',
      '× FastAPI',
      '(low to high)',
      'of static',
      'p50 ms',
      'p99 ms',
      'CPU µs/req',
    ],
    textColumns: 2,
    rows: summary.map((line) => [
      `${line.connections}`,
      labelOf(line.server),
      Math.round(line.requestsPerSecond).toLocaleString('en'),
      line.timesFastapi.toFixed(1),
      `${line.timesFastapiLow.toFixed(1)} to ${line.timesFastapiHigh.toFixed(1)}`,
      `${Math.round(line.shareOfStatic * 100)} %`,
      formatMs(line.p50Ms),
      formatMs(line.p99Ms),
      line.cpuUsPerRequest.toFixed(0),
    ]),
  }
}

/** Start-up and memory, one row a server. */
function costTable({ servers }: BenchResult): Table {
  return {
    head: ['server', 'start-up', 'first start ever', 'memory after warm-up', 'after all load', 'answer'],
    textColumns: 1,
    rows: servers.map((facts) => [
      labelOf(facts.server),
      formatStart(facts),
      facts.firstStartMs === undefined ? '–' : `${Math.round(facts.firstStartMs)} ms`,
      formatBytes(facts.idleBytes),
      formatBytes(facts.loadedBytes),
      `${facts.answerBytes} B`,
    ]),
  }
}

/** For the terminal. */
export function toText(result: BenchResult): string {
  return `${drawText(speedTable(result))}\n\n${drawText(costTable(result))}\n\n${describeRun(result)}\n`
}

/** For `docs/performance.md`: what goes between its marks. */
export function toMarkdown(result: BenchResult): string {
  return `${describeRun(result)}\n\n${drawMarkdown(speedTable(result))}\n\n${drawMarkdown(costTable(result))}`
}

/** Under which circumstances the numbers were taken. */
function describeRun({ measuredOn, machine, settings, cells }: BenchResult): string {
  const { rounds, secondsPerCell, warmUpSeconds, starts, bodyBytes } = settings
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  const others = cells.map((cell) => cell.otherCores)
  return [
    `Measured on ${measuredOn} with ${machine.cores} cores (${machine.processor}), ${formatBytes(machine.memoryBytes)} of memory and ${machine.system}:`,
    `${versions.join(', ')}.`,
    `Medians of ${rounds} rounds of ${secondsPerCell} s for each server and number of connections, after ${warmUpSeconds} s of warm-up;`,
    `${starts} starts of each server; one row a request, ${bodyBytes} bytes. Other work on the machine took`,
    `${median(others).toFixed(2)} cores in the median measurement and ${Math.max(...others).toFixed(2)} in the worst.`,
  ].join('\n')
}

function formatStart({ startMs }: ServerFacts): string {
  return `${Math.round(median(startMs))} ms`
}

function formatMs(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms.toFixed(1)
}

function drawText({ head, rows, textColumns }: Table): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)))
  const draw = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i < textColumns ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [draw(head), ...rows.map(draw)].join('\n')
}

function drawMarkdown({ head, rows, textColumns }: Table): string {
  const draw = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = head.map((_, i) => (i < textColumns ? '---' : '---:'))
  return [head, rule, ...rows].map(draw).join('\n')
}

const BEGIN = '<!-- bench: written by `npm run bench -- --write` -->'
const END = '<!-- bench: end -->'

/**
 * A page with what stands between its marks replaced.
 * @throws when the page has no marks
 */
export function replaceSection(page: string, section: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin === -1 || end < begin) throw new Error(`the page lacks the marks ${BEGIN} and ${END}`)
  return `${page.slice(0, begin + BEGIN.length)}\n${section}\n${page.slice(end)}`
}
