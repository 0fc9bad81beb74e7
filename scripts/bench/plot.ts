import { labelOf } from './labels.ts'
import { isGrpc } from './cases.ts'
import { barPanels, barPanelsHeight } from './plot-bars.ts'
import type { BenchResult, Line } from './results.ts'
import { at, text } from './svg.ts'

/** Whom the plot shows: class of the colour, by server. */
const SHOWN = ['fastapi', 'slipway', 'static'] as const
type Shown = (typeof SHOWN)[number]

const WIDTH = 880
const UPPER_HEIGHT = 400
const TOP = 92
const BOTTOM = 340

const STYLE = `
  text { font: 13px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: var(--ink) }
  .title { font-weight: 600; font-size: 14px }
  .small { font-size: 11.5px; fill: var(--faint) }
  .page { fill: var(--page) }
  .grid { stroke: var(--grid) }
  .axis { stroke: var(--faint) }
  .fastapi { fill: var(--fastapi); stroke: var(--fastapi) }
  .slipway { fill: var(--slipway); stroke: var(--slipway) }
  .static { fill: var(--page); stroke: var(--faint); stroke-dasharray: 3 2 }
  .range { stroke: var(--ink); stroke-width: 1.5 }
  .hollow { fill: var(--page); stroke-width: 2 }
  .reach { stroke-width: 2; opacity: 0.55 }
  svg { --page: #ffffff; --ink: #1f2328; --faint: #667085; --grid: #e6e8ec; --fastapi: #8a94a6; --slipway: #1a7f6b }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --ink: #e6edf3; --faint: #9aa4b2; --grid: #262c36; --fastapi: #7d8899; --slipway: #35c2a4 }
  }
`

/**
 * The figure of `docs/performance.md`, for light and dark pages. Above, one row of the tiny model: speed against FastAPI
 * on the left, latency on the right. Below, all servers, and all cases.
 */
export function plot({ summary }: BenchResult): string {
  const tiny = summary.filter((line) => line.model === 'tiny' && line.rows === 1 && !isGrpc(line))
  const connections = [...new Set(tiny.map((line) => line.connections))]
  const find = (server: Shown, count: number) =>
    tiny.find((line) => line.server === server && line.connections === count)
  const height = UPPER_HEIGHT + barPanelsHeight(summary)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title description">
<title id="title">Slipway against FastAPI with ONNX Runtime and against a static answer</title>
<desc id="description">${describe(connections, find)}</desc>
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${height}"/>
${legend()}
${speedPanel(connections, find)}
${latencyPanel(connections, find)}
${barPanels(summary, UPPER_HEIGHT)}
</svg>
`
}

type Find = (server: Shown, connections: number) => Line | undefined

/** The figure in a sentence, for those who do not see it. */
function describe(connections: readonly number[], find: Find): string {
  const parts = connections.map((count) => {
    const line = find('slipway', count)
    return `${line?.timesFastapi.middle.toFixed(1)} times FastAPI's requests per second at ${named(count)}`
  })
  return `Slipway answers ${parts.join(', ')}.`
}

function legend(): string {
  let x = 24
  return SHOWN.map((server) => {
    const label = labelOf(server)
    const at = x
    x += label.length * 7.2 + 44
    return `<rect class="${server}" x="${at}" y="18" width="14" height="14" rx="2"/>${text(at + 21, 30, label)}`
  }).join('\n')
}

