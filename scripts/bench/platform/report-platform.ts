import { formatBytes } from '../../../src/core/text.ts'
import { describeCase } from '../cases.ts'
import { labelOf } from '../labels.ts'
import { byRate, ratio, type Cell, type PlatformFacts } from '../results.ts'
import { median } from '../schedule.ts'
import type { Table } from '../tables.ts'
import { PLATFORM, PLATFORM_CASES } from './platform-cases.ts'

/** What the platform was found to be, besides its goals. */
export function platformTables(platform: PlatformFacts): Table[] {
  return [deployTable(platform), loadTable(platform)].filter(({ rows }) => rows.length > 0)
}

/** Where the time of a deploy goes. */
function deployTable({ deploys }: PlatformFacts): Table {
  const names = deploys[0]?.parts.map(({ name }) => name) ?? []
  return {
    head: ['part of slipway deploy', 'ms', '(low to high)'],
    align: 'lrr',
    rows: names.map((name) => {
      const took = deploys.map(({ parts }) => parts.find((part) => part.name === name)?.ms ?? NaN)
      return [
        name,
        median(took).toFixed(0),
        took.length > 1 ? `${Math.min(...took).toFixed(0)} to ${Math.max(...took).toFixed(0)}` : '',
      ]
    }),
  }
}

function loadTable({ cells }: PlatformFacts): Table {
  const middle = (own: readonly Cell[], of: (cell: Cell) => number) => median(own.map(of))
  return {
    head: ['case', 'server', 'req/s', 'of slipway serve', '(low to high)', 'p50 ms', 'p99 ms', 'CPU µs/req'],
    align: 'llrrrrrr',
    rows: PLATFORM_CASES.flatMap((which) =>
      ['slipway', PLATFORM].flatMap((server) => {
        const own = cells.filter((cell) => cell.server === server && cell.connections === which.connections)
        if (own.length === 0) return []
        const share = ratio(cells, which, server, 'slipway', byRate)
        return [
          [
            describeCase(which),
            labelOf(server),
            Math.round(middle(own, byRate)).toLocaleString('en'),
            `${Math.round(share.middle * 100)} %`,
            `${Math.round(share.low * 100)} % to ${Math.round(share.high * 100)} %`,
            middle(own, (cell) => cell.p50Ms).toFixed(2),
            middle(own, (cell) => cell.p99Ms).toFixed(2),
            middle(own, (cell) => cell.cpuUsPerRequest).toFixed(0),
          ],
        ]
      }),
    ),
  }
}

/** The same in sentences. */
export function platformWords({ idle, wakeMs }: PlatformFacts): string[] {
  const words: string[] = []
  if (wakeMs.length > 0) words.push(`On a platform with ${wakeMs.length} endpoints a wake takes ${spreadOf(wakeMs)}.`)
  if (idle !== undefined) {
    const { endpoints, emptyBytes, memoryBytes, proportionalBytes, putMs, allMs } = idle
    const each = (memoryBytes - emptyBytes) / endpoints
    words.push(
      `${endpoints.toLocaleString('en')} endpoints were taken down after ${seconds(putMs)} and all answered after ${seconds(allMs)}, ${(allMs / endpoints).toFixed(0)} ms for each. ` +
        `All processes together take ${formatBytes(memoryBytes)} then (as PSS ${formatBytes(proportionalBytes)}), with one endpoint ${formatBytes(emptyBytes)}: ${formatBytes(each)} for each. A wake takes ${spreadOf(idle.wakeMs)}.`,
    )
  }
  return words
}

function spreadOf(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const p99 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? NaN
  return `${median(values).toFixed(1)} ms in the median, and ${p99.toFixed(1)} ms as p99`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
