import { formatBytes } from '../../src/core/text.ts'
import { describeCase, isGrpc } from './cases.ts'
import { formatFigure, formatTarget, judge } from './goals.ts'
import { labelOf } from './labels.ts'
import { PARTS, type Part } from './options.ts'
import { PLATFORM } from './platform/platform-cases.ts'
import { platformTables, platformWords } from './platform/report-platform.ts'
import type { BenchResult, Cell, Line, Ratio } from './results.ts'
import { median } from './schedule.ts'
import { drawMarkdown, drawText, type Table } from './tables.ts'

/** What limits each goal, by the goal's id. */
export type Notes = Readonly<Record<string, string>>

/** Load makers busier than this may have held the server back (cores). */
const BUSY_LOAD_CORES = 0.9

/** With more than this of other work in the median the figures tell little (cores). */
const DISTURBED_CORES = 0.25

/** Each goal of a part, whether it is reached, and what limits it. */
export function goalTable(result: BenchResult, notes: Notes, part: Part): Table {
  const ofPart = judge(result).filter(({ goal }) => (goal.part ?? 'servers') === part)
  const hasDefault = part === 'servers'
  return {
    head: [
      'goal',
      'target',
      'measured',
      '(low to high)',
      ...(hasDefault ? ['by default'] : []),
      'reached',
      'what limits it',
    ],
    align: hasDefault ? 'lrrrrll' : 'lrrrll',
    rows: ofPart.map(({ goal, measured, byDefault, isReached }) => {
      const { unit } = goal.target
      const figure = (found: Ratio | undefined) => (found ? formatFigure(found.middle, unit) : '–')
      const isRange = measured !== undefined && measured.low !== measured.high
      return [
        goal.what,
        formatTarget(goal.target),
        figure(measured),
        isRange ? `${formatFigure(measured.low, unit)} to ${formatFigure(measured.high, unit)}` : '',
        ...(hasDefault ? [figure(byDefault)] : []),
        isReached === undefined ? 'not measured' : isReached ? 'yes' : '**no**',
        notes[goal.id] ?? '',
      ]
    }),
  }
}

/** Speed under load, one row a case and server, against the server of which that is told. */
function speedTable(lines: readonly Line[], title: string, against: string, timesOf: (line: Line) => Ratio): Table {
  return {
    head: [title, 'server', 'req/s', `× ${against}`, '(low to high)', 'of static', 'p50 ms', 'p99 ms', 'CPU µs/req'],
    align: 'llrrrrrrr',
    rows: lines.map((line) => [
      describeCase(line),
      labelOf(line.server) + (line.loadCores > BUSY_LOAD_CORES ? ' †' : ''),
      formatRate(line.requestsPerSecond),
      formatTimes(timesOf(line).middle),
      `${formatTimes(timesOf(line).low)} to ${formatTimes(timesOf(line).high)}`,
      formatShare(line),
      formatMs(line.p50Ms),
      formatMs(line.p99Ms),
      line.cpuUsPerRequest.toFixed(0),
    ]),
  }
}

/** Start-up and memory, one row a server and model. */
function costTable({ starts, loaded }: BenchResult): Table {
  const models = [...new Set([...starts, ...loaded].map(({ model }) => model))]
  const servers = [...new Set([...starts, ...loaded].map(({ server }) => server))]
  const rows = models.flatMap((model) =>
    servers.flatMap((server) => {
      const isOurs = (facts: { server: string; model: string }) => facts.server === server && facts.model === model
      const start = starts.find(isOurs)
      const after = loaded.find(isOurs)
      if (start === undefined && after === undefined) return []
      return [
        [
          model,
          labelOf(server),
          start ? formatStart(start.startMs) : '–',
          start?.firstStartMs === undefined ? '–' : `${Math.round(start.firstStartMs)} ms`,
          start ? formatMemory(start.memoryBytes) : '–',
          start ? formatMemory(start.proportionalBytes) : '–',
          after ? formatMemory(after.memoryBytes) : '–',
        ],
      ]
    }),
  )
  return {
    head: ['model', 'server', 'start-up', 'first start ever', 'memory', 'as PSS', 'after all load'],
    align: 'llrrrrr',
    rows,
  }
}

/** For the terminal: the parts that were measured. */
export function toText(result: BenchResult, notes: Notes, parts: readonly Part[] = PARTS): string {
  return parts.map((part) => join(result, notes, part, drawText)).join('\n')
}

/** For `docs/performance.md`: what goes between a part's marks. */
export function toMarkdown(result: BenchResult, notes: Notes, part: Part = 'servers'): string {
  return join(result, notes, part, drawMarkdown).trimEnd()
}

function join(result: BenchResult, notes: Notes, part: Part, draw: (table: Table) => string): string {
  const told = part === 'platform' ? tellPlatform(result, notes, draw) : tellServers(result, notes, draw)
  const failures = result.failures
    .filter(({ server }) => (server === PLATFORM) === (part === 'platform'))
    .map(({ server, what, reason }) => [labelOf(server), what, oneLine(reason)])
  if (failures.length > 0) told.push(draw({ head: ['not measured', 'of', 'why'], align: 'lll', rows: failures }))
  return `${told.join('\n\n')}\n`
}