function speedPanel(connections: readonly number[], find: Find): string {
  const left = 54
  const right = 430
  const lines = connections.flatMap((count) => SHOWN.map((server) => find(server, count))).filter(isLine)
  const top = Math.max(...lines.map((line) => line.timesFastapi.high))
  const step = [1, 2, 5, 10, 20, 50].find((each) => top / each <= 7) ?? 100
  const most = Math.ceil((top * 1.05) / step) * step
  const y = (times: number) => BOTTOM - (times / most) * (BOTTOM - TOP)
  const parts = [text(24, 68, 'Requests per second: tiny, 1 row, FastAPI = 1', 'title')]
  for (let tick = 0; tick <= most; tick += step)
    parts.push(
      `<line class="${tick === 0 ? 'axis' : 'grid'}" x1="${left}" x2="${right}" y1="${at(y(tick))}" y2="${at(y(tick))}"/>`,
      text(left - 8, y(tick) + 4, `${tick}×`, 'small', 'end'),
    )
  const group = (right - left) / connections.length
  const bar = Math.min(30, group / 4)
  connections.forEach((count, i) => {
    const middle = left + group * (i + 0.5)
    SHOWN.forEach((server, j) => {
      const line = find(server, count)
      if (line === undefined) return
      const x = middle + (j - 1) * (bar + 6) - bar / 2
      const height = y(0) - y(line.timesFastapi.middle)
      parts.push(
        `<rect class="${server}" x="${at(x)}" y="${at(y(line.timesFastapi.middle))}" width="${at(bar)}" height="${at(height)}" rx="2"/>`,
      )
      const isMeasuredAgainst = server === 'fastapi'
      if (!isMeasuredAgainst)
        parts.push(
          `<line class="range" x1="${at(x + bar / 2)}" x2="${at(x + bar / 2)}" y1="${at(y(line.timesFastapi.low))}" y2="${at(y(line.timesFastapi.high))}"/>`,
        )
      const above = y(isMeasuredAgainst ? 1 : line.timesFastapi.high) - 6
      parts.push(text(x + bar / 2, above, `${line.timesFastapi.middle.toFixed(1)}×`, '', 'middle'))
    })
    parts.push(text(middle, BOTTOM + 20, named(count), '', 'middle'))
  })
  parts.push(text(left, BOTTOM + 44, 'thin lines: slowest to fastest round', 'small'))
  return parts.join('\n')
}

function latencyPanel(connections: readonly number[], find: Find): string {
  const left = 560
  const right = 800
  const servers = ['fastapi', 'slipway'] as const
  const lines = connections.flatMap((count) => servers.map((server) => find(server, count))).filter(isLine)
  const low = Math.floor(Math.log10(Math.min(...lines.map((line) => line.p50Ms))))
  const high = Math.ceil(Math.log10(Math.max(...lines.map((line) => line.p99Ms))))
  const x = (ms: number) => left + ((Math.log10(ms) - low) / (high - low)) * (right - left)
  const parts = [text(478, 68, 'Latency in ms: tiny, 1 row (each step is ten times)', 'title')]
  for (let power = low; power <= high; power++)
    parts.push(
      `<line class="grid" x1="${at(x(10 ** power))}" x2="${at(x(10 ** power))}" y1="${TOP}" y2="${BOTTOM}"/>`,
      text(x(10 ** power), BOTTOM + 20, `${10 ** power}`, 'small', 'middle'),
    )
  const group = (BOTTOM - TOP) / connections.length
  connections.forEach((count, i) => {
    const middle = TOP + group * (i + 0.5)
    parts.push(text(left - 14, middle + 4, named(count), '', 'end'))
    servers.forEach((server, j) => {
      const line = find(server, count)
      if (line === undefined) return
      const y = at(middle + (j - 0.5) * 28)
      const [from, to] = [x(line.p50Ms), x(line.p99Ms)]
      parts.push(
        `<line class="${server} reach" x1="${at(from)}" x2="${at(to)}" y1="${y}" y2="${y}"/>`,
        `<circle class="${server}" cx="${at(from)}" cy="${y}" r="5"/>`,
        `<circle class="${server} hollow" style="fill: var(--page)" cx="${at(to)}" cy="${y}" r="4.5"/>`,
        text(to + 11, Number(y) + 4, `${short(line.p50Ms)} / ${short(line.p99Ms)}`, 'small'),
      )
    })
  })
  parts.push(text(478, BOTTOM + 44, 'full dot: half of the requests are faster (p50); ring: 99 in 100 (p99)', 'small'))
  return parts.join('\n')
}

function isLine(line: Line | undefined): line is Line {
  return line !== undefined
}

function named(connections: number): string {
  return connections === 1 ? '1 connection' : `${connections} connections`
}

function short(ms: number): string {
  return ms < 1 ? ms.toFixed(2) : ms < 10 ? ms.toFixed(1) : ms.toFixed(0)
}
