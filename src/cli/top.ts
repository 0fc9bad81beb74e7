import type { TrafficSummary, VariantSummary } from '../api/api-types.ts'
import type { Endpoint } from '../api/resources.ts'
import type { Client } from '../client/client.ts'
import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { stateIn } from './platform/kinds.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { createScreen } from './platform/screen.ts'
import { formatMoment, formatShare, paintFor, table, type Column, type Paint } from './platform/terminal.ts'

/** What the table may be ordered by; figures from the greatest on. */
const SORTS = {
  endpoint: undefined,
  requests: ({ requestsPerSecond }: Seen) => requestsPerSecond,
  errors: ({ errorsPerSecond }: Seen) => errorsPerSecond,
  'in-flight': ({ inFlight }: Seen) => inFlight,
  p99: ({ p99Ms }: Seen) => p99Ms,
  differed: ({ shadow }: Seen) => shadow && shadow.differed / Math.max(1, shadow.compared),
} as const satisfies Readonly<Record<string, ((variant: Seen) => Figure) | undefined>>
type Sort = keyof typeof SORTS
const SORT_NAMES = Object.keys(SORTS) as readonly Sort[]

const options = {
  once: { type: 'boolean', isFlagOnly: true, doc: 'print the table once' },
  sort: {
    type: 'choice',
    isFlagOnly: true,
    values: SORT_NAMES,
    default: 'endpoint',
    doc: 'what the table is ordered by; the key s takes the next',
  },
  intervalMs: {
    type: 'number',
    isFlagOnly: true,
    value: 'MS',
    default: 1000,
    min: 100,
    max: 60_000,
    doc: 'how often it is drawn anew',
  },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** What is known of a variant: its figures are missing while nobody has measured it. */
type Seen = Pick<VariantSummary, 'variant' | 'model' | 'version' | 'share' | 'replicas'> & Partial<VariantSummary>

/** A line of the table: a variant of an endpoint, or an endpoint that has none yet. */
interface Line {
  readonly endpoint: string
  readonly state: Endpoint['state']
  readonly variant: Seen | undefined
}

/** `slipway top`: what goes through the endpoints, drawn in place each second until `q`. */
export const topCommand: Command<typeof options> = {
  usage: '[<endpoint>] [--sort requests] [--once] [--json]',
  options,
  async run([endpoint, ...more], given, context) {
    if (more.length > 0) throw new UsageError('name one endpoint, or none for all of them: `slipway top fraud`')
    const { project, json, intervalMs } = given
    const { stdout, stdin, env, signal } = context
    return withPlatform(given, context, async ({ client }) => {
      const asked = { project, endpoint }
      if (json || given.once || stdout.isTTY !== true || stdin?.isTTY !== true) {
        const { traffic, lines } = await look(client, asked, signal)
        if (json) stdout.write(`${JSON.stringify({ project, ...traffic }, null, 2)}\n`)
        else if (lines.length === 0) stdout.write(`project ${project} has no endpoints\n`)
        else stdout.write(draw(sorted(lines, given.sort), paintFor(stdout, env)))
        return EXIT.done
      }
      let { sort } = given
      let seen: Looked | undefined
      const screen = createScreen(stdout, stdin, signal, (key) => {
        if (key !== 's') return
        sort = SORT_NAMES[(SORT_NAMES.indexOf(sort) + 1) % SORT_NAMES.length] ?? 'endpoint'
        if (seen !== undefined) show(seen)
      })
      const show = (looked: Looked) =>
        screen.draw(frame(project, looked, sort, paintFor(stdout, env), stdout.rows ?? 24))
      try {
        while (!screen.ended.aborted) {
          seen = await look(client, asked, screen.ended)
          show(seen)
          await screen.pause(intervalMs)
        }
      } catch (error) {
        if (!screen.ended.aborted) throw error
      } finally {
        screen.close()
      }
      return EXIT.done
    })
  },
}

interface Looked {
  readonly traffic: TrafficSummary
  readonly lines: readonly Line[]
}

async function look(
  client: Client,
  { project, endpoint }: { readonly project: string; readonly endpoint: string | undefined },
  signal: AbortSignal,
): Promise<Looked> {
  const [traffic, endpoints] = await Promise.all(
    endpoint === undefined
      ? [client.call('getTraffic', { params: { project }, signal }), allEndpoints(client, project, signal)]
      : [
          client.call('getEndpointTraffic', { params: { project, endpoint }, signal }),
          client.call('getEndpoint', { params: { project, endpoint }, signal }).then((found) => [found]),
        ],
  )
  const byEndpoint = Map.groupBy(traffic.variants, (each) => each.endpoint)
  const lines = endpoints.flatMap(({ name, state, variants }): Line[] => {
    const figures = byEndpoint.get(name) ?? []
    const silent = variants.filter((each) => !figures.some(({ variant }) => variant === each.name))
    const seen: Seen[] = [...figures, ...silent.map((each) => ({ ...each, variant: each.name }))]
    if (seen.length === 0) return [{ endpoint: name, state, variant: undefined }]
    return seen.map((variant) => ({ endpoint: name, state, variant }))
  })
  return { traffic, lines }
}

async function allEndpoints(client: Client, project: string, signal: AbortSignal): Promise<readonly Endpoint[]> {
  const found: Endpoint[] = []
  let cursor: string | undefined
  do {
    const page = await client.call('listEndpoints', { params: { project }, query: { limit: 1000, cursor }, signal })
    found.push(...page.items)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

/** The greatest first; those without a figure last. */
function sorted(lines: readonly Line[], sort: Sort): readonly Line[] {
  const figureOf: ((variant: Seen) => Figure) | undefined = SORTS[sort]
  if (figureOf === undefined) return lines
  const of = ({ variant }: Line) => (variant === undefined ? undefined : figureOf(variant)) ?? -1
  return lines.toSorted((a, b) => of(b) - of(a))
}

function columns(lines: readonly Line[], paint: Paint): readonly Column<Line>[] {
  const of = (tell: (variant: Seen) => string) => (line: Line) =>
    line.variant === undefined ? '-' : tell(line.variant)
  const number = (title: string, tell: (variant: Seen) => string, rank?: number): Column<Line> => ({
    title,
    isNumber: true,
    text: of(tell),
    ...(rank === undefined ? {} : { rank }),
  })
  const shadows: readonly Column<Line>[] = [
    {
      ...number('differed', differedOf),
      paint: (text, { variant }) => ((variant?.shadow?.differed ?? 0) > 0 ? paint.warn(text) : text),
    },
    number('slower by ms', ({ shadow }) => formatSigned(shadow?.latencyDifferenceMs), 8),
  ]
  return [
    { title: 'endpoint', isElastic: true, text: ({ endpoint }) => endpoint },
    { title: 'state', rank: 4, text: ({ state }) => state, paint: (text, { state }) => stateIn(state, paint)(text) },
    { title: 'variant', isElastic: true, text: of(({ variant }) => variant) },
    { title: 'version', rank: 5, text: of(({ model, version }) => `${model}/${version}`) },
    number('share', ({ share, shadow }) => (shadow === undefined ? formatShare(share) : 'shadow'), 2),
    number('replicas', ({ replicas }) => `${replicas.ready}/${replicas.desired}`, 3),
    number('in flight', ({ inFlight }) => formatFigure(inFlight), 6),
    number('requests/s', ({ requestsPerSecond }) => formatFigure(requestsPerSecond)),
    number('rows/s', ({ rowsPerSecond }) => formatFigure(rowsPerSecond), 9),
    {
      ...number('errors', errorsOf),
      paint: (text, { variant }) => ((variant?.errorsPerSecond ?? 0) > 0 ? paint.bad(text) : text),
    },
    number('p50 ms', ({ p50Ms }) => formatFigure(p50Ms), 7),
    number('p95 ms', ({ p95Ms }) => formatFigure(p95Ms), 10),
    number('p99 ms', ({ p99Ms }) => formatFigure(p99Ms), 1),
    ...(lines.some(({ variant }) => variant?.shadow !== undefined) ? shadows : []),
  ]
}

function draw(lines: readonly Line[], paint: Paint): string {
  return table(columns(lines, paint), lines, paint)
}

/** Lines of the screen that are none of the table's own: the head, its gap, the titles, what is left out, the cursor's. */
const FRAME_LINES = 5

function frame(
  project: string,
  { traffic: { atMs, windowMs }, lines }: Looked,
  sort: Sort,
  paint: Paint,
  rows: number,
): string {
  const words = [...(windowMs > 0 ? [`over ${windowMs / 1000} s`] : []), `by ${sort}`, 's sorts, q ends']
  const head = `${paint.bold('slipway top')}  ${project}  ${formatMoment(atMs).slice(11)}  ${paint.dim(words.join(', '))}`
  if (lines.length === 0) return `${head}\n\nno endpoints yet: slipway deploy <file>\n`
  const shown = sorted(lines, sort).slice(0, Math.max(1, rows - FRAME_LINES))
  const more = lines.length - shown.length
  return `${head}\n\n${draw(shown, paint)}${more > 0 ? paint.dim(`and ${more} more`) : ''}`
}

/** Share of a shadow's answers that were other than those that were sent. */
function differedOf({ shadow }: Seen): string {
  if (shadow === undefined) return '-'
  if (shadow.compared === 0) return '0 of 0'
  return `${formatShare(shadow.differed / shadow.compared)} of ${shadow.compared.toLocaleString('en-US')}`
}

/** `+0.42`: the shadow is slower; `-0.10`: it is quicker. */
function formatSigned(value: Figure): string {
  return value === undefined ? '-' : `${value < 0 ? '-' : '+'}${formatFigure(Math.abs(value))}`
}

/** Share of the requests that failed. */
function errorsOf({ errorsPerSecond = 0, requestsPerSecond = 0 }: Seen): string {
  return requestsPerSecond === 0 ? '-' : formatShare(errorsPerSecond / requestsPerSecond)
}

/** A figure in as many digits as help: `0.42`, `12.3`, `1,890`. */
function formatFigure(value: Figure): string {
  if (value === undefined) return '-'
  if (value === 0) return '0'
  if (value < 10) return value.toFixed(2)
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US')
}

type Figure = number | undefined