function tellPlatform(result: BenchResult, notes: Notes, draw: (table: Table) => string): string[] {
  const { machine, platform, measuredOn, settings } = result
  const { rounds, secondsPerCell } = settings
  const goals = draw(goalTable(result, notes, 'platform'))
  if (platform === undefined) return [goals]
  const run = [
    describeMachineOf(measuredOn, machine),
    `Medians of ${platform.startMs.length} starts, ${platform.deploys.length} deploys, ${platform.wakeMs.length} wakes, and ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${secondsPerCell} s under load.`,
    ...describeOthers(platform.cells),
  ].join('\n')
  return [run, goals, ...platformTables(platform).map(draw), ...platformWords(platform)]
}

function tellServers(result: BenchResult, notes: Notes, draw: (table: Table) => string): string[] {
  const byHttp = result.summary.filter((line) => !isGrpc(line))
  const byGrpc = result.summary.filter(isGrpc)
  const parts = [describeRun(result), draw(goalTable(result, notes, 'servers'))]
  if (byHttp.length > 0) parts.push(draw(speedTable(byHttp, 'case', 'FastAPI', (line) => line.timesFastapi)))
  if (byGrpc.length > 0) parts.push(draw(speedTable(byGrpc, 'case by gRPC', 'grpcio', (line) => line.timesGrpcio)))
  parts.push(draw(costTable(result)))
  if (result.summary.some((line) => line.loadCores > BUSY_LOAD_CORES))
    parts.push('† Making the load took a whole core: the server could have answered more.')
  if (result.density !== undefined) {
    const { extraModels, oneBytes, manyBytes } = result.density
    parts.push(
      `Slipway with one tiny model takes ${formatBytes(oneBytes)}, with ${extraModels + 1} of them ${formatBytes(manyBytes)}.`,
    )
  }
  return parts
}

/** Under which circumstances the numbers were taken. */
function describeRun({ measuredOn, machine, settings, cells, starts }: BenchResult): string {
  const { rounds, secondsPerCell, warmUpSeconds, full } = settings
  const lines = [
    describeMachineOf(measuredOn, machine),
    `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${secondsPerCell} s for each server and case, after ${warmUpSeconds} s of warm-up;`,
    `start-up is the median of ${starts[0]?.startMs.length ?? 0}. "${labelOf('slipway-full')}" has ${full.length === 0 ? 'nothing more than the defaults yet' : full.join(' and ')}.`,
    ...describeOthers(cells),
  ]
  return lines.join('\n')
}

function describeMachineOf(measuredOn: string, machine: BenchResult['machine']): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  return `Measured on ${measuredOn} with ${machine.cores} cores (${machine.processor}), ${formatBytes(machine.memoryBytes)} of memory and ${machine.system}:\n${versions.join(', ')}.`
}

/** How much others did on the machine meanwhile. */
function describeOthers(cells: readonly Cell[]): string[] {
  if (cells.length === 0) return []
  const others = cells.map((cell) => cell.otherCores)
  const said = `Other work on the machine took ${median(others).toFixed(2)} cores in the median measurement and ${Math.max(...others).toFixed(2)} in the worst.`
  if (median(others) <= DISTURBED_CORES) return [said]
  return [said, '**The machine was not quiet: these figures are good for nothing but a first look.**']
}

function formatStart(startMs: readonly number[]): string {
  return `${Math.round(median(startMs))} ms`
}

function formatMemory(bytes: number): string {
  return Number.isNaN(bytes) ? '–' : formatBytes(bytes)
}

function formatMs(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms.toFixed(1)
}

function formatRate(perSecond: number): string {
  return perSecond < 100 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString('en')
}

function formatTimes(times: number): string {
  return Number.isNaN(times) ? '–' : times < 1 ? times.toFixed(2) : times.toFixed(1)
}

function formatShare({ shareOfStatic }: Line): string {
  const { middle } = shareOfStatic
  if (Number.isNaN(middle)) return '–'
  return middle < 0.1 ? `${(middle * 100).toFixed(1)} %` : `${Math.round(middle * 100)} %`
}

function oneLine(text: string): string {
  const short = text.replaceAll(/\s+/g, ' ').trim()
  return short.length > 300 ? `${short.slice(0, 300)}…` : short
}

const MARKS: Readonly<Record<Part, readonly [begin: string, end: string]>> = {
  servers: ['<!-- bench: written by `npm run bench -- --write` -->', '<!-- bench: end -->'],
  platform: [
    '<!-- bench of the platform: written by `npm run bench -- --write` -->',
    '<!-- bench of the platform: end -->',
  ],
}

/**
 * A page with what stands between a part's marks replaced.
 * @throws when the page has no marks
 */
export function replaceSection(page: string, section: string, part: Part = 'servers'): string {
  const [beginMark, endMark] = MARKS[part]
  const begin = page.indexOf(beginMark)
  const end = page.indexOf(endMark)
  if (begin === -1 || end < begin) throw new Error(`the page lacks the marks ${beginMark} and ${endMark}`)
  return `${page.slice(0, begin + beginMark.length)}\n${section}\n${page.slice(end)}`
}
