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

const options = {
  once: { type: 'boolean', isFlagOnly: true, doc: 'print the table once' },
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
  usage: '[--once] [--json] [--project <name>]',
  options,
  async run(positionals, given, context) {
    if (positionals.length > 0) throw new UsageError('top takes no words')
    const { project, json, intervalMs } = given
    const { stdout, stdin, env, signal } = context
    const paint = paintFor(stdout, env)
    return withPlatform(given, context, async ({ client }) => {
      if (json || given.once || stdout.isTTY !== true || stdin?.isTTY !== true) {
        const { traffic, lines } = await look(client, project, signal)
        if (json) stdout.write(`${JSON.stringify({ project, ...traffic }, null, 2)}\n`)
        else stdout.write(lines.length === 0 ? `project ${project} has no endpoints\n` : draw(lines, paint))
        return EXIT.done
      }
      const screen = createScreen(stdout, stdin, signal)
      try {
        while (!screen.ended.aborted) {
          const { traffic, lines } = await look(client, project, screen.ended)
          screen.draw(frame(project, traffic, lines, paint))
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

async function look(
  client: Client,
  project: string,
  signal: AbortSignal,
): Promise<{ readonly traffic: TrafficSummary; readonly lines: readonly Line[] }> {
  const [traffic, endpoints] = await Promise.all([
    client.call('getTraffic', { params: { project }, signal }),
    client.call('listEndpoints', { params: { project }, query: { limit: 1000 }, signal }),
  ])
  const byEndpoint = Map.groupBy(traffic.variants, ({ endpoint }) => endpoint)
  const lines = endpoints.items.flatMap(({ name, state, variants }): Line[] => {
    const figures = byEndpoint.get(name) ?? []
    const silent = variants.filter((each) => !figures.some(({ variant }) => variant === each.name))
    const seen: Seen[] = [...figures, ...silent.map((each) => ({ ...each, variant: each.name }))]
    if (seen.length === 0) return [{ endpoint: name, state, variant: undefined }]
    return seen.map((variant) => ({ endpoint: name, state, variant }))
  })
  return { traffic, lines }
}

function columns(paint: Paint): readonly Column<Line>[] {
  const of = (tell: (variant: Seen) => string) => (line: Line) =>
    line.variant === undefined ? '-' : tell(line.variant)
  const number = (title: string, tell: (variant: Seen) => string): Column<Line> => ({
    title,
    isNumber: true,
    text: of(tell),
  })
  return [
    { title: 'endpoint', text: ({ endpoint }) => endpoint },
    { title: 'state', text: ({ state }) => state, paint: (text, { state }) => stateIn(state, paint)(text) },
    { title: 'variant', text: of(({ variant }) => variant) },
    { title: 'version', text: of(({ model, version }) => `${model}/${version}`) },
    number('share', ({ share }) => formatShare(share)),
    number('replicas', ({ replicas }) => `${replicas.ready}/${replicas.desired}`),
    number('in flight', ({ inFlight }) => formatFigure(inFlight)),
    number('requests/s', ({ requestsPerSecond }) => formatFigure(requestsPerSecond)),
    number('rows/s', ({ rowsPerSecond }) => formatFigure(rowsPerSecond)),
    {
      ...number('errors', errorsOf),
      paint: (text, { variant }) => ((variant?.errorsPerSecond ?? 0) > 0 ? paint.bad(text) : text),
    },
    number('p50 ms', ({ p50Ms }) => formatFigure(p50Ms)),
    number('p95 ms', ({ p95Ms }) => formatFigure(p95Ms)),
    number('p99 ms', ({ p99Ms }) => formatFigure(p99Ms)),
  ]
}

function draw(lines: readonly Line[], paint: Paint): string {
  return table(columns(paint), lines, paint)
}

function frame(project: string, { atMs, windowMs }: TrafficSummary, lines: readonly Line[], paint: Paint): string {
  const head = `${paint.bold('slipway top')}  project ${project}  ${formatMoment(atMs)}  ${paint.dim(`${windowMs > 0 ? `rates over ${windowMs / 1000} s, ` : ''}q ends`)}`
  return `${head}\n\n${lines.length === 0 ? 'no endpoints yet: slipway deploy <file>\n' : draw(lines, paint)}`
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
